"""The watchdog: one thread that calls back when a moment has come, for all time-outs of a worker.

It sleeps until the next moment and does not live on any event loop, so a handler that blocks a loop cannot stop it.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("mainspring.watchdog")

STALE_COUNT_MAX = 256
"""Silenced alarms that may lie about.  Nearly all are silenced long before their time: attempts end within it."""


class Alarm:
    """A moment and what to do then."""

    __slots__ = ("action", "argument", "at")

    def __init__(self, at: float, action: Callable[[Any], None], argument: Any) -> None:
        self.at = at
        self.action: Callable[[Any], None] | None = action
        self.argument = argument


class Watchdog:
    """Alarms may be set and silenced from any thread; they go off in the watchdog's own, one after another."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._heap: list[tuple[float, int, Alarm]] = []
        self._numbers = itertools.count()
        self._stale = 0
        self._wake_at = float("inf")
        self._stopping = False
        self._changed = threading.Condition(threading.Lock())
        self._thread = threading.Thread(target=self._run, name="mainspring-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def set(self, seconds: float, action: Callable[[Any], None], argument: Any) -> Alarm:
        """Call `action(argument)` after `seconds`; it must be quick."""
        alarm = Alarm(self._monotonic() + seconds, action, argument)
        with self._changed:
            heapq.heappush(self._heap, (alarm.at, next(self._numbers), alarm))
            if alarm.at < self._wake_at:
                self._changed.notify()
        return alarm

    def silence(self, alarm: Alarm) -> None:
        """It will not go off, unless it is doing so now."""
        alarm.action = alarm.argument = None
        with self._changed:
            self._stale += 1
            if self._stale > STALE_COUNT_MAX and self._stale * 2 > len(self._heap):
                self._heap = [entry for entry in self._heap if entry[2].action is not None]
                heapq.heapify(self._heap)
                self._stale = 0

    def has_come(self, at: float) -> bool:
        """Whether the moment `at` of an alarm has come; the watchdog itself may be late."""
        return self._monotonic() >= at

    def _run(self) -> None:
        while (alarm := self._next()) is not None:
            action, argument = alarm.action, alarm.argument
            if action is None:
                continue
            try:
                action(argument)
            except Exception:
                logger.exception("an alarm failed")

    def _next(self) -> Alarm | None:
        """The next alarm, once its time has come; None: stop."""
        with self._changed:
            while not self._stopping:
                if not self._heap:
                    self._wake_at = float("inf")
                    self._changed.wait()
                    continue
                at = self._heap[0][0]
                wait_s = at - self._monotonic()
                if wait_s <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wake_at = at
                self._changed.wait(min(wait_s, threading.TIMEOUT_MAX))
            return None
