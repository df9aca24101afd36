"""The PostgreSQL store: several processes write at once, each what it has locked; durable when `commit` returns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from mainspring.kernel.need import Need
from mainspring.kernel.store import (
    Changes,
    DefinitionRow,
    EndRow,
    EntryRow,
    HeldRow,
    InstanceRow,
    Key,
    MessageRow,
    OnceRow,
    QueueRow,
)
from mainspring.models.contract import StartOn
from mainspring.stores.postgres_connection import MIGRATION_LOCK, cover, lock_number
from mainspring.stores.postgres_ready import PostgresReady
from mainspring.stores.postgres_rows import columns, numbers, texts
from mainspring.stores.sql import postgres as sql
from mainspring.stores.sql import postgres_once

COVER_AGAIN_S = 3_600.0
"""How often it is asked whether the time of a span is over."""


class PostgresStore(PostgresReady):
    """See `mainspring.kernel.store.Store`, whose meaning this class has."""

    is_shared = True

    def second(self) -> PostgresStore:
        """Another writing connection to the same store, as another process would have."""
        return PostgresStore(self.given)

    # --- Locks --------------------------------------------------------------------------------

    def lock(self, ids: Sequence[int], *, wait: bool) -> set[int]:
        return {id for (id,) in self._rows(sql.LOCK if wait else sql.LOCK_NOW, (numbers(ids),))}

    # --- Writing ------------------------------------------------------------------------------

    def write(self, changes: Changes) -> None:
        self._has_news = self._has_news or bool(changes)
        for statement in sql.SWEEP if changes.swept else ():
            self._write(statement, columns(changes.swept, "n"))
        for name, statement, kinds in sql.INSERTS:
            if rows := getattr(changes, name):
                self._write(statement, columns(rows, kinds))
        for name, statement, kinds in sql.UPDATES:
            if rows := getattr(changes, name):
                self._write(statement, columns(_distinct(name, rows), kinds))
        self._write_events(changes)
        self._write_subscriptions(changes)
        if changes.once:
            self._write(sql.PUT_ONCE, columns(list(changes.once.values()), "tnn"))

    def _write_events(self, changes: Changes) -> None:
        put = [row for events in changes.events.values() for row in events.values() if row is not None]
        gone = [
            (instance, key) for instance, events in changes.events.items() for key, row in events.items() if row is None
        ]
        if put:
            self._write(sql.PUT_EVENTS, columns(put, "ntntt"))
        if gone:
            self._write(sql.DELETE_EVENTS, columns(gone, "nt"))

    def _write_subscriptions(self, changes: Changes) -> None:
        put = [row for row in changes.subscriptions.values() if row is not None]
        gone = [key for key, row in changes.subscriptions.items() if row is None]
        if put:
            self._write(sql.PUT_SUBSCRIPTIONS, columns(put, "ntttttn"))
        if gone:
            self._write(sql.DELETE_SUBSCRIPTIONS, columns(gone, "nt"))

    def reserve(self, name: str, count: int) -> int:
        self._has_news = True
        first = int(self._one(sql.RESERVE, (name, count))[0])
        if name == "instance" and (first + count > self._covered_until or time.monotonic() > self._cover_at):
            self._cover(first + count)
        return first

    def _cover(self, wanted: int) -> None:
        self._ask_cover(wanted, ahead=True)
        self._cover_at = time.monotonic() + COVER_AGAIN_S

    def _ask_cover(self, wanted: int, *, ahead: bool) -> None:
        assert self._connection is not None
        try:
            self._covered_until = cover(self._connection, self.url, wanted, ahead=ahead)
        except psycopg.Error as error:
            raise self._told(error) from error

    # --- Definitions --------------------------------------------------------------------------

    def find_definition(self, *, id: int | None = None, digest: str | None = None) -> DefinitionRow | None:
        column, value = ("id", id) if id is not None else ("digest", digest)
        rows = self._rows(sql.FIND_DEFINITION.format(column=column), (value,))
        return definition_of(rows[0]) if rows else None

    def find_newest(self, model: str, name: str) -> DefinitionRow | None:
        rows = self._rows(sql.FIND_NEWEST, (model, name))
        return definition_of(rows[0]) if rows else None

    def add_definition(self, model: str, name: str, digest: str, document: bytes, at: float) -> DefinitionRow:
        # One after another, or two would get the same version.
        self._write(sql.ALONE, (MIGRATION_LOCK + 2, lock_number(self.url.schema)))
        self._has_news = True
        values = {"model": model, "name": name, "digest": digest, "document": document.decode(), "at": at}
        return definition_of(self._one(sql.ADD_DEFINITION, values))

    def intern_capability(self, need: Need) -> int:
        rows = self._rows(sql.FIND_CAPABILITY, need)
        if rows:
            return int(rows[0][0])
        self._write(sql.ALONE, (MIGRATION_LOCK + 2, lock_number(self.url.schema)))
        self._has_news = True
        rows = self._rows(sql.FIND_CAPABILITY, need)  # another process may have been first
        return int((rows[0] if rows else self._one(sql.ADD_CAPABILITY, need))[0])

    def list_capabilities(self) -> list[tuple[int, Need]]:
        return [(id, Need(*need)) for id, *need in self._rows(sql.LIST_CAPABILITIES)]

    # --- Instances ----------------------------------------------------------------------------

    def find_ids(self, public_ids: Iterable[str]) -> dict[str, int]:
        return dict(self._rows(sql.FIND_IDS, (texts(public_ids),)))

    def load_instances(self, ids: Iterable[int]) -> list[InstanceRow]:
        return [InstanceRow(*row) for row in self._rows(sql.LOAD_INSTANCES, (numbers(ids),))]

    def find_snapshot(self, instance: int) -> tuple[int, str] | None:
        return self.load_snapshots([instance]).get(instance)

    def load_snapshots(self, ids: Iterable[int]) -> dict[int, tuple[int, str]]:
        rows = self._rows(sql.LOAD_SNAPSHOTS, (numbers(ids),))
        return {instance: (seq, state) for instance, seq, state in rows}

    def load_tails(self, after: Iterable[tuple[int, int]]) -> list[EntryRow]:
        wanted = list(after)
        return [EntryRow(*row) for row in self._rows(sql.LOAD_TAILS, columns(wanted, "nn"))] if wanted else []

    def list_children(self, instance: int) -> list[tuple[int, str, str]]:
        return [(id, key, status) for id, key, status in self._rows(sql.LIST_CHILDREN, (instance,))]

    def load_ends(self, ids: Iterable[int]) -> list[EndRow]:
        return [EndRow(*row) for row in self._rows(sql.LOAD_ENDS, (numbers(ids),))]

    # --- Events and tasks ---------------------------------------------------------------------

    def stale(self, leases: Sequence[tuple[int, str, int]], owner: int) -> set[Key]:
        return set(self._rows(sql.STALE, (*columns(leases, "ntn"), owner))) if leases else set()

    def is_leased(self, instance: int, key: str, token: int) -> bool:
        return bool(self._rows(sql.IS_LEASED, (instance, key, token)))

    def line(self, instance: int) -> list[tuple[str, float]]:
        return [(kind, ready_at) for kind, ready_at in self._rows(sql.LINE, (instance,))]

    def has_not_begun(self, instance: int, key: str) -> bool:
        return bool(self._rows(sql.HAS_NOT_BEGUN, (instance, key)))

    # --- Once ---------------------------------------------------------------------------------

    def find_once(self, names: Iterable[str]) -> dict[str, OnceRow]:
        wanted = texts(names)
        self._send(postgres_once.ALONE_FOR_ONCE, (lock_number(self.url.schema), wanted))
        return {row[0]: OnceRow(*row) for row in self._rows(postgres_once.FIND_ONCE, (wanted,))}

    # --- Messages -----------------------------------------------------------------------------

    def find_subscribers(self, kind: str, name: str, match: str, limit: int) -> list[Key]:
        self._meet(name, match)
        return [(instance, key) for instance, key in self._rows(sql.FIND_SUBSCRIBERS, (kind, name, match, limit))]

    def find_message(self, name: str, match: str, now: float) -> MessageRow | None:
        self._meet(name, match)
        rows = self._rows(sql.FIND_MESSAGE, (name, match, now))
        return MessageRow(*rows[0]) if rows else None

    def _meet(self, name: str, match: str) -> None:
        self._send(sql.MEET, (lock_number(self.url.schema), name, match))

    def list_messages(self, name: str, now: float, limit: int) -> list[MessageRow]:
        return [MessageRow(*row) for row in self._rows(sql.LIST_MESSAGES, (name, now, limit))]

    def add_message(
        self, name: str, match: str, data: str, *, id: str, receiver: str | None, expires_at: float
    ) -> None:
        self._has_news = True
        self._write(sql.ADD_MESSAGE, (name, match, data, id, receiver, expires_at))

    def take_message(self, id: int, receiver: str) -> None:
        self._write(sql.TAKE_MESSAGE, (receiver, id))
        self._write(sql.DELETE_MESSAGE, (id,))

    def find_told(self, message_id: str, now: float) -> str | None:
        rows = self._rows(sql.FIND_TOLD, (message_id, now))
        return str(rows[0][0]) if rows else None

    def forget_told(self, message_id: str) -> None:
        self._write(sql.FORGET_TOLD, (message_id,))

    def forget_messages(self, now: float) -> None:
        self._write(sql.FORGET_MESSAGES, (now,))

    def find_starts(self, kind: str, name: str, limit: int) -> list[tuple[int, str]]:
        return [(definition, entry) for definition, entry in self._rows(sql.FIND_STARTS, (kind, name, limit))]

    def list_starts(self, definition: int) -> list[StartOn]:
        return [StartOn(kind, name, entry) for kind, name, entry in self._rows(sql.LIST_STARTS, (definition,))]

    def put_starts(self, row: DefinitionRow, starts: Iterable[StartOn]) -> None:
        self._write(sql.DELETE_STARTS, (row.model, row.name))
        rows = [(start.kind, start.name, row.id, start.entry) for start in starts]
        if rows:
            self._write(sql.ADD_STARTS, columns(rows, "ttnt"))

    # --- Queues -------------------------------------------------------------------------------

    def list_queues(self) -> list[QueueRow]:
        self._send(sql.SHARE_QUEUES, (MIGRATION_LOCK + 3, lock_number(self.url.schema)))
        return [QueueRow(*row) for row in self._rows(sql.LIST_QUEUES)]

    def lock_queues(self, ids: Sequence[int]) -> list[QueueRow]:
        return [QueueRow(*row) for row in self._rows(sql.LOCK_QUEUES, (numbers(ids),))]

    def find_queue(self, name: str) -> QueueRow | None:
        rows = self._rows(sql.FIND_QUEUE, (name,))
        return QueueRow(*rows[0]) if rows else None

    def put_queue(self, row: QueueRow, *, managed: bool) -> None:
        self._has_news = True
        self._write(sql.ALONE, (MIGRATION_LOCK + 3, lock_number(self.url.schema)))
        values = (row.id, row.name, row.settings, row.tokens, row.filled_at, row.cursor, row.served)
        self._write(sql.PUT_QUEUE, values)
        self._write(sql.MARK_TASKS, (row.id if managed else None, row.name))

    def save_queue(self, row: QueueRow) -> None:
        self._write(sql.SAVE_QUEUE, (row.tokens, row.filled_at, row.cursor, row.served, row.id))

    def count_running(self, queue: int) -> dict[str, int]:
        return dict(self._rows(sql.COUNT_RUNNING, (queue,)))

    # --- What dead workers left ---------------------------------------------------------------

    def held_by(self, worker: int, limit: int) -> list[HeldRow]:
        return [HeldRow(*row) for row in self._rows(sql.HELD_BY, (worker, limit))]

    def orphans(self, limit: int) -> list[HeldRow]:
        return [HeldRow(*row) for row in self._rows(sql.ORPHANS, (limit,))]


def definition_of(row: Sequence[Any]) -> DefinitionRow:
    id, model, name, version, digest, document = row
    return DefinitionRow(id, model, name, version, digest, document.encode())


def _distinct(name: str, rows: Any) -> Sequence[Any]:
    """Rows of one statement, none of which says something of the same row of the table as another."""
    if type(rows) is dict:
        return list(rows.values())
    if name == "progress":
        return list({row[1:]: row for row in rows}.values())
    if name != "tasks_retried":
        return rows  # type: ignore[no-any-return]
    # Of a task that was retried twice the last word counts, and all losses.
    last: dict[Key, Any] = {}
    for ready_at, owner, lost_count, instance, key in rows:
        before = last.get((instance, key))
        last[instance, key] = (ready_at, owner, lost_count + (before[2] if before else 0), instance, key)
    return list(last.values())
