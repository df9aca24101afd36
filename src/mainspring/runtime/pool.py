"""A pool of threads that take attempts from one line.

At most one thread is being woken at a time, and whoever takes work wakes the next if there is more.  So a batch of
quick attempts is done by the threads that are awake, without a wake-up for each, while attempts that wait bring up as
many threads as there is room for.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any

from mainspring.kernel.records import Attempt
from mainspring.runtime.runs import Line

IDLE_S_MAX = 30.0
"""A thread that has had nothing to do for so long ends."""

logger = logging.getLogger("mainspring.worker")


class Seat:
    """What one thread of a pool keeps between attempts."""

    __slots__ = ("child",)

    def __init__(self) -> None:
        self.child: Any = None


Serve = Callable[[Attempt, Seat], bool]
"""Runs one attempt to its end; False if the thread was given up meanwhile and another has taken its place."""


class Pool:
    """Threads, made when needed, the last one used first."""

    def __init__(self, name: str, size: int, serve: Serve, leave: Callable[[Seat], None] = lambda _: None) -> None:
        self.line = Line()
        self.at_work: set[int] = set()
        """Threads (their idents) that have an attempt, or are about to take one, or to say how one ended."""
        self.count = 0
        """Threads that belong to the pool now."""
        self._name = name
        self._size = size
        self._serve = serve
        self._leave = leave
        self._lock = threading.Lock()
        self._idle: list[threading.Lock] = []
        self._waking = False
        self._stopping = False
        self._numbers = itertools.count(1)

    def submit(self, attempts: list[Attempt]) -> None:
        self.line.extend(attempts)
        if not self._waking:
            self.wake()

    def wake(self) -> None:
        """Bring up one more thread, if there is work and room and none is on its way."""
        with self._lock:
            if self._waking or not self.line or self._stopping:
                return
            if self._idle:
                self._waking = True
                self._idle.pop().release()  # the one that slept least: its memory is still warm
            elif self.count < self._size:
                self._hire()

    def give_up(self) -> None:
        """A thread is held by its handler: let another take its place."""
        with self._lock:
            self.count -= 1
        self.wake()

    def stop(self) -> None:
        """Let the threads end as soon as they have nothing to do."""
        with self._lock:
            self._stopping = True
            idle, self._idle = self._idle, []
        for bell in idle:
            bell.release()

    def _hire(self) -> None:
        self._waking = True
        self.count += 1
        name = f"mainspring-{self._name}-{next(self._numbers)}"
        try:
            threading.Thread(target=self._live, name=name, daemon=True).start()
        except RuntimeError:  # the system has no more; those there are go on with the line
            self._waking = False
            self.count -= 1
            logger.exception("no further thread for handlers beside the %d there are", self.count)

    # --- A thread -----------------------------------------------------------------------------

    def _live(self) -> None:
        seat, bell = Seat(), threading.Lock()
        bell.acquire()
        try:
            while True:
                self._waking = False
                if not self._work(seat):
                    return  # another has taken this one's place
                with self._lock:
                    if self.line:
                        continue
                    if self._stopping:
                        self.count -= 1
                        return
                    self._idle.append(bell)
                if not bell.acquire(timeout=IDLE_S_MAX) and self._retire(bell):
                    return
        finally:
            self._leave(seat)

    def _work(self, seat: Seat) -> bool:
        """Do what waits; False if this thread was given up meanwhile."""
        me = threading.get_ident()
        self.at_work.add(me)
        try:
            return self._take_all(seat)
        finally:
            self.at_work.discard(me)

    def _take_all(self, seat: Seat) -> bool:
        line, serve = self.line, self._serve
        while line:
            try:
                attempt = line.popleft()
            except IndexError:
                return True
            if line and not self._waking:
                self.wake()
            try:
                if not serve(attempt, seat):
                    return False
            except BaseException:
                logger.critical("attempt %d of %s could not be reported", attempt.attempt, attempt.key, exc_info=True)
        return True

    def _retire(self, bell: threading.Lock) -> bool:
        """End for want of work, unless work came in this very moment."""
        with self._lock:
            if bell in self._idle:
                self._idle.remove(bell)
                self.count -= 1
                return True
        bell.acquire()  # whoever took the bell out of the list is about to release it
        return False
