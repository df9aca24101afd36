"""The part of the store's port that knows who works: what workers offer and have done, and how long tasks took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class WorkerRow(Struct, frozen=True, gc=False):
    """One incarnation of a process that works."""

    id: int
    name: str
    host: str
    process: str
    lease_until: float
    slots: int = 0
    """Attempts at once."""


class Renewal(Struct, frozen=True, gc=False):
    """What a worker says of itself from time to time, and at its beginning."""

    id: int
    lease_until: float
    at: float
    completed: int = 0
    """Attempts of this incarnation that ended well."""
    failed: int = 0
    offer: str | None = None
    """JSON of an `Offered`; None: as before."""


class Offered(Struct, omit_defaults=True):
    """What a worker offers."""

    labels: dict[str, bool | int | float | str] = {}
    queues: list[str] | None = None
    """Those that it serves; None: all."""
    capabilities: list[int] = []
    """Numbers of the needs that it can meet, of those that it has heard of."""
    clusters: dict[str, str] = {}
    """By kind, why it cannot be reached; empty: it can."""
    paused: bool = False
    """It begins nothing for now."""


class TimesRow(Struct, frozen=True, gc=False):
    """How attempts of one capability ended, and how long they took."""

    capability: int
    completed: int
    failed: int
    waiting: str
    """JSON of a `Sketch` of seconds from when they were ready until they began."""
    running: str
    """JSON of a `Sketch` of seconds from their beginning to their end."""


class Census(Protocol):
    """Every method is called inside a transaction."""

    def register_worker(self, worker: WorkerRow, now: float) -> None: ...
    def renew_worker(self, renewal: Renewal) -> bool:
        """False: the incarnation is not known any more, its leases are gone."""

    def hold_worker(self, id: int) -> bool:
        """Keep others from burying a worker until the transaction ends; False: they have."""

    def seize_worker(self, worker: WorkerRow) -> bool:
        """Whether this transaction is the one that may bury a worker, which has not renewed its lease meanwhile."""

    def list_workers(self) -> list[WorkerRow]: ...
    def delete_worker(self, id: int) -> None: ...
    def lock_times(self, capabilities: Sequence[int]) -> list[TimesRow]:
        """Those that are there, as nobody else changes them before this transaction ends."""

    def put_times(self, rows: Sequence[TimesRow]) -> None:
        """Keep these in place of what was there; they were locked before."""
