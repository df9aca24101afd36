"""The executor of `def` handlers: a pool of threads.

At most one thread is being woken at a time, and whoever takes work wakes the next if there is more.  So a batch of
quick handlers is done by the threads that are awake, without a wake-up for each, while handlers that wait bring up as
many threads as there is room for.
"""

from __future__ import annotations

import contextvars
import itertools
import logging
import threading
from typing import Any

from mainspring.context import current
from mainspring.kernel.records import Attempt
from mainspring.runtime.failure import where_is
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.runs import CANCELLED, STOPPED, TIMED_OUT, Line, Run, Runs, too_late
from mainspring.runtime.watchdog import Watchdog

THREAD_COUNT_MAX = 32
"""Handlers that run side by side where nothing else is said."""

IDLE_S_MAX = 30.0
"""A thread that has had nothing to do for so long ends."""

ABANDONED_COUNT_MAX = 64
"""Threads whose handlers did not return in time are replaced up to so many; each holds memory that nobody can free."""

logger = logging.getLogger("mainspring.worker")


class ThreadExecutor:
    """Runs attempts in threads of its own."""

    def __init__(self, handlers: Handlers, runs: Runs, watchdog: Watchdog, size: int = THREAD_COUNT_MAX) -> None:
        self.runs = runs
        self.size = size
        self.abandoned = 0
        """Threads whose handlers have not returned since they timed out."""
        self._handlers = handlers
        self._watchdog = watchdog
        self._queue = Line()
        self._lock = threading.Lock()
        self._idle: list[threading.Lock] = []
        self._count = 0
        self._waking = False
        self._stopping = False
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Threads come with the work."""

    def submit(self, attempts: list[Attempt]) -> None:
        self._queue.extend(attempts)
        if not self._waking:
            self._wake()

    def cancel(self, instance: int, key: str) -> None:
        """Take waiting attempts back; tell running ones."""
        self.runs.release(self._queue.withdraw(instance, key))
        for run in self.runs.find(instance, key):
            run.verdict = run.verdict or CANCELLED
            run.cancel()

    def release(self) -> None:
        """Give back what never began."""
        self.runs.release(self._queue.withdraw())

    def interrupt(self) -> None:
        """Tell all that run to end; nothing can make them."""
        for run in tuple(self.runs.live):
            run.verdict = run.verdict or STOPPED
            run.cancel()

    def stop(self) -> None:
        """Let the threads end as soon as they have nothing to do."""
        with self._lock:
            self._stopping = True
            idle, self._idle = self._idle, []
        for bell in idle:
            bell.release()

    # --- The pool -----------------------------------------------------------------------------

    def _wake(self) -> None:
        """Bring up one more thread, if there is work and room and none is on its way."""
        with self._lock:
            if self._waking or not self._queue or self._stopping:
                return
            if self._idle:
                self._waking = True
                self._idle.pop().release()  # the one that slept least: its memory is still warm
            elif self._count < self.size:
                self._waking = True
                self._count += 1
                self._hire()

    def _hire(self) -> None:
        try:
            threading.Thread(target=self._serve, name=f"mainspring-thread-{next(self._numbers)}", daemon=True).start()
        except RuntimeError:  # the system has no more; those there are go on with the queue
            self._waking = False
            self._count -= 1
            logger.exception("no further thread for handlers beside the %d there are", self._count)

    def _serve(self) -> None:
        """The life of a thread."""
        bell = threading.Lock()
        bell.acquire()
        while True:
            self._waking = False
            if not self._work():
                return  # another has taken this one's place
            with self._lock:
                if self._queue:
                    continue
                if self._stopping:
                    self._count -= 1
                    return
                self._idle.append(bell)
            if not bell.acquire(timeout=IDLE_S_MAX) and self._leave(bell):
                return

    def _leave(self, bell: threading.Lock) -> bool:
        """End for want of work, unless work came in this very moment."""
        with self._lock:
            if bell in self._idle:
                self._idle.remove(bell)
                self._count -= 1
                return True
        bell.acquire()  # whoever took the bell out of the list is about to release it
        return False

    def _work(self) -> bool:
        """Run what waits; False if this thread was given up meanwhile."""
        queue = self._queue
        while queue:
            try:
                attempt = queue.popleft()
            except IndexError:
                return True
            if queue and not self._waking:
                self._wake()
            if not self._run(attempt):
                return False
        return True

    # --- One attempt --------------------------------------------------------------------------

    def _run(self, attempt: Attempt) -> bool:
        """Run one attempt to its end and report it; False if the watchdog gave this thread up meanwhile."""
        runs = self.runs
        run = runs.make(attempt, self._handlers.get(attempt.handler))
        run.carrier = threading.get_ident()
        runs.live.add(run)
        if attempt.timeout_s is not None:
            run.alarm = self._watchdog.set(attempt.timeout_s, self._expire, run)
        run.started_at = runs.now()
        try:
            # A context of its own, so that no attempt sees what an earlier one left in this thread.
            output = contextvars.Context().run(_call, run, runs.bytes_max)
            outcome: Any = None
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            output, outcome = b"", error
        if run.alarm is not None:
            self._watchdog.silence(run.alarm)
        if not runs.claim(run):
            return self._return(run)
        runs.report([runs.completed(run, output) if outcome is None else runs.ended(run, outcome)])
        return True

    def _expire(self, run: Run) -> None:
        """Time is up: settle now, and let another thread take the place of the one that is held."""
        with self._lock:
            if not self.runs.claim(run):
                return
            run.verdict = TIMED_OUT
            self.abandoned += 1
            held, run.carrier = run.carrier, self.abandoned <= ABANDONED_COUNT_MAX
            if run.carrier:
                self._count -= 1
        run.cancel()
        logger.warning(
            "handler %s did not return within %g s; its thread is given up (%d so far)%s",
            run.handler,
            run.record.timeout_s,
            self.abandoned,
            "" if run.carrier else f" and not replaced: more than {ABANDONED_COUNT_MAX} do not return",
        )
        self.runs.report([self.runs.failed(run, too_late(run), where_is(held))])
        self._wake()

    def _return(self, run: Run) -> bool:
        """A thread that had been given up is back; it goes on if it was not replaced."""
        with self._lock:
            if run.verdict != TIMED_OUT:
                return True
            self.abandoned -= 1
            return not run.carrier


def _call(run: Run, bytes_max: int) -> bytes:
    current.set(run)
    args, kwargs = run.target.decode(run.record.payload, run)
    return run.target.encode(run.target.function(*args, **kwargs), bytes_max)
