"""Stores on connections of users: what is written takes part in their transactions, and ends with them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import apsw

from mainspring.errors import SettingInvalidError
from mainspring.kernel.store import Store
from mainspring.stores.postgres_url import SCHEMES
from mainspring.stores.sqlite import SqliteStore
from mainspring.stores.url import sqlite_path


@contextmanager
def guest(url: str, connection: Any, *, is_quiet: bool = False) -> Iterator[Store]:
    """The store of that URL on a connection of a user; raises `SettingInvalidError` for one that cannot take part.

    `connection`: of psycopg or apsw, or a connection or session of SQLAlchemy on psycopg.
    `is_quiet`: nobody need be told when its transaction commits.
    """
    driver = _driver_connection(connection)
    if url.startswith(SCHEMES):
        with import_module("mainspring.stores.postgres_guest").guest(url, driver, is_quiet=is_quiet) as store:
            yield store
        return
    path = check_apsw(url, driver)
    if not driver.in_transaction:
        raise SettingInvalidError(
            'the connection is in no transaction; begin one first: connection.execute("begin immediate")'
        )
    yield SqliteStore.of(driver, path)


def check_apsw(url: str, driver: Any) -> str:
    """The file of a store, if that is a connection of apsw to it; raises `SettingInvalidError`."""
    path = sqlite_path(url)
    if isinstance(driver, sqlite3.Connection):
        raise SettingInvalidError(
            "a connection of sqlite3 cannot be used beside an engine: it has a SQLite library of its own, and two of"
            " them in one process undo each other's locks, which damages the file; use apsw"
        )
    if not isinstance(driver, apsw.Connection):
        raise SettingInvalidError(f"{_kind(driver)} is no connection of apsw, as the store {url} needs it")
    if path is None or not _is_file(driver, path):
        raise SettingInvalidError(f"the connection is to another database than the store {url}")
    return path


def _driver_connection(connection: Any) -> Any:
    """What is beneath SQLAlchemy, told that a transaction begins; or the connection itself."""
    if not type(connection).__module__.startswith("sqlalchemy."):
        return connection
    inner = connection.connection() if callable(getattr(connection, "connection", None)) else connection
    if not inner.in_transaction():
        inner.begin()
    return inner.connection.driver_connection


def _is_file(driver: Any, path: str) -> bool:
    for _, name, file in driver.execute("pragma database_list").fetchall():
        if name == "main" and file and os.path.exists(path):
            return os.path.samefile(file, path)
    return False


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
