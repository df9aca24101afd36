"""The transactions of attempts: begun when a handler asks, ended with its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from mainspring.clock import Clock
from mainspring.errors import RefusedError, TransactionLostError
from mainspring.kernel.enlist import record
from mainspring.kernel.records import Attempt, Settle
from mainspring.runtime.watchdog import Alarm, Watchdog
from mainspring.stores.guests import guest
from mainspring.stores.loans import LENT_MAX, Loan, is_exclusive, lend
from mainspring.transaction import Transaction

HOLD_S_MAX = 15.0
"""For so long at most a handler may keep all others from writing: renewals of leases must not come too late."""
TOO_LONG = f"it has kept all others from writing for {HOLD_S_MAX:g} s; do what takes long before it begins"
OVER = "the transaction of this attempt is over: {why}"
LINE_S = 0.1
"""Between looks, while it waits in line, at whether its attempt still counts."""
CUT_S = 0.05
"""Between tries to take a transaction from a handler that is in the middle of a statement."""


class Transactions:
    """Makes those of one engine."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.is_exclusive = is_exclusive(url)
        self.line = threading.Semaphore(LENT_MAX[self.is_exclusive])

    def __call__(self, attempt: Attempt, watchdog: Watchdog) -> TaskTransaction:
        return TaskTransaction(self, attempt, watchdog)


class TaskTransaction(Transaction):
    """That of one attempt.  The handler's thread begins and ends it; `abandon` may come from any other."""

    def __init__(self, all_of_them: Transactions, attempt: Attempt, watchdog: Watchdog) -> None:
        self._all, self._attempt, self._watchdog = all_of_them, attempt, watchdog
        self._loan: Loan | None = None
        self._lost = ""
        """Why it will not commit; empty: nothing is known against it."""
        self._is_in_line = False
        """Whether it counts among the loans of which there are only so many."""
        self._alarm: Alarm | None = None
        self._ending = threading.Lock()
        """Held by whoever ends the loan, or cuts it."""

    @property
    def connection(self) -> Any:
        return self._begun(None).connection

    def connect(self, source: Any) -> Any:
        if self._loan is not None:
            raise RefusedError("the transaction has begun on another connection; ask for one of your own before that")
        return self._begun(source).connection

    def _begun(self, source: Any) -> Loan:
        if self._loan is None:
            while not self._all.line.acquire(timeout=LINE_S):
                self._check()
            try:
                self._check()
                loan = lend(self._all.url, source)
            except BaseException:
                self._all.line.release()
                raise
            self._loan, self._is_in_line = loan, True
            if self._all.is_exclusive:
                self._alarm = self._watchdog.set(HOLD_S_MAX, self.abandon, TOO_LONG)
            if self._lost:  # while it was being opened
                self.rollback()
        self._check()
        return self._loan

    def _check(self) -> None:
        if self._lost:
            raise TransactionLostError(OVER.format(why=self._lost))

    # --- For the runtime ----------------------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        return self._loan is not None

    @property
    def keeps_others_waiting(self) -> bool:
        """Whether nobody else can write before it ends."""
        return self._loan is not None and self._all.is_exclusive

    def commit(self, told: Settle) -> None:
        """Make what the handler has written durable together with its outcome; raises why neither is."""
        why_lost = self._lost
        self._end(lambda loan: self._commit(loan, told, why_lost))

    def _commit(self, loan: Loan, told: Settle, why_lost: str) -> None:
        try:
            if why_lost:
                raise TransactionLostError(OVER.format(why=why_lost))
            loan.check()
            with guest(self._all.url, loan.connection, is_quiet=True) as store:
                record(store, self._attempt, told.event, told.lines, self._all.clock.now())  # type: ignore[arg-type]
        except BaseException:
            loan.rollback()
            raise
        loan.commit()

    def rollback(self) -> None:
        """Undo what the handler has written."""
        if self._loan is not None:
            self._end(lambda loan: loan.rollback())

    def told(self, error: BaseException) -> BaseException:
        if not self._lost or isinstance(error, TransactionLostError):
            return error
        told = TransactionLostError(OVER.format(why=self._lost))
        told.__cause__ = error
        return told

    def _end(self, way: Callable[[Loan], None]) -> None:
        with self._ending:
            loan, self._loan = self._loan, None
            assert loan is not None
            self._lost = self._lost or "its task has ended"
            if self._alarm is not None:
                self._watchdog.silence(self._alarm)
            try:
                way(loan)
            finally:
                self._leave_line()

    def _leave_line(self) -> None:
        """Let others borrow; whoever holds `_ending` may say so."""
        if self._is_in_line:
            self._is_in_line = False
            self._all.line.release()

    def abandon(self, why: str) -> None:
        """The attempt does not count any more: let go of what it holds, wherever its handler is."""
        self._lost = self._lost or why
        if not self._ending.acquire(blocking=False):
            return  # it ends in this moment
        try:
            loan = self._loan
            is_free = loan is None or loan.cut()
            if is_free:
                self._leave_line()
        finally:
            self._ending.release()
        if not is_free:
            self._watchdog.set(CUT_S, self.abandon, why)
