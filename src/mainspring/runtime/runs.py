"""Attempts under way in one executor, and how each of them ends exactly once.

Invariant: every attempt that was dispatched is reported once, as `Settle` or as `Release`, unless the worker is killed
or gives up on it in `drain`.  Whoever takes a run out of the set (`claim`) reports it; all others, coming later, drop
what they have.  That is how the late outcome of an attempt that timed out is ignored.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Set
from typing import Any, Protocol, cast

from msgspec import Raw

from mainspring.codec import PAYLOAD_BYTES_MAX
from mainspring.errors import TaskExitError, TaskTimeoutError
from mainspring.handler import Handler
from mainspring.handler_context import Context, LogLine
from mainspring.kernel.records import Attempt, Progress, Recorded, Release, Settle
from mainspring.models.contract import TaskCompleted, TaskFailed
from mainspring.runtime.failure import failure_of
from mainspring.runtime.watchdog import Watchdog
from mainspring.transaction import Transaction

Report = Callable[[list[Any]], None]
"""Hands `Settle`, `Release` and `Progress` to the pump; any thread may call it."""


class Joint(Protocol):
    """A transaction that commits with the outcome of an attempt."""

    @property
    def has_begun(self) -> bool: ...
    @property
    def keeps_others_waiting(self) -> bool:
        """Whether nobody else can write to the store before it ends."""

    def commit(self, told: Settle) -> None:
        """Record the outcome with it; raises why neither is durable, as far as can be known."""

    def rollback(self) -> None: ...
    def told(self, error: BaseException) -> BaseException:
        """What a handler raised; or, if the transaction was taken from it, that, for it will be the cause."""

    def abandon(self, why: str) -> None:
        """It must not commit any more; any thread may say so."""


Joins = Callable[[Attempt, Watchdog], Joint]

FOREVER = float("inf")
WAIT_S = 0.02
"""Who waits for all to end looks again after so long: threads tell nobody that they have nothing more to do."""

TIMED_OUT, CANCELLED, STOPPED = "timed out", "cancelled", "stopped"
"""Why a run was told to end: its time was up, its task was taken back, the worker stops."""


class Run(Context):
    """One attempt under way: its context, and what its executor needs to know."""

    started_at = 0.0
    """0: the handler has not been called yet."""
    verdict = ""
    """Why it was told to end; empty: it was not."""
    carrier: Any = None
    """What runs it: an asyncio task, a thread's id, a child, a parcel on its way."""
    lane: Any = None
    """The event loop it runs on, where it does."""
    heard = 0
    """Lines that a cluster has sent of it so far."""
    flushing = False
    """Whether an alarm is set for what it has said."""
    alarm: Any = None
    """The watchdog's entry for its time-out."""
    due_at = FOREVER
    """When its time is up, by the watchdog's clock."""
    joint: Joint | None = None
    """The transaction that its handler has asked for."""

    def __init__(self, record: Attempt, target: Handler[..., Any], runs: Runs) -> None:
        # Not by way of Context's own __init__: this is paid for every attempt.
        self.instance = record.public_id
        self.key = record.key
        self.attempt = record.attempt
        self.handler = record.handler
        self._send = runs.send
        self._now = runs.now
        self.runs = runs
        self.record = record
        self.target = target

    @property
    def memory_max_mb(self) -> float | None:
        """What its definition says, else its handler."""
        own = self.record.memory_max_mb
        return self.target.options.memory_max_mb if own is None else own

    @property
    def transaction(self) -> Transaction:
        if self.joint is None:
            if self.runs.joins is None:
                return super().transaction
            self.joint = self.runs.joins(self.record, self.runs.watchdog)
        return cast(Transaction, self.joint)

    @property
    def keeps_others_waiting(self) -> bool:  # type: ignore[override]  # it changes, and is asked only
        return self.joint is not None and self.joint.keeps_others_waiting

    def cancel(self) -> None:
        super().cancel()
        if self.joint is not None:
            self.joint.abandon("its time was up, it was cancelled, or its worker stops")

    def flush(self) -> None:
        self.flushing = False
        super().flush()

    def _flush_later(self, seconds: float) -> None:
        if not self.flushing:
            self.flushing = True
            self.runs.watchdog.set(seconds, Run.flush, self)


