"""Connections lent to handlers, in a transaction that only the lender ends."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol
from weakref import WeakSet

import apsw

from mainspring.errors import SettingInvalidError, TransactionLostError
from mainspring.stores.guests import check_apsw
from mainspring.stores.postgres_url import SCHEMES
from mainspring.stores.sqlite_file import CHECKPOINT_PAGES, Translated, connect
from mainspring.stores.url import sqlite_path

ENDED_BY_HANDLER = (
    "the handler has ended the transaction of its task, which commits when the handler returns and is rolled back when"
    " it raises; leave out the commit or rollback, and use savepoints for parts of it"
)
LENT_MAX = {True: 1, False: 16}
"""At once, by whether a loan is exclusive; servers have some hundred connections for everybody."""


class Loan(Protocol):
    """A connection, and the transaction that is open on it.  It is ended once, by `commit` or `rollback`."""

    connection: Any

    def check(self) -> None:
        """Raises `TransactionLostError` where it is not open any more."""

    def commit(self) -> None:
        """Make it durable; raises what the store says."""

    def rollback(self) -> None:
        """Undo it, whatever state it is in."""

    def cut(self) -> bool:
        """Have it come to nothing, from another thread; True: the store is free of it, else try again soon."""


def is_exclusive(url: str) -> bool:
    """Whether nobody else can write to a store while a transaction is lent."""
    return not url.startswith(SCHEMES)


def lend(url: str, source: Any = None) -> Loan:
    """Open a connection to the store's database, and begin.

    `source`: an engine of SQLAlchemy, or a function that opens a connection; None: we open one.
    """
    if is_exclusive(url):
        return SqliteLoan(url, source)
    loan: Loan = import_module("mainspring.stores.postgres_loan").PostgresLoan(url, source)
    return loan


class SqliteLoan:
    """See `Loan`.  The file's one write lock is ours until it ends."""

    def __init__(self, url: str, source: Callable[[], Any] | None) -> None:
        path = sqlite_path(url)
        if path is None:
            raise SettingInvalidError(
                "a store in memory has no place for tables of yours, so no transaction with them; use a file"
            )
        self._translated = Translated(path)
        self._may_commit = self._is_lost = False
        self._cursors: WeakSet[Any] = WeakSet()
        """Of which some may have been left half read: SQLite commits no sooner than they are closed."""
        with self._translated:
            self.connection = connect(path, None, write=False) if source is None else _opened(source)
            try:
                if source is not None:
                    check_apsw(url, self.connection)
                self._begin()
            except BaseException:
                self.connection.close()
                raise

    def _begin(self) -> None:
        connection = self.connection
        connection.pragma("synchronous", "full")
        connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        connection.execute("begin immediate")
        make = connection.cursor_factory

        def tracked(of: apsw.Connection) -> Any:
            cursor = make(of)
            self._cursors.add(cursor)
            return cursor

        connection.cursor_factory = tracked
        # Whatever the handler does, or goes on to do when it was given up, is not made durable.
        connection.set_commit_hook(self._refuse, id=self)
        connection.set_rollback_hook(self._lose, id=self)

    def _refuse(self) -> bool:
        if not self._may_commit:
            raise TransactionLostError(ENDED_BY_HANDLER)
        return False

    def _lose(self) -> None:
        self._is_lost = True

    def check(self) -> None:
        if self._is_lost:
            raise TransactionLostError(ENDED_BY_HANDLER)
        for cursor in tuple(self._cursors):
            cursor.close(force=True)

    def commit(self) -> None:
        try:
            self._may_commit = True
            with self._translated:
                self.connection.execute("commit")
        finally:
            self._may_commit = False
            self.rollback()

    def rollback(self) -> None:
        self.connection.close(force=True)  # which rolls back what is open

    def cut(self) -> bool:
        if self._is_lost:
            return True
        try:
            self.connection.interrupt()
            self.connection.execute("rollback")
        except apsw.ThreadingViolationError:
            return False  # the handler is in the middle of a statement
        except apsw.Error:
            pass  # it has ended just now
        return True


def _opened(source: Any) -> Any:
    if not callable(source):
        raise SettingInvalidError(
            f"{source!r:.60} opens no connection of apsw; give a function that does, or ask for transaction.connection"
        )
    return source()
