"""Opening a PostgreSQL store, to work on it or to look into it."""

from __future__ import annotations

from mainspring.kernel.reader import Reader
from mainspring.kernel.store import Store
from mainspring.stores.postgres import PostgresStore
from mainspring.stores.postgres_reader import PostgresReader


def open_store(url: str) -> Store:
    """Open or create the store."""
    return PostgresStore(url)


def open_reader(store: Store) -> Reader:
    """A reader beside the writer."""
    assert isinstance(store, PostgresStore)
    return PostgresReader(store.url)


def open_existing(url: str) -> Reader:
    """A reader of a store that is there already; raises `StoreNotFoundError` where there is none."""
    return PostgresReader.of(url)
