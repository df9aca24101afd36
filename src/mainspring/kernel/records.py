"""The values that cross the kernel's border: inputs on their way in, attempts and a report on their way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.kernel.forgetting import Span
from mainspring.kernel.store import EndRow
from mainspring.models.contract import Deployable, Event, Failure, TaskCompleted, TaskFailed

_failure = msgspec.json.Decoder(Failure).decode

LogLine = tuple[float, str, str]
"""When, level name, message."""


# --- Out: work for the worker -----------------------------------------------------------------


class Attempt(Struct, gc=False):
    """One try of one task, leased to this process."""

    instance: int
    key: str
    handler: str
    payload: bytes
    """JSON object: the handler's arguments by parameter name; variadic ones under `*`."""
    attempt: int
    """Numbered from 1."""
    token: int
    """Fencing token of the lease; a settlement that names another one is refused."""
    public_id: str
    """The instance's id as users know it."""
    timeout_s: float | None = None
    ready_at: float = 0.0
    capability: int = 0
    pool: str = ""
    """Of the slot that it fills."""
    memory_max_mb: float | None = None


# --- In: what a turn is asked to take in ------------------------------------------------------


class Settle(Struct, gc=False):
    """The outcome of an attempt, with the lines it logged."""

    attempt: Attempt
    event: TaskCompleted | TaskFailed
    lines: tuple[LogLine, ...] = ()
    reply: Any = None
    """Of whoever carries it out elsewhere: True, or the error that says why it is refused."""


class Recorded(Struct, gc=False):
    """An attempt whose outcome stands in the store already, by way of a transaction of its own (`kernel.enlist`)."""

    attempt: Attempt
    event: TaskCompleted
    reply: Any = None


class Release(Struct, gc=False):
    """An attempt that never began is given back, uncounted."""

    attempt: Attempt
    reply: Any = None


class Progress(Struct, gc=False):
    """How far an attempt has come, and what it logged meanwhile."""

    attempt: Attempt
    fraction: float | None
    """0 to 1; None: only lines."""
    lines: tuple[LogLine, ...] = ()


class Once(Struct, frozen=True, gc=False):
    """What is to be there once, however often it is asked for."""

    key: str
    """Among the instances of a definition's name."""
    window_s: float = 0.0
    """Since it began, also if it has ended; one that lives counts in any case."""
    debounce_s: float | None = None
    """Begin so long after it was asked for last: one that has not begun yet gives way to the new one."""


class StartEntry(Struct, frozen=True, gc=False):
    """One instance to start."""

    input: bytes
    public_id: str | None = None
    """Chosen by the caller, who gets the same instance for the same id; None: given by the store."""
    priority: int = 0
    not_before: float = 0.0
    attributes: bytes | None = None
    """JSON object by which the instance can be found."""
    group: str | None = None
    """Of its tasks; children inherit it."""
    once: Once | None = None
    expires_s: float = 0.0
    """A task that has not begun so long after it could have is not wanted any more; 0: it always is."""
    key: str = ""
    """By which messages find it; not unique."""
    entry: str = ""
    """What of the definition it begins with; empty: the usual."""


class Start(Struct):
    """Start instances of one definition; the reply is a list of `Begun`, in order."""

    definition: Deployable
    entries: list[StartEntry]
    reply: Any = None


class Begun(Struct, frozen=True, gc=False):
    """An instance that was started now, or (`existed`) before under the same id or as the same once."""

    instance: int
    public_id: str
    existed: bool = False


class Deploy(Struct):
    """Store a definition; the reply is its version."""

    definition: Deployable
    reply: Any = None


class Tell(Struct, gc=False):
    """Deliver an event to an instance.

    The reply is True, or False if it was left for a process that hosts the definition; for a signal what the model
    answers, or None; or the error that says why it is refused.
    """

    public_id: str
    event: Event
    reply: Any = None


class Correlate(Struct):
    """Give a message to the one instance that waits for it, or let it begin one.

    The reply is the public id of the receiver; None where nobody waits and it is kept for `ttl_s`; or an error.
    """

    name: str
    key: str
    data: bytes
    ttl_s: float = 0.0
    id: str = ""
    reply: Any = None


class Broadcast(Struct):
    """Give a signal to all instances that wait for it, and let it begin others; the reply is how many."""

    name: str
    data: bytes
    reply: Any = None


class Ask(Struct):
    """Reply with where an instance stands, as its model words it."""

    public_id: str
    reply: Any = None


class Await(Struct):
    """Reply with the `End` of each of these instances as soon as it has ended."""

    public_ids: Sequence[str]
    reply: Any = None


class Prune(Struct):
    """Forget ended instances, and what is old of others; the reply is how many instances and entries went.

    At most `limit` instances; children come on top.  `spans`: those that `Reader.ended_spans` told.
    """

    ended_before: float
    limit: int
    spans: Sequence[Span] = ()
    reply: Any = None


class SetQueue(Struct):
    """Change what was said of a queue; the reply is its `QueueSettings` from now on.  Without a change: as they are."""

    name: str
    change: dict[str, Any]
    reply: Any = None


class Claim(Struct):
    """Lease tasks for somebody who carries them out elsewhere; the reply is a list of `Attempt`."""

    offers: Callable[[str, str, str, str], bool]
    """By handler, queue, requirement and executor: whether they can."""
    limit: int
    reply: Any = None


class Attend(Struct):
    """This process has changed: it has other handlers, or takes no new work any more."""

    draining: bool
    reply: Any = None


class Leave(Struct):
    """This process stops: its leases end now, not when they run out."""

    reply: Any = None


Input = (
    Attend | Leave | Settle | Recorded | Release | Progress | Start | Deploy | Tell | Ask | Await | Prune | SetQueue
    | Claim | Correlate | Broadcast
)  # fmt: skip


# --- Out: what a turn has done ----------------------------------------------------------------


class End(Struct, frozen=True, gc=False):
    """How an instance ended."""

    public_id: str
    status: str
    output: bytes | None = None
    failure: Failure | None = None
    reason: str = ""


def end_of(row: EndRow) -> End:
    return End(
        row.public_id,
        row.status,
        None if row.output is None else row.output.encode(),
        None if row.error is None else _failure(row.error),
        row.reason or "",
    )


class Report(Struct):
    """What is to be done in this process now that a turn is durable."""

    dispatch: list[Attempt]
    """Begin these attempts."""
    cancelled: list[tuple[int, str]]
    """Stop these attempts; their outcomes would be refused."""
    replies: list[tuple[Any, Any]]
    """(the input's `reply`, a value or an exception)."""
    wake_at: float
    """A turn is needed then, at the latest."""
    left: Sequence[Input] = ()
    """Inputs that were not taken in, because the store could not be written any more; give them to the next turn."""
