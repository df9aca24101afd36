"""The SQLite store: one file, write-ahead log, `synchronous=FULL`: when `commit` returns, it is on the disk."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec

from mainspring.clock import Clock
from mainspring.errors import BrokenError, StoreLostError
from mainspring.kernel.need import Need
from mainspring.kernel.store import (
    Changes,
    DefinitionRow,
    EndRow,
    EntryRow,
    EventRow,
    HeldRow,
    InstanceRow,
    Key,
    MessageRow,
    OnceRow,
    QueueRow,
    WaitingRow,
)
from mainspring.models.contract import StartOn
from mainspring.stores.sql import sqlite as sql
from mainspring.stores.sql.sqlite_public_id import names
from mainspring.stores.sql.sqlite_schema import MIGRATIONS
from mainspring.stores.sqlite_file import Translated, check_schema, connect, migrate
from mainspring.stores.sqlite_forgetting import SqliteForgetting

POLL_S = 0.05
"""How often an idle process looks whether another one has written; asking costs microseconds."""
ROWS_PER_STEP = 32
"""Rows written by one step of a statement; more gain nothing."""

_encode = msgspec.json.Encoder().encode
_names = itertools.count(1)


class SqliteStore(SqliteForgetting):
    """See `mainspring.kernel.store.Store`, whose meaning this class has."""

    is_shared = False
    clock: Clock | None = None
    socket: int | None = None

    def __init__(self, path: str | None) -> None:
        """Open or create the file at `path`; None: a store in memory that lives as long as its connections."""
        self.path = path
        self.memory_name = f"/mainspring-{os.getpid()}-{next(_names)}" if path is None else None
        self.poll_s: float | None = None if path is None else POLL_S
        self._translated = Translated(path)
        with self._translated:
            self._connection = connect(path, self.memory_name, write=True)
            try:
                migrate(self._connection, path)
            except BaseException:
                self._connection.close()
                raise
        self._version: int = self._data_version()
        self._file = self._identity()

    @staticmethod
    def of(connection: Any, path: str) -> SqliteStore:
        """On a connection of somebody else, who begins and ends its transactions."""
        store = object.__new__(SqliteStore)
        store.path, store.memory_name, store.poll_s = path, None, None
        store._translated, store._connection = Translated(path), connection
        return store

    def second(self) -> SqliteStore:
        """Another writing connection to the same store, as another process would have."""
        other = object.__new__(SqliteStore)
        other.path, other.memory_name, other.poll_s = self.path, self.memory_name, POLL_S
        other._translated = Translated(self.path)
        with other._translated:
            other._connection = connect(self.path, self.memory_name, write=True)
        other._version = other._data_version()
        other._file = other._identity()
        return other

    @staticmethod
    def check(path: str) -> None:
        """Raise what is wrong with an existing file; one of an older mainspring is brought up to date."""
        with Translated(path):
            connection = connect(path, None, write=False)
            try:
                with connection:
                    version = check_schema(connection, path)
            finally:
                connection.close()
        if version < len(MIGRATIONS):
            SqliteStore(path).close()

    # --- The transaction ----------------------------------------------------------------------

    def begin(self) -> None:
        if self._identity() != self._file:
            raise StoreLostError(
                f"{self.path} was deleted or replaced while it was open: what happens from now on would be written"
                " nowhere; put the file back, or start again with another one"
            )
        self._rows("begin immediate")

    def commit(self) -> None:
        self._rows("commit")

    def rollback(self) -> None:
        if not self._connection.in_transaction:
            return
        self._rows("rollback")

    def close(self) -> None:
        self._connection.close()

    def changed(self) -> bool:
        before, self._version = self._version, self._data_version()
        return before != self._version

    def foreign(self) -> bool:
        return self._version != self._data_version()

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path leads to; None: there is none, or it is in memory."""
        if self.path is None:
            return None
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _data_version(self) -> int:
        with self._translated:
            return int(self._connection.pragma("data_version"))

    def write(self, changes: Changes) -> None:
        many = self._connection.executemany
        with self._translated:
            for statement in sql.SWEEP if changes.swept else ():
                many(statement, changes.swept)
            for name, statement, columns in sql.INSERTS:
                if rows := getattr(changes, name):
                    self._wide(statement, columns, rows)
            for name, statement in sql.UPDATES:
                if rows := getattr(changes, name):
                    many(statement, rows.values() if type(rows) is dict else rows)
            if changes.tasks_done:
                self._wide(sql.DELETE_TASKS, 2, changes.tasks_done)
            if changes.once:
                many(sql.PUT_ONCE, changes.once.values())
            for instance, events in changes.events.items():
                many(sql.PUT_EVENT, [row for row in events.values() if row is not None])
                many(sql.DELETE_EVENT, [(instance, key) for key, row in events.items() if row is None])
            if changes.subscriptions:
                many(sql.PUT_SUBSCRIPTION, [row for row in changes.subscriptions.values() if row is not None])
                many(sql.DELETE_SUBSCRIPTION, [key for key, row in changes.subscriptions.items() if row is None])

    def _wide(self, statement: str, columns: int, rows: Sequence[Any], given: Sequence[Any] = ()) -> None:
        """Bind rows to a statement, many with each step: half the time of a step for each."""
        row = f"({', '.join('?' * columns)})"
        whole = len(rows) - len(rows) % ROWS_PER_STEP
        many = self._connection.executemany
        if whole:
            steps = [rows[place : place + ROWS_PER_STEP] for place in range(0, whole, ROWS_PER_STEP)]
            text = statement.format(rows=f"values {', '.join([row] * ROWS_PER_STEP)}")
            many(text, [[*given, *chain.from_iterable(step)] for step in steps])
        many(statement.format(rows=f"values {row}"), [(*given, *one) for one in rows[whole:]])

    def reserve(self, name: str, count: int) -> int:
        return int(self._one(sql.RESERVE, {"name": name, "count": count})[0])

    def lock(self, ids: Sequence[int], *, wait: bool) -> set[int]:  # noqa: ARG002 - nobody has a lock beside us
        return {row.id for row in self.load_instances(ids)}

    # --- Definitions --------------------------------------------------------------------------

    def find_definition(self, *, id: int | None = None, digest: str | None = None) -> DefinitionRow | None:
        column, value = ("id", id) if id is not None else ("digest", digest)
        rows = self._rows(sql.FIND_DEFINITION.format(column=column), (value,))
        return _definition(rows[0]) if rows else None

    def find_newest(self, model: str, name: str) -> DefinitionRow | None:
        rows = self._rows(sql.FIND_NEWEST, (model, name))
        return _definition(rows[0]) if rows else None

    def add_definition(self, model: str, name: str, digest: str, document: bytes, at: float) -> DefinitionRow:
        values = {"model": model, "name": name, "digest": digest, "document": document.decode(), "at": at}
        return _definition(self._one(sql.ADD_DEFINITION, values))

    def intern_capability(self, need: Need) -> int:
        rows = self._rows(sql.FIND_CAPABILITY, need)
        return int((rows[0] if rows else self._one(sql.ADD_CAPABILITY, need))[0])

    def list_capabilities(self) -> list[tuple[int, Need]]:
        return [(id, Need(*need)) for id, *need in self._rows(sql.LIST_CAPABILITIES)]

    # --- Instances ----------------------------------------------------------------------------

    def find_ids(self, public_ids: Iterable[str]) -> dict[str, int]:
        return {public_id: id for public_id, id in self._rows(sql.FIND_IDS, names(public_ids))}  # noqa: C416

    def load_instances(self, ids: Iterable[int]) -> list[InstanceRow]:
        return [InstanceRow(*row) for row in self._rows(sql.LOAD_INSTANCES, (_list(ids),))]

    def find_snapshot(self, instance: int) -> tuple[int, str] | None:
        return self.load_snapshots([instance]).get(instance)

    def load_snapshots(self, ids: Iterable[int]) -> dict[int, tuple[int, str]]:
        rows = self._rows(sql.LOAD_SNAPSHOTS, (_list(ids),))
        return {instance: (seq, state) for instance, seq, state in rows}

    def load_tails(self, after: Iterable[tuple[int, int]]) -> list[EntryRow]:
        return [EntryRow(*row) for row in self._many(sql.LOAD_TAIL, after)]

    def list_children(self, instance: int) -> list[tuple[int, str, str]]:
        return [(id, key, status) for id, key, status in self._rows(sql.LIST_CHILDREN, (instance,))]

    def load_ends(self, ids: Iterable[int]) -> list[EndRow]:
        return [EndRow(*row) for row in self._rows(sql.LOAD_ENDS, (_list(ids),))]

    # --- Events and tasks ---------------------------------------------------------------------

    def due_events(self, now: float, limit: int, unhosted: Iterable[int]) -> list[EventRow]:
        return [EventRow(*row) for row in self._rows(sql.DUE_EVENTS, (now, _list(unhosted), limit))]

    def next_event_at(self, unhosted: Iterable[int]) -> float | None:
        strangers = list(unhosted)
        found = (
            self._rows(sql.NEXT_HOSTED_EVENT_AT, (_list(strangers),)) if strangers else self._rows(sql.NEXT_EVENT_AT)
        )
        return found[0][0] if found else None

    def waiting(
        self, capability: int, now: float, limit: int, *, group: str | None = None, each: bool = False
    ) -> list[WaitingRow]:
        of = (capability,) if group is None else (capability, group)
        statement = sql.WAITING if group is None else sql.WAITING_OF_GROUP
        found: list[WaitingRow] = []
        for priority in self._priorities(*of):
            rows = self._rows(statement, (*of, priority, now, limit if each else limit - len(found)))
            found += [WaitingRow(*row) for row in rows]
            if len(found) >= limit and not each:
                break
        return found

    def waiting_groups(self, capability: int, after: str | None, limit: int) -> list[str]:
        statement = sql.FIRST_GROUPS if after is None else sql.NEXT_GROUPS
        values = {"capability": capability, "after": after or "", "limit": limit}
        return [name for (name,) in self._rows(statement, values)]

    def next_task_at(self, capability: int, now: float) -> float | None:
        times = [
            row[0]
            for priority in self._priorities(capability)
            for row in self._rows(sql.NEXT_TASK_AT, (capability, priority, now))
        ]
        return min(times, default=None)

    def _priorities(self, capability: int, *group: str) -> Iterable[int]:
        """The priorities that wait, highest first: a seek for each, whatever the number of tasks."""
        priority = 1 << 62
        statement = sql.NEXT_PRIORITY_OF_GROUP if group else sql.NEXT_PRIORITY
        while rows := self._rows(statement, (capability, *group, priority)):
            priority = rows[0][0]
            yield priority

    def line(self, instance: int) -> list[tuple[str, float]]:
        return [(kind, ready_at) for kind, ready_at in self._rows(sql.LINE, (instance,))]

    def has_not_begun(self, instance: int, key: str) -> bool:
        return bool(self._rows(sql.HAS_NOT_BEGUN, (instance, key)))

    def find_once(self, names: Iterable[str]) -> dict[str, OnceRow]:
        return {
            name: OnceRow(name, instance, public_id, status, until, bool(has_begun))
            for name, instance, public_id, status, until, has_begun in self._rows(sql.FIND_ONCE, (_list(names),))
        }

    def lease(self, keys: Sequence[Key], owner: int, now: float) -> None:
        with self._translated:
            self._wide(sql.LEASE, 2, keys, (owner, now))

    def stale(self, leases: Sequence[tuple[int, str, int]], owner: int) -> set[Key]:
        return {(instance, key) for instance, key in self._rows(sql.STALE, (_list(leases), owner))}

    def is_leased(self, instance: int, key: str, token: int) -> bool:
        return bool(self._rows(sql.IS_LEASED, (instance, key, token)))

    # --- Messages -----------------------------------------------------------------------------

    def find_subscribers(self, kind: str, name: str, match: str, limit: int) -> list[Key]:
        return [(instance, key) for instance, key in self._rows(sql.FIND_SUBSCRIBERS, (kind, name, match, limit))]

    def find_message(self, name: str, match: str, now: float) -> MessageRow | None:
        rows = self._rows(sql.FIND_MESSAGE, (name, match, now))
        return MessageRow(*rows[0]) if rows else None

    def list_messages(self, name: str, now: float, limit: int) -> list[MessageRow]:
        return [MessageRow(*row) for row in self._rows(sql.LIST_MESSAGES, (name, now, limit))]

    def add_message(
        self, name: str, match: str, data: str, *, id: str, receiver: str | None, expires_at: float
    ) -> None:
        self._rows(sql.ADD_MESSAGE, (name, match, data, id, receiver, expires_at))

    def take_message(self, id: int, receiver: str) -> None:
        self._rows(sql.TAKE_MESSAGE, (receiver, id))
        self._rows(sql.DELETE_MESSAGE, (id,))

    def find_told(self, message_id: str, now: float) -> str | None:
        rows = self._rows(sql.FIND_TOLD, (message_id, now))
        return str(rows[0][0]) if rows else None

    def forget_told(self, message_id: str) -> None:
        self._rows(sql.FORGET_TOLD, (message_id,))

    def forget_messages(self, now: float) -> None:
        self._rows(sql.FORGET_MESSAGES, (now,))

    def find_starts(self, kind: str, name: str, limit: int) -> list[tuple[int, str]]:
        return [(definition, entry) for definition, entry in self._rows(sql.FIND_STARTS, (kind, name, limit))]

    def list_starts(self, definition: int) -> list[StartOn]:
        return [StartOn(kind, name, entry) for kind, name, entry in self._rows(sql.LIST_STARTS, (definition,))]

    def put_starts(self, row: DefinitionRow, starts: Iterable[StartOn]) -> None:
        self._rows(sql.DELETE_STARTS, {"model": row.model, "name": row.name})
        self._many(sql.ADD_START, [(start.kind, start.name, row.id, start.entry) for start in starts])

    # --- Queues -------------------------------------------------------------------------------

    def list_queues(self) -> list[QueueRow]:
        return [QueueRow(*row) for row in self._rows(sql.LIST_QUEUES)]

    def lock_queues(self, ids: Sequence[int]) -> list[QueueRow]:
        return [QueueRow(*row) for row in self._rows(sql.LOCK_QUEUES, (_list(ids),))]

    def find_queue(self, name: str) -> QueueRow | None:
        rows = self._rows(sql.FIND_QUEUE, (name,))
        return QueueRow(*rows[0]) if rows else None

    def put_queue(self, row: QueueRow, *, managed: bool) -> None:
        values = (row.id, row.name, row.settings, row.tokens, row.filled_at, row.cursor, row.served)
        self._rows(sql.PUT_QUEUE, values)
        self._rows(sql.MARK_TASKS, (row.id if managed else None, row.name))

    def save_queue(self, row: QueueRow) -> None:
        self._rows(sql.SAVE_QUEUE, (row.tokens, row.filled_at, row.cursor, row.served, row.id))

    def count_running(self, queue: int) -> dict[str, int]:
        return {group: count for group, count in self._rows(sql.COUNT_RUNNING, (queue,))}  # noqa: C416

    # --- What dead workers left ---------------------------------------------------------------

    def held_by(self, worker: int, limit: int) -> list[HeldRow]:
        return [HeldRow(*row) for row in self._rows(sql.HELD_BY, (worker, limit))]

    def orphans(self, limit: int) -> list[HeldRow]:
        return [HeldRow(*row) for row in self._rows(sql.ORPHANS, (limit,))]

    def _rows(self, statement: str, values: Any = ()) -> list[Any]:
        """What a statement answers; whatever SQLite says meanwhile is told in our words."""
        with self._translated:
            return self._connection.execute(statement, values).fetchall()

    def _many(self, statement: str, rows: Iterable[Any]) -> list[Any]:
        with self._translated:
            return self._connection.executemany(statement, rows).fetchall()

    def _one(self, statement: str, values: Any) -> tuple[Any, ...]:
        rows = self._rows(statement, values)
        if not rows:
            raise BrokenError(f"a statement that always answers did not: {statement}")
        return tuple(rows[0])


def _list(values: Iterable[Any]) -> str:
    return _encode(list(values)).decode()


def _definition(row: Sequence[Any]) -> DefinitionRow:
    id, model, name, version, digest, document = row
    return DefinitionRow(id, model, name, version, digest, document.encode())
