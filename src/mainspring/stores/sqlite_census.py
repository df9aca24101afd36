"""Who works, in the SQLite store; see `mainspring.kernel.census.Census`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mainspring.kernel.census import Renewal, TimesRow, WorkerRow
from mainspring.stores.sql import sqlite as sql

_encode = msgspec.json.Encoder().encode


class SqliteCensus:
    """A part of `SqliteStore`."""

    def _rows(self, statement: str, values: Any = ()) -> list[Any]:
        raise NotImplementedError

    def _many(self, statement: str, rows: Iterable[Any]) -> list[Any]:
        raise NotImplementedError

    def hold_worker(self, id: int) -> bool:
        return any(worker.id == id for worker in self.list_workers())

    def seize_worker(self, worker: WorkerRow) -> bool:  # noqa: ARG002
        return True

    def register_worker(self, worker: WorkerRow, now: float) -> None:
        self._rows(
            sql.ADD_WORKER,
            (worker.id, worker.name, worker.host, worker.process, worker.lease_until, now, now, worker.slots),
        )

    def renew_worker(self, renewal: Renewal) -> bool:
        values = (renewal.lease_until, renewal.at, renewal.completed, renewal.failed, renewal.offer, renewal.id)
        return bool(self._rows(sql.RENEW_WORKER, values))

    def list_workers(self) -> list[WorkerRow]:
        return [WorkerRow(*row) for row in self._rows(sql.LIST_WORKERS)]

    def delete_worker(self, id: int) -> None:
        self._rows(sql.DELETE_WORKER, (id,))

    def lock_times(self, capabilities: Sequence[int]) -> list[TimesRow]:
        wanted = _encode(list(capabilities)).decode()
        return [TimesRow(*row) for row in self._rows(sql.LOCK_TIMES, (wanted,))]

    def put_times(self, rows: Sequence[TimesRow]) -> None:
        values = [(row.capability, row.completed, row.failed, row.waiting, row.running) for row in rows]
        self._many(sql.PUT_TIMES, values)
