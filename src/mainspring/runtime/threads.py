"""The executor of `def` handlers: threads of its own.  A thread cannot be killed, so one that is late is given up."""

from __future__ import annotations

import contextvars
import logging
import threading

from mainspring.handler_context import current
from mainspring.kernel.records import Attempt, Recorded
from mainspring.runtime.failure import where_is
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.pool import Pool, Seat
from mainspring.runtime.runs import CANCELLED, STOPPED, TIMED_OUT, Run, Runs, too_late

THREAD_COUNT_MAX = 32
"""Handlers that run side by side where nothing else is said."""

ABANDONED_COUNT_MAX = 64
"""Threads whose handlers did not return in time are replaced up to so many; each holds memory that nobody can free."""

logger = logging.getLogger("mainspring.worker")


class ThreadExecutor:
    """Runs attempts in threads."""

    def __init__(self, handlers: Handlers, runs: Runs, size: int = THREAD_COUNT_MAX) -> None:
        self.runs = runs
        self.abandoned = 0
        """Threads whose handlers have not returned since they timed out."""
        self._handlers = handlers
        self._pool = Pool("thread", size, self._serve)
        runs.at_work = self._pool.at_work
        self._lock = threading.Lock()

    def submit(self, attempts: list[Attempt]) -> None:
        self._pool.submit(attempts)

    def cancel(self, instance: int, key: str) -> None:
        """Take waiting attempts back; tell running ones."""
        self.runs.release(self._pool.line.withdraw(instance, key))
        for run in self.runs.find(instance, key):
            run.verdict = run.verdict or CANCELLED
            run.cancel()

    def release(self) -> None:
        """Give back what never began."""
        self.runs.release(self._pool.line.withdraw())

    def interrupt(self) -> None:
        """Tell all that run to end; nothing can make them."""
        for run in tuple(self.runs.live):
            run.verdict = run.verdict or STOPPED
            run.cancel()

    def stop(self) -> None:
        """Let the threads end as soon as they have nothing to do."""
        self._pool.stop()

    # --- One attempt --------------------------------------------------------------------------

    def _serve(self, attempt: Attempt, _: Seat) -> bool:
        """Run one attempt to its end and report it; False if the watchdog gave this thread up meanwhile."""
        runs = self.runs
        run = runs.make(attempt, self._handlers.get(attempt.handler))
        run.carrier = threading.get_ident()
        runs.live.add(run)
        runs.limit(run, self._expire)
        run.started_at = runs.now()
        try:
            # A context of its own, so that no attempt sees what an earlier one left in this thread.
            output = contextvars.Context().run(call, run, runs.bytes_max)
            problem: BaseException | None = None
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            output, problem = b"", error
        if run.alarm is not None:
            self.runs.watchdog.silence(run.alarm)
        outcome = None if run.joint is None else runs.concluded(run, output, problem)
        if not runs.claim(run):
            if isinstance(outcome, Recorded):
                runs.report([outcome])  # whatever was said of it meanwhile
            return self._return(run)
        runs.report([outcome or runs.concluded(run, output, problem)])
        return True

    def _expire(self, run: Run) -> None:
        """Time is up: settle now, and let another thread take the place of the one that is held."""
        with self._lock:
            if not self.runs.claim(run):
                return
            run.verdict = TIMED_OUT
            self.abandoned += 1
            held, run.carrier = run.carrier, self.abandoned <= ABANDONED_COUNT_MAX
        run.cancel()
        logger.warning(
            "handler %s did not return within %g s; its thread is given up (%d so far)%s",
            run.handler,
            run.record.timeout_s,
            self.abandoned,
            "" if run.carrier else f" and not replaced: more than {ABANDONED_COUNT_MAX} do not return",
        )
        self.runs.report([self.runs.failed(run, too_late(run), where_is(held))])
        self._pool.at_work.discard(held)
        if run.carrier:
            self._pool.give_up()

    def _return(self, run: Run) -> bool:
        """A thread that had been given up is back; it goes on if it was not replaced."""
        with self._lock:
            if run.verdict != TIMED_OUT:
                return True
            self.abandoned -= 1
            return not run.carrier


def call(run: Run, bytes_max: int) -> bytes:
    """From payload to output, in the context that runs it."""
    current.set(run)
    args, kwargs = run.target.decode(run.record.payload, run)
    return run.target.encode(run.target.function(*args, **kwargs), bytes_max)
