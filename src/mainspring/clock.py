"""Time as an argument: the clock of an engine, and one that tests turn by hand."""

from __future__ import annotations

import time
from typing import Protocol

SET_BACK_S = 1.0
"""A clock that shows a little less than before was put right, or read by another process; by more, it was set back."""


class Clock(Protocol):
    """Tells the time in seconds since 1970 (UTC)."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    now = staticmethod(time.time)


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; negative values set the clock back, as machines sometimes do."""
        self._now += seconds


class SharedClock:
    """A clock that several machines agree upon: somebody else's, as it was last told, and the time since then."""

    JITTER_S = 0.005
    """A clock that is told differs by less than this is right: answers take a different time each."""

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def now(self) -> float:
        return time.monotonic() + self._offset_s

    def set(self, now: float, asked_at: float, answered_at: float) -> None:
        """It was `now` at some moment between asking and being answered (monotonic seconds)."""
        offset_s = now - (asked_at + answered_at) / 2
        if abs(offset_s - self._offset_s) > self.JITTER_S + (answered_at - asked_at) / 2:
            self._offset_s = offset_s
