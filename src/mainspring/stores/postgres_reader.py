"""Looking into a PostgreSQL store: a connection of its own, so that looking never waits for a turn or delays one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import psycopg

from mainspring.errors import BrokenError, StoreNotFoundError
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
from mainspring.stores.postgres import definition_of
from mainspring.stores.postgres_connection import Connection, connect, find_version, told
from mainspring.stores.postgres_url import PostgresUrl, read_url
from mainspring.stores.sql import postgres_reader as sql
from mainspring.stores.sql import postgres_spans as spans
from mainspring.stores.sql.postgres import PULSE
from mainspring.stores.sql.postgres_schema import MIGRATIONS

WAITING_LONG_S = 60.0
"""A task that has been ready for longer than this, with nobody to take it, is worth a remark."""
NUL = "\\u0000"
"""As JSON writes it."""


class PostgresReader:
    """See `mainspring.kernel.reader.Reader`."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._pulse: tuple[int, bool] | None = None
        self._is_closed = False
        self._connection: Connection | None = connect(url, write=False)

    @classmethod
    def of(cls, given: str) -> PostgresReader:
        """Of a store that is there; raises `StoreNotFoundError`."""
        reader = cls(read_url(given))
        try:
            version = reader._version()
        except BaseException:
            reader.close()
            raise
        if not version:
            reader.close()
            raise StoreNotFoundError(
                f"there is no store in schema {reader._url.schema!r} of {reader._url.shown}; an Engine makes one"
            )
        return reader

    def _rows(self, statement: str, values: Any = None) -> list[Any]:
        """What a statement answers; a connection that was lost meanwhile is opened again, once."""
        with self._lock:
            for is_last in (self._connection is None, True):
                try:
                    if self._connection is None:
                        self._connection = connect(self._url, write=False)
                    return self._connection.execute(statement, values).fetchall()
                except psycopg.Error as error:
                    is_lost = self._connection is not None and self._connection.closed
                    if is_lost and self._connection is not None:
                        self._connection.close()
                        self._connection = None
                    if is_last or not is_lost or self._is_closed:
                        raise told(error, self._url) from error
        raise BrokenError("a statement was neither answered nor refused")

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    def changed(self) -> bool:
        last, is_called, _ = self._rows(PULSE)[0]
        before, self._pulse = self._pulse, (last, is_called)
        return before != self._pulse

    def _version(self) -> int:
        with self._lock:
            assert self._connection is not None
            try:
                return find_version(self._connection, self._url)
            except psycopg.Error as error:
                raise told(error, self._url) from error

    # --- Instances ----------------------------------------------------------------------------

    def find_instance(self, public_id: str) -> InstanceView | None:
        rows = self._rows(sql.FIND_INSTANCE, (public_id,))
        return InstanceView(*rows[0]) if rows else None

    def find_end(self, public_id: str) -> EndRow | None:
        rows = self._rows(sql.FIND_END, (public_id,))
        return EndRow(*rows[0]) if rows else None

    def find_ends(self, public_ids: Sequence[str]) -> list[EndRow]:
        return [EndRow(*row) for row in self._rows(sql.FIND_ENDS, (list(public_ids),))] if public_ids else []

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
        return (rows[0][0], rows[0][1]) if rows else None

    def list_tasks(self, number: int, limit: int) -> list[TaskView]:
        return [TaskView(*row) for row in self._rows(sql.LIST_TASKS, (number, limit))]

    def list_events(self, number: int) -> list[EventView]:
        return [EventView(*row) for row in self._rows(sql.LIST_EVENTS, (number,))]

    def list_subscriptions(
        self, kind: str, *, instance: int | None = None, name: str | None = None, match: str | None = None, limit: int
    ) -> list[SubscriptionView]:
        asked = {"kind": kind, "instance": instance, "name": name, "match": match}
        values = {column: value for column, value in asked.items() if value is not None}
        conditions = " and ".join(f"subscription.{column} = %({column})s" for column in values)
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
        return definition_of(rows[0]) if rows else None

    def list_definitions(self) -> list[tuple[str, str]]:
        return [(model, name) for model, name in self._rows(sql.LIST_DEFINITIONS)]

    def definition_of(self, number: int) -> DefinitionRow:
        rows = self._rows(sql.DEFINITION_OF, (number,))
        if not rows:
            raise BrokenError(f"instance number {number} has no definition")
        return definition_of(rows[0])

    # --- History ------------------------------------------------------------------------------

    def ended_spans(self, before: float) -> list[Span]:
        return [(first, beyond) for first, beyond in self._rows(spans.ENDED_SPANS, (spans.GIVEN_S, before))]

    # --- Health -------------------------------------------------------------------------------

    def health(self, now: float) -> StoreHealth:
        ((waiting, running),) = self._rows(sql.COUNT_TASKS)
        return StoreHealth(
            engine="postgresql",
            schema=self._version(),
            schema_known=len(MIGRATIONS),
            bytes=self._rows(sql.SIZE, (self._url.schema,))[0][0],
            problems=tuple(row[0] for row in self._rows(sql.PROBLEMS, {"schema": self._url.schema})),
            instances=dict(self._rows(sql.COUNT_INSTANCES)),
            entries_count=self._rows(sql.COUNT_ENTRIES)[0][0],
            tasks_waiting=waiting,
            tasks_running=running,
            events_waiting=self._rows(sql.COUNT_EVENTS)[0][0],
            stuck=tuple(row[0] for row in self._rows(sql.STUCK)),
            orphans=tuple((handler, count) for handler, count in self._rows(sql.WAITING_LONG, (now - WAITING_LONG_S,))),
        )


def _conditions(wanted: Filter, before: int | None) -> tuple[str, dict[str, Any]]:
    """Of a `where`, and what is bound to it."""
    values: dict[str, Any] = {
        "before": before,
        "status": None if wanted.status is None else list(wanted.status),
        "definition": wanted.definition,
        "model": wanted.model,
        "without": list(wanted.without) or None,
        "since": wanted.since,
    }
    conditions = [sql.CONDITIONS[name] for name, value in values.items() if value is not None]
    if not wanted.children:
        conditions.append(sql.CONDITIONS["parent"])
    for place, (name, value) in enumerate(wanted.attributes):
        # A text with a NUL character is none that PostgreSQL could compare, so it equals nothing.
        conditions.append(
            sql.ATTRIBUTE.format(name=f"name{place}", value=f"value{place}") if NUL not in value else "false"
        )
        values[f"name{place}"], values[f"value{place}"] = name, value
    return " and ".join(conditions) or "true", values
