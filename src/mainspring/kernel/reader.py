"""The port for looking: what people ask of a store, apart from the turns that change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from mainspring.kernel.census import Offered, TimesRow
from mainspring.kernel.forgetting import Span
from mainspring.kernel.store import DefinitionRow, EndRow, EntryRow

_offered = msgspec.json.Decoder(Offered).decode

PAGE_MAX = 1_000
"""Rows of one page."""


class InstanceView(Struct, frozen=True):
    """An instance as people see it."""

    number: int
    public_id: str
    model: str
    definition: str
    version: int
    status: str
    parent: str | None
    priority: int
    attributes: str | None
    """JSON object."""
    created_at: float
    ended_at: float | None
    output: str | None
    """JSON."""
    error: str | None
    """JSON of a `Failure`."""
    reason: str | None
    parent_key: str | None = None
    """Under which the parent started it: the key of a node, or of an item of a map."""


class TaskView(Struct, frozen=True):
    """A task that waits or runs."""

    key: str
    handler: str
    priority: int
    ready_at: float
    attempt: int
    running: bool
    held: bool
    leased_at: float | None
    progress: float | None
    worker: str | None
    capability: int = 0
    queue: str = ""
    requires: str = ""
    executor: str = ""
    group: str = ""


class HolderView(Struct, frozen=True):
    """A task that runs, and by that has a place in its queue."""

    instance: str
    """Its public id."""
    key: str
    group: str
    worker: str
    leased_at: float


class EventView(Struct, frozen=True):
    """An event that waits for its time."""

    key: str
    kind: str
    ready_at: float


class LogView(Struct, frozen=True):
    key: str
    attempt: int
    at: float
    level: str
    message: str


class WorkerView(Struct, frozen=True):
    id: int
    name: str
    host: str
    process: str
    started_at: float
    lease_until: float
    renewed_at: float
    """Its last sign of life."""
    slots: int
    completed: int
    """Attempts that ended well, up to then."""
    failed: int
    running_count: int
    offer: Offered

    @property
    def takes_tasks(self) -> bool:
        """Whether it would, if it is alive; the engine of a program that only submits does not."""
        return self.slots > 0 and not self.offer.paused


def worker_view(row: Sequence[Any]) -> WorkerView:
    return WorkerView(*(*row[:-1], _offered(row[-1])))


class NeedView(Struct, frozen=True):
    """What waits for workers, ready or not, of one kind."""

    capability: int
    handler: str
    queue: str
    requires: str
    executor: str
    count: int
    ready_at: float
    """The earliest."""


class QueueView(Struct, frozen=True):
    """A queue of which something was said, or that has tasks."""

    name: str
    settings: str = "{}"
    """JSON of `kernel.queue.QueueSettings`."""
    tokens: float = 0.0
    filled_at: float = 0.0
    waiting: int = 0
    """Tasks that are ready, or wait for their time."""
    running: int = 0


def queue_views(told: Sequence[Any], counts: Sequence[Any]) -> list[QueueView]:
    """Of rows (name, settings, tokens, filled_at) and (name, waiting, running); by name."""
    rows = {row[0]: row for row in told}
    numbers = {name: (waiting, running) for name, waiting, running in counts}
    plain = ("{}", 0.0, 0.0)
    return [
        QueueView(*(name, *(rows[name][1:] if name in rows else plain), *numbers.get(name, (0, 0))))
        for name in sorted({*rows, *numbers})
    ]


class TimesView(Struct, frozen=True):
    """How attempts of one capability ended, and sketches of how long they took."""

    handler: str
    queue: str
    row: TimesRow


class SubscriptionView(Struct, frozen=True):
    """Something that an instance waits for from outside."""

    instance: str
    """Its public id."""
    key: str
    name: str
    match: str
    data: str
    opened_at: float


class Filter(Struct, frozen=True):
    """Which instances to list; None: any."""

    status: tuple[str, ...] | None = None
    definition: str | None = None
    model: str | None = None
    since: float | None = None
    """Created at or after."""
    attributes: tuple[tuple[str, str], ...] = ()
    """(name, JSON value) that must be equal."""
    without: tuple[str, ...] = ()
    """Models whose instances are left out."""
    children: bool = False
    """Also those that another instance started."""


class StoreHealth(Struct, frozen=True):
    """What a doctor measures."""

    engine: str
    schema: int
    schema_known: int
    bytes: int
    problems: tuple[str, ...]
    instances: dict[str, int]
    """Count by status."""
    entries_count: int
    tasks_waiting: int
    tasks_running: int
    events_waiting: int
    stuck: tuple[str, ...]
    """Live instances that wait for nothing that exists."""
    orphans: tuple[tuple[str, int], ...]
    """(handler, waiting tasks)."""


class Reader(Protocol):
    """One connection that only reads; safe to use from several threads."""

    def find_instance(self, public_id: str) -> InstanceView | None: ...
    def find_end(self, public_id: str) -> EndRow | None:
        """How an instance ended; None: it has not, or there is none."""

    def find_ends(self, public_ids: Sequence[str]) -> list[EndRow]:
        """How those of them that have ended did, in any order."""

    def list_instances(self, wanted: Filter, *, before: int | None, limit: int) -> list[InstanceView]:
        """Newest first, those numbered below `before`."""

    def count_instances(self, wanted: Filter) -> dict[str, int]:
        """By status."""

    def list_children(self, number: int) -> list[InstanceView]: ...
    def list_entries(self, number: int, *, after: int, limit: int) -> list[EntryRow]: ...
    def find_snapshot(self, number: int) -> tuple[int, str] | None: ...
    def list_tasks(self, number: int, limit: int) -> list[TaskView]: ...
    def list_events(self, number: int) -> list[EventView]: ...
    def list_subscriptions(
        self, kind: str, *, instance: int | None = None, name: str | None = None, match: str | None = None, limit: int
    ) -> list[SubscriptionView]:
        """The oldest first."""

    def list_logs(self, number: int, limit: int) -> list[LogView]: ...
    def list_workers(self) -> list[WorkerView]: ...
    def list_needs(self) -> list[NeedView]:
        """What waits, by capability; reads all tasks that wait."""

    def list_queues(self) -> list[QueueView]:
        """By name; counts all tasks."""

    def list_holders(self, queue: str, limit: int) -> list[HolderView]:
        """What runs of a queue, the longest first."""

    def count_ahead(self, task: TaskView, now: float) -> int:
        """Ready tasks of the same queue that are more urgent, or as urgent and ready before."""

    def list_times(self) -> list[TimesView]: ...
    def find_definition(
        self, name: str, version: int | None = None, *, model: str | None = None
    ) -> DefinitionRow | None:
        """The newest version of that name, or the one asked for."""

    def list_definitions(self) -> list[tuple[str, str]]:
        """Model and name of each, by name."""

    def definition_of(self, number: int) -> DefinitionRow:
        """Of an instance."""

    def ended_spans(self, before: float) -> list[Span]:
        """Spans of numbers of which every instance ended before, with its family; none where history has no spans."""

    def health(self, now: float) -> StoreHealth: ...
    def changed(self) -> bool:
        """Whether anybody has committed since this was last asked."""

    def close(self) -> None: ...
