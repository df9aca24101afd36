"""One process's session with a PostgreSQL server: its connection, which may be lost, and the transaction of a turn.

Within a transaction statements are sent in one pipeline: what is not fetched is not waited for.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from mainspring.clock import SharedClock
from mainspring.errors import BrokenError, StoreLostError, StoreNotFoundError, StoreUnavailableError, UnavailableError
from mainspring.stores.postgres_connection import (
    Connection,
    connect,
    find_version,
    migrate,
    told,
    told_in_turn,
)
from mainspring.stores.postgres_url import PostgresUrl, read_url
from mainspring.stores.sql import postgres as sql

QUERY_S = (0.01, 2.0)
"""How often it asks whether others have committed: for a while after they have, and otherwise, when it is told."""
NOTIFY_S = 0.2
"""Commits that follow one another sooner than this need no notification: whoever was woken asks often for longer."""
DOUBT_S = 30.0
"""How long the fate of a commit is asked after whose answer was lost."""
DOUBT_PAUSE_S = 0.1


class PostgresSession:
    """The part of `mainspring.kernel.store.Store` that is about transactions and other processes."""

    def __init__(self, given: str) -> None:
        """Open the store, and make its tables where there are none."""
        self.given = given
        self.url: PostgresUrl = read_url(given)
        self.query_s = QUERY_S
        self.poll_s: float | None = QUERY_S[0]
        self.socket: int | None = None
        self.clock = SharedClock()
        self._connection: Connection | None = None
        self._pipeline: psycopg.Pipeline | None = None
        self._manager: Any = None
        self._transaction: psycopg.Cursor[tuple[Any, ...]] | None = None
        """Of which the number of the transaction can be fetched; None: it has not written."""
        self._seen = 0
        """The pulse as it was last asked for, or raised by ourselves."""
        self._has_missed = True
        """Whether others may have committed unseen."""
        self._is_told = False
        """Whether a notification has come since `changed` was last asked."""
        self._has_news = False
        """Whether what is written concerns others."""
        self._covered_until = 0
        """Instances below this have a span of the history."""
        self._cover_at = 0.0
        """When that is asked for in any case."""
        self._notified_at = 0.0
        self._ask_at = 0.0
        self._awake_until = 0.0
        connection = connect(self.url, write=True)
        try:
            migrate(connection, self.url)
            self._use(connection)
        except psycopg.Error as error:
            connection.close()
            raise told(error, self.url) from error
        except BaseException:
            connection.close()
            raise

    # --- The connection -----------------------------------------------------------------------

    def _use(self, connection: Connection) -> None:
        me = connection.info.backend_pid

        def hear(notification: psycopg.Notify) -> None:
            self._is_told = self._is_told or notification.pid != me

        connection.add_notify_handler(hear)
        connection.execute(f'listen "{self.url.channel}"')
        self._connection, self._pid, self.socket = connection, me, connection.fileno()
        self._manager = self._pipeline = self._transaction = None
        self._has_missed = True
        self._pulse()  # so that the first turn knows the time already

    def _reconnect(self) -> None:
        """Raises `StoreUnavailableError` as long as it cannot be done, and others where it never will be."""
        try:
            connection = connect(self.url, write=True)
        except StoreNotFoundError as error:
            raise StoreLostError(f"the database of {self.url.shown} was removed while it was open") from error
        try:
            if not find_version(connection, self.url):
                raise StoreLostError(f"the schema of {self.url.shown} was removed while it was open")
            self._use(connection)
        except psycopg.Error as error:
            connection.close()
            raise told(error, self.url) from error
        except BaseException:
            connection.close()
            raise

    def _lose(self) -> None:
        """The connection is of no use any more."""
        connection, self._connection = self._connection, None
        self.socket = None
        self._manager = self._pipeline = self._transaction = None
        if connection is not None:
            connection.close()

    def _told(self, error: psycopg.Error) -> Exception:
        if self._connection is not None and self._connection.closed:
            self._lose()
        return told_in_turn(error, self.url)

    def _send(self, statement: str, values: Any = None) -> psycopg.Cursor[tuple[Any, ...]]:
        """Send a statement; in a transaction its answer is not waited for before somebody fetches it."""
        if self._connection is None:
            raise StoreUnavailableError(f"the connection to {self.url.shown} is lost")
        try:
            return self._connection.execute(statement, values)
        except psycopg.Error as error:
            raise self._told(error) from error

    def _rows(self, statement: str, values: Any = None) -> list[Any]:
        cursor = self._send(statement, values)
        try:
            return cursor.fetchall()
        except psycopg.Error as error:
            raise self._told(error) from error

    def _one(self, statement: str, values: Any = None) -> tuple[Any, ...]:
        rows = self._rows(statement, values)
        if not rows:
            raise BrokenError(f"a statement that always answers did not: {statement}")
        return tuple(rows[0])

    def _write(self, statement: str, values: Any = None) -> None:
        """Send a statement that writes, and whose answer nobody needs."""
        if self._transaction is None:
            self._transaction = self._send(sql.TRANSACTION_ID)
        self._send(statement, values)

    # --- The transaction ----------------------------------------------------------------------

    def begin(self) -> None:
        if self._connection is None:
            self._reconnect()
        assert self._connection is not None
        self._has_news, self._transaction = False, None
        self._manager = self._connection.pipeline()
        self._pipeline = self._manager.__enter__()
        self._send("begin")

    def commit(self) -> None:
        """Raises `StoreUnavailableError` when nothing is durable, or after `DOUBT_S` without an answer."""
        number = self._number()
        if self._has_news and time.monotonic() - self._notified_at > NOTIFY_S:
            self._send(f'notify "{self.url.channel}"')
            self._notified_at = time.monotonic()
        try:
            self._send("commit")
            bump = self._send(sql.BUMP) if self._has_news else None
            self._end_pipeline()
        except UnavailableError as error:
            if number is None or self._connection is not None or not self._was_committed(number):
                raise
            del error
            return
        if bump is not None:
            ((pulse,),) = bump.fetchall()
            self._has_missed = self._has_missed or pulse != self._seen + 1
            self._seen = pulse

    def _number(self) -> str | None:
        """Of the transaction, if it has written; everything before it has been taken in when it is told."""
        if self._transaction is None:
            return None
        try:
            rows = self._transaction.fetchall()
        except psycopg.Error as error:
            raise self._told(error) from error
        return str(rows[0][0])

    def _end_pipeline(self) -> None:
        manager, self._manager, self._pipeline = self._manager, None, None
        if manager is None:
            return
        try:
            manager.__exit__(None, None, None)
        except psycopg.Error as error:
            raise self._told(error) from error

    def _was_committed(self, number: str) -> bool:
        """Whether a transaction is durable whose commit got no answer; waits for the server to be back."""
        until = time.monotonic() + DOUBT_S
        while True:
            try:
                self._reconnect()
                ((status,),) = self._rows(sql.TRANSACTION_STATUS, (number,))
                if status in ("committed", "aborted"):
                    return bool(status == "committed")
            except UnavailableError:
                pass  # asked again below
            except psycopg.errors.InvalidParameterValue:
                return False  # of the future: the server that is there now has never heard of it
            if time.monotonic() > until:
                raise StoreUnavailableError(
                    f"the connection to {self.url.shown} was lost in the middle of a commit, and the server has not"
                    " been back since: whether it is durable will show"
                )
            time.sleep(DOUBT_PAUSE_S)

    def rollback(self) -> None:
        try:
            self._end_pipeline()
        except Exception:  # noqa: BLE001 - whatever went wrong in the transaction, it is undone now
            self._manager = self._pipeline = None
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("rollback")
        except psycopg.Error:
            self._lose()  # which rolls back as well

    def close(self) -> None:
        self._lose()

    def changed(self) -> bool:
        before = self._seen
        self._seen = self._pulse()
        has_changed = self._has_missed or self._is_told or before != self._seen
        self._has_missed = self._is_told = False
        if has_changed:
            self._awake_until = time.monotonic() + 2 * NOTIFY_S
            self.poll_s = self.query_s[0]
        return has_changed

    def foreign(self) -> bool:
        if self._connection is None or self._has_missed:
            return True
        try:
            self._hear()
            now = time.monotonic()
            if self._is_told or now < self._ask_at:
                return self._is_told
            self.poll_s = self.query_s[now > self._awake_until]
            self._ask_at = now + self.poll_s
            return self._pulse() != self._seen
        except (psycopg.Error, UnavailableError):
            self._lose()
            return True

    def _hear(self) -> None:
        """Take in notifications that have arrived; asks the server nothing."""
        assert self._connection is not None
        channel = self._connection.pgconn
        channel.consume_input()
        while (notification := channel.notifies()) is not None:
            self._is_told = self._is_told or notification.be_pid != self._pid

    def _pulse(self) -> int:
        """How many have committed; tells the clock on the way."""
        asked_at = time.monotonic()
        last, is_called, now = self._one(sql.PULSE)
        self.clock.set(now, asked_at, time.monotonic())
        return int(last) if is_called else 0
