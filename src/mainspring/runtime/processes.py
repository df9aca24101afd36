"""The executor of handlers with `isolation="process"`: warm child processes, one attempt at a time in each.

A child that is late, or whose task was taken back, is asked to end (SIGTERM, upon which the handler can clean up) and
killed if it does not, with all it has started.
"""

from __future__ import annotations

import logging
import os
from typing import cast

from mainspring.errors import MainspringError, TaskExitError
from mainspring.kernel.records import Attempt, Release, Settle
from mainspring.models.contract import Failure
from mainspring.runtime.children import ChildProcess
from mainspring.runtime.failure import failure_of
from mainspring.runtime.frames import Raised, Returned, Said
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.pool import Pool, Seat
from mainspring.runtime.runs import CANCELLED, STOPPED, TIMED_OUT, Run, Runs, too_late

PROCESS_COUNT_MAX = os.cpu_count() or 1
"""Handlers that run side by side where nothing else is said."""

TERMINATE_GRACE_S = 2.0
"""Between the request to end and the end."""

RECYCLE_ATTEMPTS = 1_000
"""After so many a child is replaced, for handlers leak memory."""
RECYCLE_MB = 512.0
"""A child that has grown so much since its first attempt is replaced; what that one has loaded stays."""

logger = logging.getLogger("mainspring.worker")

Outcome = Returned | Raised | MainspringError | None
"""What came of asking a child: its answer; or why there is none; or nothing, for it was not asked."""


class ProcessExecutor:
    """Runs attempts in child processes; each has a thread here that talks to it."""

    def __init__(
        self,
        handlers: Handlers,
        runs: Runs,
        size: int = PROCESS_COUNT_MAX,
        *,
        recycle_attempts: int = RECYCLE_ATTEMPTS,
        recycle_mb: float = RECYCLE_MB,
    ) -> None:
        self.runs = runs
        self._recycle_attempts, self._recycle_mb = recycle_attempts, recycle_mb
        self._handlers = handlers
        self._pool = Pool("process", size, self._serve, self._leave)
        self._busy: set[ChildProcess] = set()

    def submit(self, attempts: list[Attempt]) -> None:
        self._pool.submit(attempts)

    def cancel(self, instance: int, key: str) -> None:
        """Take waiting attempts back; end the processes of running ones."""
        self.runs.release(self._pool.line.withdraw(instance, key))
        for run in self.runs.find(instance, key):
            self._tell(run, CANCELLED)

    def release(self) -> None:
        """Give back what never began."""
        self.runs.release(self._pool.line.withdraw())

    def interrupt(self) -> None:
        """Ask all that run to end."""
        for run in tuple(self.runs.live):
            self._tell(run, STOPPED)

    def stop(self) -> None:
        """End the processes."""
        self._pool.stop()
        for child in tuple(self._busy):
            child.kill()

    # --- Telling processes to end -------------------------------------------------------------

    def _expire(self, run: Run) -> None:
        self._tell(run, TIMED_OUT)

    def _tell(self, run: Run, verdict: str) -> None:
        run.verdict = run.verdict or verdict
        run.cancel()
        if run.carrier is not None:
            run.carrier.terminate()
        self.runs.watchdog.set(TERMINATE_GRACE_S, self._kill, run)

    def _kill(self, run: Run) -> None:
        # A child that has gone on to another attempt is no longer this run's carrier.
        child: ChildProcess | None = run.carrier
        if child is not None:
            child.kill()

    # --- One attempt --------------------------------------------------------------------------

    def _serve(self, attempt: Attempt, seat: Seat) -> bool:
        """Run one attempt to its end and report it."""
        runs = self.runs
        run = runs.make(attempt, self._handlers.get(attempt.handler))
        runs.live.add(run)
        answer: Outcome = None
        child: ChildProcess | None = None
        try:
            child = run.carrier = self._child(seat)
            runs.limit(run, self._expire)
            if not run.verdict:
                answer = self._ask(child, run)
        except MainspringError as error:
            answer = error
        if run.alarm is not None:
            self.runs.watchdog.silence(run.alarm)
        run.carrier = None
        if child is not None:
            self._keep_or_dismiss(seat, child, run, answer)
        outcome = self._outcome(run, answer)
        if runs.claim(run):
            runs.report([outcome])
        return True

    def _ask(self, child: ChildProcess, run: Run) -> Returned | Raised | TaskExitError:
        """Have the child run the attempt, and pass on what it says meanwhile."""
        run.started_at = self.runs.now()
        self._busy.add(child)
        answer: Returned | Raised | Said | TaskExitError
        try:
            child.send(run)
            while isinstance(answer := child.receive(), Said):
                run.relay(answer.fraction, answer.lines)
        except OSError:
            answer = child.loss()
        if isinstance(answer, TaskExitError):
            child.kill()
        child.finish()
        self._busy.discard(child)
        if isinstance(answer, Returned | Raised):
            run.drop(answer.dropped)
        return answer

    def _outcome(self, run: Run, answer: Outcome) -> Settle | Release:
        match answer:
            case Returned(output):
                return self.runs.returned(run, output)
            case Raised(failure):
                return self._failed(run, failure)
            case TaskExitError() if run.memory_max_mb is not None:
                told = TaskExitError(f"{answer}; its memory_max_mb is {run.memory_max_mb:g} MB")
                return self._failed(run, failure_of(told, ""))
            case MainspringError():
                return self._failed(run, failure_of(answer, ""))
            case None:  # told to end while the process was starting
                return Release(run.record)

    def _failed(self, run: Run, failure: Failure) -> Settle | Release:
        """What a failure means, given why the run was told to end."""
        if run.verdict == STOPPED:
            return Release(run.record)
        if run.verdict == TIMED_OUT:
            # A handler that was asked to end says where it stood; the last line of that is our own request.
            where = failure.traceback.rpartition("\nmainspring.runtime.child.Terminated")[0]
            return self.runs.failed(run, too_late(run, "" if where else "; its process was killed"), where)
        return self.runs.failed_with(run, failure)

    # --- Children -----------------------------------------------------------------------------

    def _child(self, seat: Seat) -> ChildProcess:
        """The warm child of a seat, or a new one; somebody may have killed the old one between attempts."""
        if seat.child is not None and not seat.child.is_alive:
            self._dismiss(seat, seat.child, gently=True)
        if seat.child is None:
            seat.child = ChildProcess(self.runs.bytes_max)
        return cast(ChildProcess, seat.child)

    def _keep_or_dismiss(self, seat: Seat, child: ChildProcess, run: Run, answer: Outcome) -> None:
        """Whether a child serves the next attempt too; killed if this one did not go well."""
        if not isinstance(answer, Returned | Raised) or run.verdict:
            self._dismiss(seat, child, gently=False)
        elif answer.unrestored:
            what = ", ".join(answer.unrestored)
            logger.warning("handler %s left its process changed (%s); another takes its place", run.handler, what)
            self._dismiss(seat, child, gently=True)
        elif child.performed >= self._recycle_attempts or self._has_grown(child, answer.resident_mb):
            self._dismiss(seat, child, gently=True)

    def _has_grown(self, child: ChildProcess, resident_mb: float) -> bool:
        child.resident_mb_first = child.resident_mb_first or resident_mb
        return resident_mb - child.resident_mb_first > self._recycle_mb

    def _dismiss(self, seat: Seat, child: ChildProcess, *, gently: bool) -> None:
        seat.child = None
        if not gently:
            child.kill()
        child.close()

    def _leave(self, seat: Seat) -> None:
        """The thread ends, and its child with it."""
        if seat.child is not None:
            self._dismiss(seat, seat.child, gently=True)
