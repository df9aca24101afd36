"""Looking into a SQLite store: a connection of its own, so that looking never waits for a turn or delays one."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from mainspring.errors import BrokenError
from mainspring.kernel.census import TimesRow
from mainspring.kernel.forgetting import Span
from mainspring.kernel.reader import (
    EventView,
    Filter,
    HolderView,
    InstanceView,
    LogView,
    NeedView,
    QueueView,
    StoreHealth,
    SubscriptionView,
    TaskView,
    TimesView,
    WorkerView,
    queue_views,
    worker_view,
)
from mainspring.kernel.store import DefinitionRow, EndRow, EntryRow
from mainspring.stores.sql import sqlite_reader as sql
from mainspring.stores.sql.sqlite_public_id import named, names
from mainspring.stores.sql.sqlite_schema import MIGRATIONS
from mainspring.stores.sqlite_file import Translated, connect

WAITING_LONG_S = 60.0
"""A task that has been ready for longer than this, with nobody to take it, is worth a remark."""


class SqliteReader:
    """See `mainspring.kernel.reader.Reader`."""

    def __init__(self, path: str | None, memory_name: str | None = None) -> None:
        self._path = path
        with Translated(path):
            self._connection = connect(path, memory_name, write=False)
        self._lock = threading.Lock()
        self._version = -1

    def _rows(self, statement: str, values: Any = ()) -> list[Any]:
        with self._lock, Translated(self._path):
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def changed(self) -> bool:
        with self._lock:
            before, self._version = self._version, int(self._connection.pragma("data_version"))
        return before != self._version

    # --- Instances ----------------------------------------------------------------------------

    def find_instance(self, public_id: str) -> InstanceView | None:
        rows = self._rows(sql.FIND_INSTANCE, named(public_id))
        return InstanceView(*rows[0]) if rows else None

    def find_end(self, public_id: str) -> EndRow | None:
        rows = self._rows(sql.FIND_END, named(public_id))
        return EndRow(*rows[0]) if rows else None

    def find_ends(self, public_ids: Sequence[str]) -> list[EndRow]:
        return [EndRow(*row) for row in self._rows(sql.FIND_ENDS, names(public_ids))]

    def list_instances(self, wanted: Filter, *, before: int | None, limit: int) -> list[InstanceView]:
        conditions, values = _conditions(wanted, before)
        statement = sql.LIST_INSTANCES.format(conditions=conditions)
        return [InstanceView(*row) for row in self._rows(statement, values | {"limit": limit})]

    def count_instances(self, wanted: Filter) -> dict[str, int]:
        conditions, values = _conditions(wanted, None)
        return dict(self._rows(sql.COUNT_WANTED.format(conditions=conditions), values))

    def list_children(self, number: int) -> list[InstanceView]:
        return [InstanceView(*row) for row in self._rows(sql.LIST_CHILDREN, (number,))]

    def list_entries(self, number: int, *, after: int, limit: int) -> list[EntryRow]:
        return [EntryRow(*row) for row in self._rows(sql.LIST_ENTRIES, (number, after, limit))]

    def find_snapshot(self, number: int) -> tuple[int, str] | None:
        rows = self._rows(sql.FIND_SNAPSHOT, (number,))
        return tuple(rows[0]) if rows else None

    def list_tasks(self, number: int, limit: int) -> list[TaskView]:
        return [
            TaskView(key, handler, priority, ready_at, attempt, bool(running), bool(held), *rest)
            for key, handler, priority, ready_at, attempt, running, held, *rest in self._rows(
                sql.LIST_TASKS, (number, limit)
            )
        ]

    def list_events(self, number: int) -> list[EventView]:
        return [EventView(*row) for row in self._rows(sql.LIST_EVENTS, (number,))]

    def list_subscriptions(
        self, kind: str, *, instance: int | None = None, name: str | None = None, match: str | None = None, limit: int
    ) -> list[SubscriptionView]:
        asked = {"kind": kind, "instance": instance, "name": name, "match": match}
        values = {column: value for column, value in asked.items() if value is not None}
        conditions = " and ".join(f"subscription.{column} = :{column}" for column in values)
        statement = sql.LIST_SUBSCRIPTIONS.format(conditions=conditions)
        return [SubscriptionView(*row) for row in self._rows(statement, {**values, "limit": limit})]

    def list_logs(self, number: int, limit: int) -> list[LogView]:
        return [LogView(*row) for row in self._rows(sql.LIST_LOGS, (number, limit))]

    def list_workers(self) -> list[WorkerView]:
        return [worker_view(row) for row in self._rows(sql.LIST_WORKERS)]

    def list_needs(self) -> list[NeedView]:
        return [NeedView(*row) for row in self._rows(sql.LIST_NEEDS)]

    def list_queues(self) -> list[QueueView]:
        return queue_views(self._rows(sql.TOLD_QUEUES), self._rows(sql.COUNT_QUEUES))

    def list_holders(self, queue: str, limit: int) -> list[HolderView]:
        return [HolderView(*row) for row in self._rows(sql.LIST_HOLDERS, (queue, limit))]

    def count_ahead(self, task: TaskView, now: float) -> int:
        values = {"now": now, "queue": task.queue, "priority": task.priority, "ready_at": task.ready_at}
        return int(self._rows(sql.COUNT_AHEAD, values)[0][0])

    def list_times(self) -> list[TimesView]:
        return [TimesView(handler, queue, TimesRow(*rest)) for handler, queue, *rest in self._rows(sql.LIST_TIMES)]

    # --- Definitions --------------------------------------------------------------------------

    def find_definition(
        self, name: str, version: int | None = None, *, model: str | None = None
    ) -> DefinitionRow | None:
        rows = self._rows(sql.FIND_DEFINITION, {"name": name, "version": version, "model": model})
        return _definition(rows[0]) if rows else None

    def list_definitions(self) -> list[tuple[str, str]]:
        return [(model, name) for model, name in self._rows(sql.LIST_DEFINITIONS)]

    def definition_of(self, number: int) -> DefinitionRow:
        rows = self._rows(sql.DEFINITION_OF, (number,))
        if not rows:
            raise BrokenError(f"instance number {number} has no definition")
        return _definition(rows[0])

    # --- History ------------------------------------------------------------------------------

    def ended_spans(self, before: float) -> list[Span]:  # noqa: ARG002 - history lies in one piece here
        return []

    # --- Health -------------------------------------------------------------------------------

    def health(self, now: float) -> StoreHealth:
        checks = [row[0] for row in self._rows("pragma quick_check(20)")]
        ((waiting, running),) = self._rows(sql.COUNT_TASKS)
        return StoreHealth(
            engine="sqlite",
            schema=int(self._rows("pragma user_version")[0][0]),
            schema_known=len(MIGRATIONS),
            bytes=self._bytes(),
            problems=tuple(check for check in checks if check != "ok"),
            instances=dict(self._rows(sql.COUNT_INSTANCES)),
            entries_count=self._rows(sql.COUNT_ENTRIES)[0][0],
            tasks_waiting=waiting,
            tasks_running=running,
            events_waiting=self._rows(sql.COUNT_EVENTS)[0][0],
            stuck=tuple(row[0] for row in self._rows(sql.STUCK)),
            orphans=tuple(tuple(row) for row in self._rows(sql.WAITING_LONG, (now - WAITING_LONG_S,))),
        )

    def _bytes(self) -> int:
        if self._path is None:
            pages, size = self._rows("pragma page_count")[0][0], self._rows("pragma page_size")[0][0]
            return int(pages) * int(size)
        files = (self._path, f"{self._path}-wal")
        return sum(os.path.getsize(file) for file in files if os.path.exists(file))


def _definition(row: Sequence[Any]) -> DefinitionRow:
    id, model, name, version, digest, document = row
    return DefinitionRow(id, model, name, version, digest, document.encode())


def _conditions(wanted: Filter, before: int | None) -> tuple[str, dict[str, Any]]:
    """Of a `where`, and what is bound to it."""
    values: dict[str, Any] = {
        "before": before,
        "status": None if wanted.status is None else msgspec.json.encode(wanted.status).decode(),
        "definition": wanted.definition,
        "model": wanted.model,
        "without": msgspec.json.encode(wanted.without).decode() if wanted.without else None,
        "since": wanted.since,
    }
    conditions = [sql.CONDITIONS[name] for name, value in values.items() if value is not None]
    if wanted.status and sql.USUAL.isdisjoint(wanted.status):
        conditions.append(sql.CONDITIONS["unusual"])
    if not wanted.children:
        conditions.append(sql.CONDITIONS["parent"])
    for place, (name, value) in enumerate(wanted.attributes):
        conditions.append(sql.ATTRIBUTE.format(path=f":path{place}", value=f":value{place}"))
        values[f"path{place}"] = '$."' + name.replace('"', '\\"') + '"'
        values[f"value{place}"] = value
    return " and ".join(conditions) or "true", {name: value for name, value in values.items() if value is not None}
