"""What the conformance suite needs of an engine: stores that share their data, readers, and short ways to fill them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mainspring.kernel.census import WorkerRow
from mainspring.kernel.need import Need
from mainspring.kernel.reader import Reader
from mainspring.kernel.store import Changes, Store
from mainspring.stores.postgres import PostgresStore
from mainspring.stores.sqlite import SqliteStore
from mainspring.stores.url import open_reader, open_store
from tests.postgres import new_schema

NOW = 1_000.0


class Bench:
    """One database, empty at first, and as many connections to it as a test asks for.

    An engine is one row of `ENGINES`: how to open the first store of a new database, and how to open another one.
    """

    def __init__(self, first: Callable[[], Store], another: Callable[[Store], Store]) -> None:
        self.store = first()
        self._another = another
        self._open: list[Any] = [self.store]
        self._numbers = itertools.count(1)

    def another(self) -> Store:
        """A second connection that writes, as another process has."""
        return self._kept(self._another(self.store))

    def reader(self) -> Reader:
        return self._kept(open_reader(self.store))

    def close(self) -> None:
        for one in reversed(self._open):
            one.close()

    def _kept(self, one: Any) -> Any:
        self._open.append(one)
        return one

    # --- Filling it ---------------------------------------------------------------------------

    @contextmanager
    def writing(self, store: Store | None = None) -> Iterator[Changes]:
        """A transaction, whose changes are written and committed at the end."""
        store = store or self.store
        store.begin()
        changes = Changes()
        yield changes
        store.write(changes)
        store.commit()

    @contextmanager
    def reading(self, store: Store | None = None) -> Iterator[Store]:
        """A transaction that leaves nothing."""
        store = store or self.store
        store.begin()
        yield store
        store.rollback()

    def definition(self, name: str = "report", digest: str = "") -> int:
        """A stored definition; its id."""
        self.store.begin()
        row = self.store.add_definition("workflow", name, digest or f"digest-{next(self._numbers)}", b"{}", NOW)
        self.store.commit()
        return row.id

    def capability(self, handler: str = "work", queue: str = "default") -> int:
        self.store.begin()
        id = self.store.intern_capability(Need(handler, queue, "", ""))
        self.store.commit()
        return id

    def instance(self, id: int, status: str = "running", **rest: Any) -> int:
        with self.writing() as changes:
            changes.instances.append(instance_row(id, status=status, **rest))
        return id

    def task(self, instance: int, key: str, **rest: Any) -> None:
        with self.writing() as changes:
            changes.tasks.append(task_row(instance, key, **rest))

    def worker(self, id: int, lease_until: float = NOW + 30) -> int:
        self.store.begin()
        self.store.register_worker(WorkerRow(id, f"worker-{id}", "host", f"process-{id}", lease_until), NOW)
        self.store.commit()
        return id


def instance_row(
    id: int,
    *,
    status: str = "running",
    definition: int = 1,
    public_id: str = "",
    parent: int | None = None,
    parent_key: str | None = None,
    priority: int = 0,
    attributes: str | None = None,
    created_at: float = NOW,
    group: str | None = None,
    detached: bool = False,
) -> Any:
    name = public_id or f"case-{id}"
    return (id, name, definition, status, parent, parent_key, priority, attributes, created_at, group, detached)


def task_row(
    instance: int,
    key: str,
    *,
    capability: int = 1,
    priority: int = 0,
    ready_at: float = NOW,
    attempt: int = 0,
    token: int = 0,
    owner: int | None = None,
    leased_at: float | None = None,
    timeout_s: float | None = None,
    payload: str = "{}",
    queue: int | None = None,
    group: str | None = None,
) -> Any:
    return (
        instance, key, capability, priority, ready_at, attempt, token, owner, leased_at, timeout_s, payload, queue,
        group,
    )  # fmt: skip


def ended(instance: int, status: str = "completed", *, at: float = NOW, output: str | None = None) -> Any:
    """A row of `Changes.statuses`."""
    return (status, at, output, None, None, instance)


# --- The engines ------------------------------------------------------------------------------


def sqlite_file(folder: Any) -> Bench:
    url = f"sqlite:///{folder}/store.db"
    return Bench(lambda: open_store(url), lambda store: open_store(url))


def sqlite_memory(folder: Any) -> Bench:
    def another(store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        return store.second()

    return Bench(lambda: open_store("sqlite://"), another)


def postgres(folder: Any) -> Bench:
    url = new_schema()

    def opened() -> Store:
        store = PostgresStore(url)
        store.query_s = (0.0, 0.0)  # tests ask at once, and only once
        return store

    return Bench(opened, lambda store: opened())


ENGINES: dict[str, Callable[[Any], Bench]] = {
    "postgres": postgres,
    "sqlite-file": sqlite_file,
    "sqlite-memory": sqlite_memory,
}
