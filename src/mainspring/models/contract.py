"""The contract of every model: the two alphabets it speaks and the functions it offers.

A model is pure.  It reads no clock (`at` is an argument), draws no random number, and does no I/O:

    event ──decide──▶ decisions ──evolve──▶ state
                          └──────commands──▶ what the kernel is asked to do

`decide` chooses and touches nothing.  `evolve` records one decision in the state and chooses nothing.  `commands` is
the outward part of a decision, asked for once, when the decision is new.  The journal keeps an event with its
decisions, so recovery folds them with `evolve` and never asks `decide` or `commands` again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from msgspec import Raw, Struct

# --- Values -----------------------------------------------------------------------------------


class Failure(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why an attempt, a node or an instance failed: an error as a value."""

    type: str
    """Name of the exception's class."""
    message: str
    traceback: str = ""
    """As Python prints it, cut in the middle at `TRACEBACK_LENGTH_MAX` characters."""
    kinds: tuple[str, ...] = ()
    """`module.name` of the exception's class and its bases, nearest first; retry policies match these."""
    node: str = ""
    """The node that failed, where the failure of an instance comes from one."""

    def __str__(self) -> str:
        place = f"node {self.node!r}: " if self.node else ""
        return f"{place}{self.type}: {self.message}" if self.message else f"{place}{self.type}"


class TaskSpec(Struct, frozen=True, omit_defaults=True):
    """What a task asks of whoever runs it; one object per node, shared by all its tasks."""

    handler: str
    queue: str = "default"
    priority: int = 0
    """Higher runs first."""
    timeout_s: float | None = None
    """Per attempt."""
    requires: str = ""
    """Labels a worker must offer; empty: any worker that has the handler."""
    executor: str = ""
    """The cluster that is to compute it; empty: the worker itself."""
    memory_max_mb: float | None = None
    """Of an attempt in a process of its own; None: what its handler says."""


class StartOn(Struct, frozen=True):
    """What from outside begins an instance of a definition."""

    kind: str
    """`message` or `signal`."""
    name: str
    entry: str
    """What of the definition it begins."""


class StartAt(Struct, frozen=True):
    """A time at which an instance of a definition begins."""

    entry: str
    """What of the definition begins."""
    kind: str
    """`date`, `duration` (from the deployment on) or `cycle`."""
    text: str
    """In ISO 8601, or cron; empty: it cannot be known before there is an instance."""


class Deployable(Struct, frozen=True):
    """A definition as the store keeps it."""

    model: str
    name: str
    digest: str
    document: bytes
    children: tuple[Deployable, ...] = ()
    """Definitions that it refers to by digest; deployed before it."""
    starts: tuple[StartOn, ...] = ()
    times: tuple[StartAt, ...] = ()
    keeper: Keeper | None = None


class Keeper(Struct, frozen=True):
    """An instance that looks after all versions of a definition."""

    definition: Deployable
    """Its own."""
    news: Signal
    """What it is told of this version; or its data are what it begins with."""
    is_needed: bool
    """It is to begin if it is not there."""


# --- Events: what happened to an instance -----------------------------------------------------


class Event(Struct, frozen=True, omit_defaults=True, gc=False):
    """Something that happened; the name of its class is the journal's `kind`."""


class Started(Event, frozen=True):
    """The instance was started."""

    input: Raw
    priority: int = 0
    """Added to the priority of every task of the instance."""
    not_before: float = 0.0
    """Nothing of it may run earlier; 0: at once."""
    parent_key: str = ""
    """Under which its parent started it; empty: it has none."""
    depth: int = 0
    """How many that found each other by name lead to it."""
    key: str = ""
    """By which messages find it; not unique."""
    entry: str = ""
    """What of the definition starts it, where there are several ways; empty: the usual one."""
    expires_s: float = 0.0
    """A task that has not begun so long after it could have is not wanted any more; 0: it always is."""


class TaskCompleted(Event, frozen=True):
    """An attempt returned; `finished_at` is when the handler did, not when the turn learned of it."""

    key: str
    attempt: int
    started_at: float
    finished_at: float
    output: Raw
    worker: str = ""
    ready_at: float = 0.0
    """When the attempt could have begun; what lies between is waiting for a slot."""


class TaskFailed(Event, frozen=True):
    """An attempt raised, timed out, or returned something that cannot be kept."""

    key: str
    attempt: int
    started_at: float
    finished_at: float
    error: Failure
    worker: str = ""
    ready_at: float = 0.0


class TaskLost(Event, frozen=True):
    """The worker that held the task died; how the attempt ended nobody knows."""

    key: str
    attempt: int
    started_at: float
    worker: str
    final: bool = False
    """The task was lost too often (`LOST_COUNT_MAX`) and must not be tried again."""


class TaskExpired(Event, frozen=True):
    """No attempt of the task had begun when its time was up; it has been taken back."""

    key: str


