"""The port to a store: what a turn reads, what it writes, and when.

A store is used by one thread.  `begin` opens the one transaction of a turn; everything below it takes part in it.
A turn gathers its writes in `Changes` and hands them over as a whole, one statement per table.  The meaning of this
port is the conformance suite in `tests/stores/`, which runs against every engine.

Rows are plain tuples in the order of the fields named here: they are bound to statements as they are.
JSON travels as `str`, because users read these tables with plain SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from mainspring.clock import Clock
from mainspring.kernel.census import Census
from mainspring.kernel.forgetting import Forgetting
from mainspring.kernel.need import Need
from mainspring.models.contract import StartOn

NOT_LEASED: None = None
HELD = 0
"""Owner of a task that a paused instance keeps back; no worker has this id."""

ENDED_ATTEMPT = -1
"""Owner of a task whose attempt has ended, until a process that hosts the definition has dealt with its outcome."""

Key = tuple[int, str]
"""(instance, key)"""


# --- Rows that are read -----------------------------------------------------------------------


class InstanceRow(Struct, frozen=True, gc=False):
    """An instance as a turn needs it."""

    id: int
    public_id: str
    definition: int
    status: str
    parent: int | None
    parent_key: str | None
    priority: int
    group: str | None = None
    """Of its tasks, among which queues share out fairly."""
    detached: bool = False
    """It stands on its own; its parent is only told of its end.  (A number in some stores.)"""


class EntryRow(Struct, frozen=True, gc=False):
    """One entry of the journal: an event and what was decided."""

    instance: int
    seq: int
    at: float
    kind: str
    event: str
    decisions: str


class EventRow(Struct, frozen=True, gc=False):
    """Something addressed to an instance that waits for its time or for a process that hosts the definition."""

    instance: int
    key: str
    ready_at: float
    kind: str
    data: str


class DefinitionRow(Struct, frozen=True, gc=False):
    id: int
    model: str
    name: str
    version: int
    digest: str
    document: bytes


class MessageRow(Struct, frozen=True, gc=False):
    """A message that waits for a receiver."""

    id: int
    data: str
    message_id: str
    """Given by its sender; empty: none."""
    expires_at: float
    match: str


class WaitingRow(Struct, frozen=True, gc=False):
    """A task that could be claimed, as it is before it is."""

    priority: int
    ready_at: float
    instance: int
    key: str
    capability: int
    attempt: int
    token: int
    timeout_s: float | None
    payload: str
    public_id: str


class QueueRow(Struct, frozen=True, gc=False):
    """A queue of which something was said, and how far its tokens and turns have come."""

    id: int
    name: str
    settings: str
    """JSON of `kernel.queue.QueueSettings`."""
    tokens: float = 0.0
    filled_at: float = 0.0
    cursor: str = ""
    """The group whose turn it was last."""
    served: int = 0
    """Tasks that it was given in that turn."""


class OnceRow(Struct, frozen=True, gc=False):
    """An instance that is to be there once, under a name."""

    name: str
    instance: int
    public_id: str
    status: str
    until: float
    """It counts until then, also if it has ended."""
    has_begun: bool
    """Whether an attempt of any task of it was made, or it has left its start: done more than wait, or be paused."""


class HeldRow(Struct, frozen=True, gc=False):
    """A task as its owner left it."""

    instance: int
    key: str
    attempt: int
    lost_count: int
    leased_at: float
    token: int


class EndRow(Struct, frozen=True, gc=False):
    id: int
    public_id: str
    status: str
    output: str | None
    error: str | None
    reason: str | None


# --- Writes -----------------------------------------------------------------------------------


class Changes:
    """All that one turn writes; each attribute holds the parameter rows of one statement, in the order of writing."""

    __slots__ = (
        "events",
        "held",
        "instances",
        "journal",
        "logs",
        "once",
        "progress",
        "released",
        "snapshots",
        "statuses",
        "subscriptions",
        "swept",
        "tasks",
        "tasks_done",
        "tasks_freed",
        "tasks_retried",
    )

    def __init__(self) -> None:
        self.swept: list[tuple[int]] = []
        """instance whose tasks, events and subscriptions are taken back before anything below is written; but no
        `Received`, which looks for another receiver"""
        self.instances: list[tuple[Any, ...]] = []
        """id, public_id, definition, status, parent, parent_key, priority, attributes, created_at, group, detached"""
        self.journal: list[tuple[int, int, float, str, str, str]] = []
        """instance, seq, at, kind, event, decisions"""
        self.tasks: list[tuple[Any, ...]] = []
        """instance, key, capability, priority, ready_at, attempt, token, owner, leased_at, timeout_s, payload, queue,
        group; the queue is None where it is a plain one"""
        self.tasks_retried: list[tuple[float, int | None, int, int, str]] = []
        """ready_at, owner, lost_count added, instance, key: leased no longer; the attempt stays counted"""
        self.tasks_freed: list[tuple[int, str, int]] = []
        """instance, key, token: given back, uncounted, if the lease is in force"""
        self.tasks_done: list[Key] = []
        """instance, key"""
        self.progress: list[tuple[float, int, str]] = []
        """fraction, instance, key"""
        self.held: dict[int, tuple[int]] = {}
        """by instance: instance whose waiting tasks are held; none that is released in the same breath"""
        self.released: dict[int, tuple[int]] = {}
        """by instance: instance whose held tasks wait again"""
        self.statuses: dict[int, tuple[str, float | None, str | None, str | None, str | None, int]] = {}
        """by instance: status, ended_at, output, error, reason, instance"""
        self.events: dict[int, dict[str, tuple[int, str, float, str, str] | None]] = {}
        """by instance and key: instance, key, ready_at, kind, data; None deletes"""
        self.subscriptions: dict[Key, tuple[int, str, str, str, str, str, float] | None] = {}
        """by instance and key: instance, key, kind, name, match, data, opened_at; None deletes"""
        self.logs: list[tuple[int, str, int, float, str, str]] = []
        """instance, key, attempt, at, level, message"""
        self.once: dict[str, tuple[str, int, float]] = {}
        """by name: name, instance, until; in place of what had that name"""
        self.snapshots: list[tuple[int, int, str]] = []
        """instance, seq, state"""

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


# --- The port ---------------------------------------------------------------------------------


class Store(Census, Forgetting, Protocol):
    """One connection that writes.  Every method below `begin` is called inside a transaction."""

    poll_s: float | None
    """How often `foreign` should be asked while nothing is to be done; None: nobody else can write."""
    is_shared: bool
    """Whether others write while a transaction is open (`kernel.contention`); False: it is alone among all writers."""
    socket: int | None
    """A file descriptor in which something arrives when another process wants to be heard; None: there is none."""

    @property
    def clock(self) -> Clock | None:
        """The clock that all processes share; None: the machine's will do."""

    def begin(self) -> None:
        """Open the turn's transaction; waits for that of another process, unless the store is shared."""

    def commit(self) -> None:
        """Make it durable: when this returns, the changes survive a crash of the machine."""

    def rollback(self) -> None:
        """Undo all since `begin`; harmless when no transaction is open."""

    def close(self) -> None: ...

    def changed(self) -> bool:
        """Whether another connection has committed since this was last asked inside a transaction."""

    def foreign(self) -> bool:
        """Whether another connection has committed since `changed` was last asked; asked outside, forgets nothing."""

    def write(self, changes: Changes) -> None: ...

    def reserve(self, name: str, count: int) -> int:
        """The first of `count` numbers that nobody else gets."""

    # Locks, of a store that is shared
    def lock(self, ids: Sequence[int], *, wait: bool) -> set[int]:
        """Keep instances still until the transaction ends; returns those that there are.

        Raises `Contended` if another process has one, and `wait` is not asked for.
        """

    # Definitions
    def find_definition(self, *, id: int | None = None, digest: str | None = None) -> DefinitionRow | None: ...
    def find_newest(self, model: str, name: str) -> DefinitionRow | None:
        """The newest version of a definition."""

    def add_definition(self, model: str, name: str, digest: str, document: bytes, at: float) -> DefinitionRow: ...
    def intern_capability(self, need: Need) -> int:
        """The number that stands for what a task needs."""

    def list_capabilities(self) -> list[tuple[int, Need]]: ...

    # Instances
    def find_ids(self, public_ids: Iterable[str]) -> dict[str, int]: ...
    def load_instances(self, ids: Iterable[int]) -> list[InstanceRow]: ...
    def find_snapshot(self, instance: int) -> tuple[int, str] | None:
        """(seq, state)"""

    def load_snapshots(self, ids: Iterable[int]) -> dict[int, tuple[int, str]]: ...
    def load_tails(self, after: Iterable[tuple[int, int]]) -> list[EntryRow]:
        """Entries of the given instances after the given seq, in order."""

    def list_children(self, instance: int) -> list[tuple[int, str, str]]:
        """(id, parent_key, status) of all children, ended or not, that do not stand on their own."""

    def load_ends(self, ids: Iterable[int]) -> list[EndRow]:
        """Those of the given instances that have ended."""

    # Events and tasks
    def due_events(self, now: float, limit: int, unhosted: Iterable[int]) -> list[EventRow]:
        """Due events, earliest first, without those of definitions that this process does not host."""

    def line(self, instance: int) -> list[tuple[str, float]]:
        """Kinds and times of the events that wait in line for an instance; their keys begin with `!`."""

    def next_event_at(self, unhosted: Iterable[int]) -> float | None: ...
    def waiting(
        self, capability: int, now: float, limit: int, *, group: str | None = None, each: bool = False
    ) -> list[WaitingRow]:
        """Claimable tasks, the most urgent first: priority, ready_at, instance, key.

        What is passed over for the time being is found once `next_task_at` has come.
        `group`: only those of one group of a managed queue.  `each`: up to `limit` of each priority.
        """

    def waiting_groups(self, capability: int, after: str | None, limit: int) -> list[str]:
        """Groups of a managed queue that have tasks which wait, ready or not, in order, behind the one given."""

    def next_task_at(self, capability: int, now: float) -> float | None:
        """When the next task that is not ready yet will be, or when more can be said; None: never as things are."""

    def has_not_begun(self, instance: int, key: str) -> bool:
        """Whether a task waits, or is held, and no attempt of it was ever made."""

    def lease(self, keys: Sequence[Key], owner: int, now: float) -> None:
        """Lease tasks found waiting in this transaction: each counts an attempt and gets the next token."""

    def stale(self, leases: Sequence[tuple[int, str, int]], owner: int) -> set[Key]:
        """Which of our leases (instance, key, token) are not ours any more."""

    def is_leased(self, instance: int, key: str, token: int) -> bool:
        """Whether a lease is in force; if it is, nobody can end it before this transaction does.

        Tokens are never given twice, so that no owner need be named.
        """

    # Once
    def find_once(self, names: Iterable[str]) -> dict[str, OnceRow]:
        """By name, those that began once; nobody else looks for these names before this transaction ends."""

    # Queues
    def list_queues(self) -> list[QueueRow]:
        """Those of which something was said."""

    def lock_queues(self, ids: Sequence[int]) -> list[QueueRow]:
        """The same, by id, which nobody else reads in this way before this transaction ends."""

    def find_queue(self, name: str) -> QueueRow | None: ...
    def put_queue(self, row: QueueRow, *, managed: bool) -> None:
        """Add or change a queue; its tasks that are there become those of a managed, or a plain one."""

    def save_queue(self, row: QueueRow) -> None:
        """Keep how far tokens and turns have come."""

    def count_running(self, queue: int) -> dict[str, int]:
        """Live leases of a managed queue by group."""

    # Messages
    def find_subscribers(self, kind: str, name: str, match: str, limit: int) -> list[Key]:
        """What waits for it, oldest instance first."""

    def find_message(self, name: str, match: str, now: float) -> MessageRow | None:
        """The oldest that waits for a receiver and has not expired."""

    def list_messages(self, name: str, now: float, limit: int) -> list[MessageRow]:
        """All of a name that wait for a receiver and have not expired, oldest first."""

    def add_message(
        self, name: str, match: str, data: str, *, id: str, receiver: str | None, expires_at: float
    ) -> None:
        """Keep a message until somebody wants it; or, with a receiver, that it has been given (only with an id)."""

    def take_message(self, id: int, receiver: str) -> None:
        """It is given; one that its sender gave an id is remembered without its data until it expires."""

    def find_told(self, message_id: str, now: float) -> str | None:
        """Who got the message that its sender gave this id; empty: nobody yet; None: it is not known."""

    def forget_told(self, message_id: str) -> None:
        """Who got the message of this id did not want it any more."""

    def forget_messages(self, now: float) -> None:
        """Delete those that have expired."""

    def find_starts(self, kind: str, name: str, limit: int) -> list[tuple[int, str]]:
        """(definition, entry) of what it begins."""

    def list_starts(self, definition: int) -> list[StartOn]:
        """What begins an instance of a definition that is the newest of its name."""

    def put_starts(self, row: DefinitionRow, starts: Iterable[StartOn]) -> None:
        """What begins the definition, in place of what began older versions of it."""

    # What dead workers left
    def held_by(self, worker: int, limit: int) -> list[HeldRow]: ...
    def orphans(self, limit: int) -> list[HeldRow]:
        """Tasks leased to workers that are not known."""