class Runs:
    """The runs of one executor, and the values that tell of their ends."""

    def __init__(
        self,
        report: Report,
        worker: str,
        watchdog: Watchdog,
        now: Callable[[], float] = time.time,
        bytes_max: int = PAYLOAD_BYTES_MAX,
        joins: Joins | None = None,
    ) -> None:
        """`joins` makes the transactions for handlers that ask for one."""
        self.report = report
        self.joins = joins
        self.watchdog = watchdog
        self.worker = worker
        self.now = now
        self.bytes_max = bytes_max
        self.live: set[Run] = set()
        self.at_work: Set[int] = frozenset()
        """What has an attempt that is not in `live` yet, or not any more, but whose end was not reported."""
        self._emptied = threading.Condition()
        self._watched = False
        self._silent = False

    def make(self, record: Attempt, target: Handler[..., Any]) -> Run:
        """A run to be added to `live` once others may find it there."""
        return Run(record, target, self)

    def limit(self, run: Run, expire: Callable[[Run], None]) -> None:
        """Have `expire` called when the time of a run is up, if it has a limit."""
        if run.record.timeout_s is not None:
            run.alarm = self.watchdog.set(run.record.timeout_s, expire, run)
            run.due_at = run.alarm.at

    def is_late(self, run: Run) -> bool:
        """Whether a run that ends now has taken too long.

        Measured here, for a handler that holds the event loop or the interpreter keeps the verdict from arriving.
        """
        return run.verdict == TIMED_OUT or (run.due_at != FOREVER and self.watchdog.has_come(run.due_at))

    def claim(self, run: Run) -> bool:
        """Take the right to report the end of a run; False: somebody else has."""
        try:
            self.live.remove(run)  # one step under the interpreter lock, so only one thread succeeds
        except KeyError:
            return False
        if self._watched:
            with self._emptied:
                self._emptied.notify_all()
        return not self._silent

    def find(self, instance: int, key: str) -> list[Run]:
        return [run for run in tuple(self.live) if run.record.key == key and run.record.instance == instance]

    def send(self, run: Context, fraction: float | None, lines: tuple[LogLine, ...]) -> None:
        """Progress of a run, and what it said, unless its outcome has been reported and nothing would be lost."""
        if (lines or run in self.live) and not self._silent:
            self.report([Progress(run.record, fraction, lines)])  # type: ignore[attr-defined]  # it is a Run

    def returned(self, run: Run, output: bytes) -> Settle:
        """The outcome of a handler that has returned: its output, unless that comes too late."""
        if (run.verdict or run.due_at != FOREVER) and self.is_late(run):
            return self.failed(run, too_late(run))
        return self.completed(run, output)

    def completed(self, run: Run, output: bytes) -> Settle:
        record = run.record
        event = TaskCompleted(
            record.key, record.attempt, run.started_at, self.now(), Raw(output), self.worker, record.ready_at
        )
        return Settle(record, event) if run._lines is None else Settle(record, event, run.close())  # noqa: SLF001

    def failed(self, run: Run, error: BaseException, trace: str | None = None) -> Settle:
        return self.failed_with(run, failure_of(as_told(error), trace))

    def failed_with(self, run: Run, failure: Any) -> Settle:
        now = self.now()
        event = TaskFailed(run.key, run.attempt, run.started_at or now, now, failure, self.worker, run.record.ready_at)
        return Settle(run.record, event, run.close())

    def unstarted(self, record: Attempt, error: BaseException) -> Settle:
        """The failure of an attempt for which there is no handler."""
        now = self.now()
        return Settle(record, TaskFailed(record.key, record.attempt, now, now, failure_of(error, ""), self.worker))

    def ended(self, run: Run, error: BaseException) -> Settle | Release:
        """What to report of a run that raised, given why it was told to end."""
        if run.verdict == STOPPED:
            return Release(run.record)
        if self.is_late(run):
            return self.failed(run, too_late(run), failure_of(error).traceback)
        return self.failed(run, error)

    def concluded(self, run: Run, output: bytes, error: BaseException | None) -> Settle | Release | Recorded:
        """What to report of a run that has ended, once its transaction has too, if it had one."""
        joint = run.joint
        if joint is not None and error is not None:
            error = joint.told(error)
        told = self.returned(run, output) if error is None else self.ended(run, error)
        if joint is None or not joint.has_begun:
            return told
        if not isinstance(told, Settle) or not isinstance(told.event, TaskCompleted):
            joint.rollback()
            return told
        try:
            joint.commit(told)
        except Exception as problem:  # noqa: BLE001 - what databases of users raise
            # Should it be durable all the same, the store refuses this, and has the outcome.
            told.event = self.failed(run, problem).event
            return told
        return Recorded(run.record, told.event)

    def release(self, attempts: list[Attempt]) -> None:
        if attempts and not self._silent:
            self.report([Release(attempt) for attempt in attempts])

    def wait(self, timeout_s: float) -> bool:
        """Whether all runs ended within `timeout_s`."""
        with self._emptied:
            self._watched = True
            until = time.monotonic() + timeout_s
            while (self.live or self.at_work) and (left_s := until - time.monotonic()) > 0:
                self._emptied.wait(min(left_s, WAIT_S))
            return not self.live and not self.at_work

    def silence(self) -> None:
        """Report nothing from now on."""
        self._silent = True


class Line(deque[Attempt]):
    """Attempts that wait for a place in one executor; any thread may add and take."""

    def withdraw(self, instance: int | None = None, key: str | None = None) -> list[Attempt]:
        """Take out those of a task, or all."""
        mine = [one for one in tuple(self) if instance is None or (one.key == key and one.instance == instance)]
        return [one for one in mine if self.take(one)]

    def take(self, attempt: Attempt) -> bool:
        """Take out one; False: somebody else has."""
        try:
            self.remove(attempt)
        except ValueError:  # it has begun in this moment
            return False
        return True


def too_late(run: Run, why: str = "") -> TaskTimeoutError:
    return TaskTimeoutError(f"took longer than its timeout_s of {run.record.timeout_s:g} s{why}")


def as_told(error: BaseException) -> BaseException:
    """`sys.exit()` in a handler, as the failure that it is for a task; other errors as they are."""
    if not isinstance(error, SystemExit):
        return error
    told = TaskExitError(f"the handler called sys.exit({'' if error.code is None else repr(error.code)})")
    return told.with_traceback(error.__traceback__)