class TimerFired(Event, frozen=True):
    key: str


class ChildCompleted(Event, frozen=True):
    key: str
    output: Raw


class ChildFailed(Event, frozen=True):
    key: str
    error: Failure


class ChildCancelled(Event, frozen=True):
    key: str
    reason: str = ""


class CancelRequested(Event, frozen=True):
    reason: str = ""


class PauseRequested(Event, frozen=True):
    reason: str = ""
    by: str = ""
    """Who asks for it."""


class ResumeRequested(Event, frozen=True):
    pass


class RetryRequested(Event, frozen=True):
    """Run again what failed, and what was cancelled because of it."""


class RerunRequested(Event, frozen=True):
    """Run a node again, and all that depends on it."""

    node: str


class Signal(Event, frozen=True):
    """A named input from outside."""

    name: str
    data: Raw = Raw(b"null")
    id: str = ""
    """Chosen by the sender; a second one of the same id is taken for the first, sent again.  Empty: none."""


class Message(Event, frozen=True):
    """Another instance has sent it under this id: the child that was started under `key`, or (empty) the parent."""

    key: str
    name: str
    data: Raw = Raw(b"null")
    id: str = ""


class Received(Event, frozen=True):
    """A message or a signal that the instance has subscribed to has come."""

    key: str
    """Of the subscription."""
    name: str
    data: Raw = Raw(b"{}")
    id: str = ""
    """Of the message; a second one of the same id is taken for the first, sent again.  Empty: none."""
    match: str = ""
    """Of a message: its key."""
    until: float = 0.0
    """So long a message looks for somebody else, where this instance does not want it any more; 0: it is a signal."""


class Requested(Event, frozen=True):
    """A person asks something of an instance: to complete a task, to resolve an incident."""

    verb: str
    target: str = ""
    """Of the instance: a task, an incident, an element."""
    by: str = ""
    data: Raw = Raw(b"{}")
    """Object: what the verb needs."""


EVENTS: dict[str, type[Event]] = {event.__name__: event for event in Event.__subclasses__()}
"""Every event by its journal name."""


# --- Commands: what a decision asks of the kernel ---------------------------------------------


class Command(Struct, frozen=True, gc=False):
    """Something for the kernel to do; keyed commands are harmless when applied twice."""


class StartTask(Command, frozen=True):
    """Queue a task."""

    key: str
    """Unique within the instance for ever; a node run a second time gets another key."""
    spec: TaskSpec
    payload: bytes
    """JSON object: the handler's arguments by parameter name; variadic ones under `*`."""
    ready_at: float
    priority: int = 0
    """Of the instance; added to that of the spec."""


class RetryTask(Command, frozen=True):
    """Queue the next attempt of a task that has just failed or was lost."""

    key: str
    ready_at: float


class CancelTask(Command, frozen=True):
    """Take a task back; an attempt under way is told to stop and its outcome is refused."""

    key: str


class ExpireTask(Command, frozen=True):
    """Take a task back if no attempt of it has begun, and then deliver `TaskExpired`."""

    key: str


class HoldTasks(Command, frozen=True):
    """Keep the instance's waiting tasks from being claimed; attempts under way go on."""


class ReleaseTasks(Command, frozen=True):
    """Undo `HoldTasks`."""


class SetTimer(Command, frozen=True):
    """Have `TimerFired(key)` delivered at `ready_at`."""

    key: str
    ready_at: float


class CancelTimer(Command, frozen=True):
    key: str


class StartInstance(Command, frozen=True):
    """Start a child; its end arrives as `ChildCompleted`, `ChildFailed` or `ChildCancelled` under `key`."""

    key: str
    digest: str
    """Of the definition."""
    input: bytes
    priority: int = 0
    newest: tuple[str, str] = ("", "")
    """In place of a digest: model and name; where no version has been deployed, the child has failed."""
    definition: Deployable | None = None
    """Of that digest, where it may not have been deployed yet."""
    depth: int = 0
    business_key: str = ""
    """By which messages find it."""
    public_id: str = ""
    """Chosen by the model; where there is such an instance already, nothing is started, and this one was cancelled."""
    entry: str = ""
    """What of the definition begins; empty: the usual."""
    otherwise: Event | None = None
    """What is delivered to the instance of that id where there is one already; then nothing of it is told."""
    is_detached: bool = False
    """It stands on its own: it is not paused, resumed, cancelled, listed or kept with its parent, which is told of its
    end, but not of its output."""


class SendTo(Command, frozen=True):
    """Deliver an event to any instance; how it was taken arrives as `ChildCompleted` or `ChildFailed` under `key`."""

    key: str
    """Empty: nobody wants to know."""
    to: str
    """Public id."""
    event: Event


