"""The ends of many instances, as they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from concurrent.futures import Future

from mainspring.kernel.records import End


class Ends(Future[dict[str, End]]):
    """Answered once for each of these instances: done when all have ended, or when one of them cannot be awaited."""

    def __init__(self, public_ids: Collection[str]) -> None:
        super().__init__()
        self.came: dict[str, End] = {}
        """By id; one that is told twice counts once."""
        self._count = len(public_ids)

    def set_result(self, result: End) -> None:  # type: ignore[override]  # of one after the other
        self.came[result.public_id] = result
        if len(self.came) == self._count:
            super().set_result(self.came)


def left_s(until: float | None) -> float | None:
    """Seconds until a moment of the monotonic clock, 0 if it has passed; None: as long as it takes."""
    return None if until is None else min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
