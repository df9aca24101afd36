"""Who works, in the PostgreSQL store; see `mainspring.kernel.census.Census`."""

from __future__ import annotations

from collections.abc import Sequence

from mainspring.kernel.census import Renewal, TimesRow, WorkerRow
from mainspring.stores.postgres_rows import columns, numbers
from mainspring.stores.postgres_session import PostgresSession
from mainspring.stores.sql import postgres as sql


class PostgresCensus(PostgresSession):
    """A part of `PostgresStore`."""

    def hold_worker(self, id: int) -> bool:
        return bool(self._rows(sql.HOLD_WORKER, (id,)))

    def seize_worker(self, worker: WorkerRow) -> bool:
        return bool(self._rows(sql.SEIZE_WORKER, (worker.id, worker.lease_until)))

    def register_worker(self, worker: WorkerRow, now: float) -> None:
        self._write(
            sql.ADD_WORKER,
            (worker.id, worker.name, worker.host, worker.process, worker.lease_until, now, now, worker.slots),
        )

    def renew_worker(self, renewal: Renewal) -> bool:
        values = (renewal.lease_until, renewal.at, renewal.completed, renewal.failed, renewal.offer, renewal.id)
        return bool(self._rows(sql.RENEW_WORKER, values))

    def list_workers(self) -> list[WorkerRow]:
        return [WorkerRow(*row) for row in self._rows(sql.LIST_WORKERS)]

    def delete_worker(self, id: int) -> None:
        self._write(sql.DELETE_WORKER, (id,))

    def lock_times(self, capabilities: Sequence[int]) -> list[TimesRow]:
        # What is not there cannot be locked, so it is put there first.
        wanted = (numbers(capabilities),)
        self._write(sql.ADD_TIMES, wanted)
        return [TimesRow(*row) for row in self._rows(sql.LOCK_TIMES, wanted)]

    def put_times(self, rows: Sequence[TimesRow]) -> None:
        values = [(row.capability, row.completed, row.failed, row.waiting, row.running) for row in rows]
        self._write(sql.PUT_TIMES, columns(values, "nnntt"))