class Send(Command, frozen=True):
    """Deliver a `Message` to the child that was started under `key`, or (empty) to the parent."""

    key: str
    name: str
    data: bytes
    id: str = ""


class CancelInstance(Command, frozen=True):
    """Cancel the child that was started under `key`; nothing of its end is delivered."""

    key: str
    reason: str = ""


class RetryInstance(Command, frozen=True):
    """Let the child that failed under `key` retry what failed in it; its next end is delivered again."""

    key: str


class Subscribe(Command, frozen=True):
    """Be found from outside: by messages and signals, and by people who look for what waits for them."""

    key: str
    kind: str
    """`message`, `signal`, `task` (of a person), `incident`; `held`: a message, which is to wait for the instance."""
    name: str
    match: str = ""
    """Of a message: its key."""
    data: str = ""
    """JSON, for lists."""


class Unsubscribe(Command, frozen=True):
    key: str


class Publish(Command, frozen=True):
    """Send a message to the one that waits for it, or a signal to all that do."""

    kind: str
    name: str
    match: str
    data: bytes


class Admit(Command, frozen=True):
    """Let messages that wait begin instances of the newest version of a definition."""

    model: str
    name: str


class Pause(Command, frozen=True):
    """The instance is paused; children are paused with it."""


class Resume(Command, frozen=True):
    """The instance is running again (also after `Fail`, `Cancel` or `Complete`, when something in it is run anew)."""


class Complete(Command, frozen=True):
    """The instance has ended well.  The model has taken back the tasks, timers and children that were still open."""

    output: bytes


class Fail(Command, frozen=True):
    """The instance has ended badly.  Tasks, timers and children that it still has are cancelled."""

    error: Failure


class Cancel(Command, frozen=True):
    """The instance has ended because somebody asked for it.  What it still has is cancelled."""

    reason: str


# --- What people see --------------------------------------------------------------------------


class NodeView(Struct, frozen=True, omit_defaults=True):
    """One node of a definition, as an instance has it."""

    key: str
    kind: str
    """`task`, `map`, `workflow`, `sleep`, …"""
    status: str
    """`pending running completed failed skipped cancelled`"""
    parents: tuple[str, ...] = ()
    total: int = 0
    """Of a map: items; 0: not known yet, or no map."""
    completed: int = 0
    """Of a map: items that have completed."""
    failed: int = 0
    """Of a map: items that have failed for good."""
    failure: Failure | None = None


# --- The model --------------------------------------------------------------------------------


class Refusal(Struct, frozen=True):
    """An event makes no sense now; nothing is journaled, and the sender is told why."""

    reason: str
    family: str = "conflict"
    """Whose fault it is: `conflict`, `denied`, `invalid` or `missing`."""


Resolve = Callable[[str], Callable[..., Any]]
"""Finds the Python callable of a name (predicates); raises `HandlerUnknownError`."""


class Model(Protocol):
    """How one kind of definition behaves.

    `Plan` below is the compiled definition and `State` the mutable fold; both are the model's own types.
    Keys, decisions and states survive a JSON round trip.
    """

    name: str
    decision_type: Any
    """A tagged union of `Struct`s: all decisions of this model."""

    def compile(self, document: bytes, resolve: Resolve) -> Any:
        """A plan for a stored document; raises `HandlerUnknownError` where Python code of it is not here."""

    def weight(self, plan: Any) -> int:
        """Roughly how many bytes a state of this plan takes in memory; the kernel's cache is bounded by it."""

    def children(self, plan: Any) -> Sequence[str]:
        """Digests of the definitions that it may start as children; empty: it never starts any."""

    def check_input(self, plan: Any, payload: bytes) -> None:
        """Raises `PayloadInvalidError`, naming the field, for an input with which no instance can start."""

    def initial(self, plan: Any, instance: str) -> Any:
        """The state before `Started`; `instance`, the id that people know, seeds what must look random."""

    def decide(self, plan: Any, state: Any, event: Event, at: float) -> Sequence[Any] | Refusal:
        """Choose what follows from an event; touches nothing."""

    def evolve(self, plan: Any, state: Any, event: Event, decision: Any, at: float) -> None:
        """Record one decision; chooses nothing.  The event is at hand so that its payload is not stored twice."""

    def commands(self, plan: Any, state: Any, event: Event, decision: Any, at: float) -> Iterable[Command]:
        """The outward part of a decision, given the state in which it has already been recorded."""

    def nodes(self, plan: Any, state: Any) -> Sequence[NodeView]:
        """Where each node of the definition stands, in the definition's order."""

    def reply(self, plan: Any, state: Any, event: Event | None) -> Any:
        """What the sender of an event is told once it is recorded: a value or an error; None: where it stands."""

    def dump(self, plan: Any, state: Any) -> bytes:
        """The state as JSON, for a snapshot."""

    def load(self, plan: Any, snapshot: bytes) -> Any:
        """The state that was dumped."""
