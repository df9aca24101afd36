"""A PostgreSQL store on a connection of a user, in the transaction that is open there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from mainspring.clock import SharedClock
from mainspring.errors import RefusedError, SettingInvalidError
from mainspring.kernel.contention import Contended
from mainspring.kernel.store import Store
from mainspring.stores.postgres import PostgresStore
from mainspring.stores.postgres_connection import told_in_turn
from mainspring.stores.postgres_url import read_url
from mainspring.stores.sql import postgres as sql


@contextmanager
def guest(url: str, connection: Any, *, is_quiet: bool) -> Iterator[Store]:
    """The store on that connection; names of tables mean ours meanwhile, and the user's again afterwards."""
    check_psycopg(connection)
    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise SettingInvalidError("the connection is in no transaction; put this in `with connection.transaction():`")
    store = PostgresGuest(url, connection)
    ((before,),) = store.rows(sql.SEARCH_PATH)
    store.rows(sql.SET_SEARCH_PATH, (f"{store.url.schema},pg_catalog",))
    yield store
    if not is_quiet:
        store.rows(sql.NOTIFY, (store.url.channel,))
    store.rows(sql.SET_SEARCH_PATH, (before,))


def check_psycopg(connection: Any) -> None:
    """Raises `SettingInvalidError`."""
    if not isinstance(connection, psycopg.Connection):
        kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
        raise SettingInvalidError(f"{kind} is no connection of psycopg 3, as a store on PostgreSQL needs it")


class PostgresGuest(PostgresStore):
    """What of a store takes part in a transaction that somebody else begins and ends."""

    def __init__(self, url: str, connection: psycopg.Connection[Any]) -> None:
        self.given = url
        self.url = read_url(url)
        self.clock = SharedClock()
        self._connection = connection
        self._covered_until, self._cover_at = 0, math.inf
        self._has_news = False
        self._transaction = connection.cursor(row_factory=tuple_row)

    def _send(self, statement: str, values: Any = None) -> psycopg.Cursor[tuple[Any, ...]]:
        assert self._connection is not None
        try:
            return self._connection.cursor(row_factory=tuple_row).execute(statement, values)
        except psycopg.Error as error:
            raise self._told(error) from error

    def _told(self, error: psycopg.Error) -> Exception:
        meant = told_in_turn(error, self.url)
        if isinstance(meant, Contended):
            return RefusedError(f"another transaction was faster ({meant}); roll yours back, and run it again")
        return meant

    def _cover(self, wanted: int) -> None:
        """What others need later they see to: the lock for it would be held until the user commits."""
        self._ask_cover(wanted, ahead=False)

    def rows(self, statement: str, values: Any = None) -> list[Any]:
        return self._rows(statement, values)
