"""Which store a URL means.

`sqlite:///file.db`, `sqlite:////absolute/file.db`, `sqlite://` (in memory), `postgresql://user@host/database`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from mainspring.errors import StoreInvalidError, StoreNotFoundError
from mainspring.kernel.reader import Reader
from mainspring.kernel.store import Store
from mainspring.masking import masked
from mainspring.stores.postgres_url import SCHEMES
from mainspring.stores.sqlite import SqliteStore
from mainspring.stores.sqlite_reader import SqliteReader

DEFAULT_URL = "sqlite:///mainspring.db"
SQLITE = "sqlite://"


def store_url(url: str | None) -> str:
    """The URL itself; None: `$MAINSPRING_URL`, or the file `mainspring.db` in the present folder.

    Raises `StoreInvalidError` for one that is empty.
    """
    if url is not None and not url.strip():
        raise StoreInvalidError("the URL of the store is empty; name one, or give None for the usual place")
    return url or os.environ.get("MAINSPRING_URL") or DEFAULT_URL


def open_store(url: str) -> Store:
    """Open or create the store; raises `StoreInvalidError` for a URL that means none."""
    if url.startswith(SCHEMES):
        store: Store = _postgres().open_store(url)
        return store
    return SqliteStore(sqlite_path(url))


def open_reader(store: Store) -> Reader:
    """A reader beside the writer."""
    if isinstance(store, SqliteStore):
        return SqliteReader(store.path, store.memory_name)
    reader: Reader = _postgres().open_reader(store)
    return reader


def open_existing(url: str) -> Reader:
    """A reader of a store that is there already; raises `StoreNotFoundError` where there is none."""
    if url.startswith(SCHEMES):
        reader: Reader = _postgres().open_existing(url)
        return reader
    path = sqlite_path(url)
    if path is None:
        raise StoreNotFoundError(
            f"{masked(url)!r} is in the memory of the process that opened it; there is nothing to look at here"
        )
    if not os.path.exists(path):
        raise StoreNotFoundError(f"there is no store at {path}; `mainspring run` makes one, --store names another")
    SqliteStore.check(path)
    return SqliteReader(path)


def _postgres() -> Any:
    """What only those need who have a server: the driver is an extra, and takes a while to import."""
    try:
        return import_module("mainspring.stores.postgres_opening")
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise StoreInvalidError(
            "a store on PostgreSQL needs psycopg, which is not installed; `pip install 'mainspring[postgres]'`"
        ) from error


def sqlite_path(url: str) -> str | None:
    """The file that an URL means; None: a store in memory."""
    if not url.startswith(SQLITE):
        scheme = url.partition("://")[0] if "://" in url else masked(url)
        raise StoreInvalidError(
            f"no store for {scheme!r}: use sqlite:///file.db, sqlite:////absolute/file.db, sqlite:// (in memory), or"
            " postgresql://user@host/database"
        )
    rest = unquote(url[len(SQLITE) :])
    if rest in ("", "/", "/:memory:"):
        return None
    if not rest.startswith("/"):
        raise StoreInvalidError(f"{masked(url)!r} names a host; write sqlite:///file.db for a file")
    return rest[1:]
