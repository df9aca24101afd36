"""Plain SQL on the connection of any store, in the words of SQLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def plain_sql(store: Any) -> Callable[..., Any]:
    """Runs a statement with `?` for its values, and returns a cursor."""
    execute: Callable[..., Any] = store._connection.execute
    if not store.is_shared:
        return execute
    return lambda statement, values=(): execute(statement.replace("%", "%%").replace("?", "%s"), values)
