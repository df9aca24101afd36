"""A connection to a PostgreSQL store's database, lent to a handler in a transaction that only the lender ends."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from mainspring.errors import SettingInvalidError, TransactionLostError
from mainspring.stores.loans import ENDED_BY_HANDLER
from mainspring.stores.postgres_connection import connect, told, told_of_connecting
from mainspring.stores.postgres_guest import check_psycopg
from mainspring.stores.postgres_url import PostgresUrl, read_url
from mainspring.stores.sql import postgres as sql


class PostgresLoan:
    """See `mainspring.stores.loans.Loan`."""

    def __init__(self, url: str, source: Any) -> None:
        self._url = read_url(url)
        self._is_alchemy = type(source).__module__.startswith("sqlalchemy.")
        self._block: psycopg.Transaction | None = None
        self.connection = self._open(source)
        try:
            self._driver = self.connection.connection.driver_connection if self._is_alchemy else self.connection
            check_psycopg(self._driver)
            self._begin()
            if source is not None and _birth(self._driver, self._url.schema) != birth(self._url):
                raise SettingInvalidError(f"the connection is to another database than the store {self._url.shown}")
            # Of our own, so that it can be shut whatever becomes of the one that the driver has.
            self._plug = socket.fromfd(self._driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        except psycopg.Error as error:
            self.connection.close()
            raise told(error, self._url) from error
        except BaseException:
            self.connection.close()
            raise

    def _open(self, source: Any) -> Any:
        try:
            if source is None:
                return psycopg.connect(self._url.conninfo, client_encoding="utf8")
            if self._is_alchemy and hasattr(source, "connect"):
                return source.connect()
        except psycopg.Error as error:
            raise told_of_connecting(error, self._url) from None
        if not callable(source):
            raise SettingInvalidError(
                f"{source!r:.60} opens no connection; give an engine of SQLAlchemy or a function that does, or ask for"
                " transaction.connection"
            )
        return source()

    def _begin(self) -> None:
        if self._driver.info.transaction_status != TransactionStatus.IDLE:
            raise SettingInvalidError("the connection is in a transaction already; give one that is in none")
        if self._is_alchemy:
            self.connection.begin()
            import_module("sqlalchemy.event").listen(self.connection, "commit", _refuse)
        else:
            self._block = self._driver.transaction()  # in which psycopg refuses to commit or roll back
            self._block.__enter__()
        ((self._mark,),) = self._rows(sql.MARK_TRANSACTION)

    def _rows(self, statement: str, values: Any = None) -> Any:
        return self._driver.cursor(row_factory=tuple_row).execute(statement, values).fetchall()

    def check(self) -> None:
        if self._rows(sql.MARK_OF_TRANSACTION) != [(self._mark,)]:
            raise TransactionLostError(ENDED_BY_HANDLER)

    def commit(self) -> None:
        """What the server says of constraints that wait for the commit is the user's, and told as it is."""
        try:
            if self._block is None:
                import_module("sqlalchemy.event").remove(self.connection, "commit", _refuse)
                self.connection.commit()
            else:
                self._block.__exit__(None, None, None)
        finally:
            self.rollback()

    def rollback(self) -> None:
        if self._is_alchemy:
            if self._driver.closed or self._driver.broken:
                self.connection.invalidate()
            with suppress(Exception):  # whatever is wrong with it, the server undoes what is open
                self.connection.rollback()
        self.connection.close()  # one of psycopg is rolled back so; one of SQLAlchemy goes back to its pool
        self._plug.close()

    def cut(self) -> bool:
        """The handler may hold it for ever; a server whose client has gone rolls back."""
        with suppress(OSError):  # it is closed already
            self._plug.shutdown(socket.SHUT_RDWR)
        return True


def _refuse(_: Any) -> None:
    raise TransactionLostError(ENDED_BY_HANDLER)


@cache
def birth(url: PostgresUrl) -> Any:
    """What tells a store from all others, wherever they are."""
    connection = connect(url, write=False)
    try:
        return _birth(connection, url.schema)
    finally:
        connection.close()


def _birth(connection: psycopg.Connection[Any], schema: str) -> Any:
    """The moment in which its tables were made; None: there are none."""
    cursor = connection.cursor(row_factory=tuple_row)
    try:
        return cursor.execute(sql.BIRTH.format(schema=schema)).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
