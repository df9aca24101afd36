"""PostgreSQL for tests: one server for all processes of a test run, and a schema for whoever asks for one.

`$MAINSPRING_TEST_POSTGRES` names a database to use instead; its user must be allowed to make schemas.
"""

from __future__ import annotations

import itertools
import os
from functools import cache
from pathlib import Path

from mainspring.kernel.store import Store
from mainspring.stores.postgres import PostgresStore
from mainspring.testing import Simulation
from scripts.postgres_server import PostgresServer, join

_numbers = itertools.count(1)
_place: list[Path] = []


def share(place: Path) -> None:
    """Where the processes of this run find their server."""
    _place.append(place)


@cache
def server() -> PostgresServer:
    """The server of this run; started by the first who asks, stopped when the last process has ended."""
    return join(_place[-1] / "postgres")


@cache
def database() -> str:
    """A URL."""
    return os.environ.get("MAINSPRING_TEST_POSTGRES") or server().url()


def new_schema() -> str:
    """The URL of a store that is not there yet."""
    url = database()
    return f"{url}{'&' if '?' in url else '?'}schema=test_{os.getpid()}_{next(_numbers)}"


class OnPostgres(Simulation):
    """A simulation on the server, with a connection for each process."""

    def _open(self) -> Store:
        # Here it is processes that die, never the server: nothing is proved by waiting for its disk.
        self._url = f"{new_schema()}&options=-csynchronous_commit%3Doff"
        return self._another()

    def _another(self) -> Store:
        store = PostgresStore(self._url)
        store.query_s = (0.0, 0.0)  # it is asked once whether others have written, and the answer must be right
        return store
