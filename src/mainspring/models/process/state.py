"""The state of a running process: tokens in scopes, what they wait for, and the variables of each scope.

    root ─┬─ token at a task
          └─ token at a sub-process, which is the scope of ─┬─ token at an event
                                                            └─ token at a user task

A token rests at an element; one at a sub-process, a call or a loop is the scope of others.  A token that moves is only
in the step that moves it.  Elements stand in it by id, so that a journal can be read without its definition.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from mainspring.models.contract import Failure

CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = range(6)
STATUS_NAMES = ("created", "running", "paused", "completed", "failed", "cancelled")

ROOT = 1
"""The id of the token that is the process itself."""
BEGIN_KEY = "begin"
"""Of the timer after which a process that is to begin later begins."""
DEPTH_MAX = 100
"""Instances that call each other by name; more than that is a circle."""
NEVER = Raw(b"null")
"""No state, of what has not failed."""
TOLD_MAX = 100
"""Ids of messages and requests that are remembered; a sender that repeats itself does so soon."""

TASK, INCIDENT = "task", "incident"
"""Kinds of subscriptions by which people find what waits for them."""

# --- Roles of a token ---------------------------------------------------------------------------

SCOPE, BODY, WORK, USER, WAIT = "scope", "body", "work", "user", "wait"
CHILD, GATEWAY, UNDO, STUCK = "child", "gateway", "undo", "stuck"
"""scope: others are inside; body: of a loop; work: a handler does it; user: a person does; wait: for an event; child:
another instance does it; gateway: for the first of some events; undo: compensates others; stuck: has an incident, and
has not begun."""


class Token(Struct, frozen=True, omit_defaults=True, gc=False):
    """A token at rest."""

    id: int
    node: str
    """The element's id; of a scope that is a process, the id of that."""
    scope: int
    """The token that it is inside of; 0: it is the root."""
    role: str = SCOPE
    task: str = ""
    """The key of its task or its child."""
    attempts: int = 0
    """Of its task that have failed since it was last started."""
    loop: int = 0
    """In a loop: which one it is, from 1.  Of a body: how many have begun."""
    total: int = 0
    """Of a body: how many there are to be; 0: nobody knows yet."""
    done: int = 0
    """Of a body: how many have completed."""
    seen: int = 0
    """Of a body: how many of those events were thrown for."""
    undoes: int = 0
    """The token that compensates, and waits for this one."""
    arc: str = ""
    """Of a stuck token: the flow by which it came."""
    called: str = ""
    """Of a call: the process or global task inside."""
    interrupted: bool = False
    """Of a scope: an event sub-process has taken its place."""
    then: str = ""
    """Of a token that compensates: `leave` its event, `cancel` the transaction, or nothing."""

    @property
    def isolated(self) -> bool:
        """Variables around it are not in sight from inside."""
        return bool(self.called)


class Wait(Struct, frozen=True, omit_defaults=True, gc=False):
    """Something that is waited for from outside."""

    token: int
    """Gone with it."""
    node: str
    """The event, or the task that receives."""
    event: int
    """Which of its event definitions."""
    kind: str
    """`message`, `timer`, `signal` or `conditional`."""
    name: str = ""
    key: str = ""
    ready_at: float = 0.0
    """Of a timer."""
    repeats: int | None = 0
    interval: str = ""
    holds: bool = False
    """Of a condition: whether it held when it was last asked."""


class Todo(Struct, frozen=True, omit_defaults=True):
    """An open user task."""

    token: int
    node: str
    name: str = ""
    assignee: str = ""
    owner: str = ""
    """Who delegated it, and gets it back."""
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    due_at: float | None = None
    follow_up_at: float | None = None
    priority: int = 50
    form: str = ""
    created_at: float = 0.0


class Incident(Struct, frozen=True, omit_defaults=True):
    """A stop that needs a person."""

    token: int
    node: str
    phase: str
    """`begin`, `work` or `end` of the element."""
    message: str
    at: float
    values: Any = None
    """Of `end`: what the element had given."""
    type: str = ""
    """Of the error."""


class Done(Struct, frozen=True, omit_defaults=True):
    """A completed activity that can be compensated (13.5.5)."""

    id: int
    node: str
    values: dict[str, Any] = {}
    """The variables that a sub-process had."""
    inside: tuple[Done, ...] = ()
    """What had completed in it."""
    called: str = ""


class ProcessState:
    """Where one instance stands."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        """Its id, as people know it."""
        self.status = CREATED
        self.key = ""
        """By which messages find it."""
        self.priority = 0
        self.depth = 0
        """How many that found each other by name lead to it."""
        self.counter = 0
        """The id of the newest token."""
        self.input: Raw = Raw(b"{}")
        self.entry = ""
        """The start event that it was started by; empty: none in particular."""
        self.tokens: dict[int, Token] = {}
        self.values: dict[int, dict[str, Any]] = {}
        """Variables by the token whose scope they are in."""
        self.arrived: dict[int, dict[str, dict[str, int]]] = {}
        """By scope, node and flow: tokens that wait for others there."""
        self.waits: dict[str, Wait] = {}
        self.todos: dict[int, Todo] = {}
        self.incidents: dict[int, Incident] = {}
        self.items: dict[int, list[Any]] = {}
        """By body: what a sequential loop goes through."""
        self.outputs: dict[int, dict[int, Any]] = {}
        """By body and number: what a loop collects."""
        self.done: dict[int, dict[int, Done]] = {}
        """By scope: what could be compensated, in the order in which it completed."""
        self.undo: dict[int, tuple[Done, ...]] = {}
        """By the token that compensates: what is still to be."""
        self.visits: dict[str, int] = {}
        """How often each element was entered."""
        self.kept: tuple[tuple[str, Any], ...] = ()
        """Kinds and data of events that came while the instance was paused."""
        self.told: dict[str, Any] = {}
        self.failure: Failure | None = None
        self.output: Any = None
        self.before = NEVER
        """Of one that failed: the state before the step that it failed in."""
        self.came: tuple[tuple[str, Any], ...] = ()
        """Of one that failed: what led to that step, and nobody would send again."""
        self.corrected: dict[str, Any] = {}
        """Of one that failed or was cancelled: the variables that have got other values since."""
        # Indexes, made of the above.
        self.inside: dict[int, dict[int, None]] = {}
        """The tokens by scope."""
        self.waits_of: dict[int, dict[str, None]] = {}
        """The keys of waits by token."""
        self.tasks: dict[str, int] = {}
        """Tokens by the key of their task or child."""
        self.conditions: dict[str, None] = {}
        """The keys of waits for conditions."""

    # --- Keeping the indexes --------------------------------------------------------------------

    def put(self, token: Token) -> None:
        known = self.tokens.get(token.id)
        if known is None:
            self.inside.setdefault(token.scope, {})[token.id] = None
        elif known.task != token.task:
            self.tasks.pop(known.task, None)
        self.tokens[token.id] = token
        if token.task:
            self.tasks[token.task] = token.id

    def drop(self, id: int) -> None:
        """A token is no more, and nothing that was its own."""
        token = self.tokens.pop(id, None)
        if token is None:
            return
        around = self.inside.get(token.scope)
        if around is not None:
            around.pop(id, None)
            if not around:
                del self.inside[token.scope]
        self.tasks.pop(token.task, None)
        own: tuple[dict[int, Any], ...] = (
            self.values, self.arrived, self.todos, self.incidents, self.items, self.outputs, self.undo, self.done,
        )  # fmt: skip
        for kept in own:
            if kept:
                kept.pop(id, None)
        if id in self.waits_of:
            for key in list(self.waits_of[id]):
                self.forget(key)

    def await_(self, key: str, wait: Wait) -> None:
        self.waits[key] = wait
        self.waits_of.setdefault(wait.token, {})[key] = None
        if wait.kind == "conditional":
            self.conditions[key] = None

    def forget(self, key: str) -> None:
        wait = self.waits.pop(key, None)
        if wait is None:
            return
        self.conditions.pop(key, None)
        keys = self.waits_of.get(wait.token)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self.waits_of[wait.token]


class Snapshot(Struct, omit_defaults=True):
    """A state as JSON: all but its indexes."""

    instance: str
    status: int = CREATED
    key: str = ""
    priority: int = 0
    depth: int = 0
    counter: int = 0
    input: Raw = Raw(b"{}")
    entry: str = ""
    tokens: tuple[Token, ...] = ()
    values: dict[int, dict[str, Any]] = {}
    arrived: dict[int, dict[str, dict[str, int]]] = {}
    waits: dict[str, Wait] = {}
    todos: dict[int, Todo] = {}
    incidents: dict[int, Incident] = {}
    items: dict[int, list[Any]] = {}
    outputs: dict[int, dict[int, Any]] = {}
    done: dict[int, tuple[Done, ...]] = {}
    undo: dict[int, tuple[Done, ...]] = {}
    visits: dict[str, int] = {}
    kept: tuple[tuple[str, Any], ...] = ()
    told: dict[str, Any] = {}
    failure: Failure | None = None
    output: Any = None
    before: Raw = NEVER
    came: tuple[tuple[str, Any], ...] = ()
    corrected: dict[str, Any] = {}


AS_THEY_ARE = tuple(
    name for name in Snapshot.__struct_fields__ if name not in ("tokens", "waits", "done", "instance")
)  # fmt: skip
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Snapshot).decode


def dump(state: ProcessState) -> bytes:
    return _encode(
        Snapshot(
            instance=state.instance,
            tokens=tuple(state.tokens.values()),
            waits=state.waits,
            done={scope: tuple(done.values()) for scope, done in state.done.items()},
            **{name: getattr(state, name) for name in AS_THEY_ARE},
        )
    )


def load(text: bytes) -> ProcessState:
    snapshot = _decode(text)
    state = ProcessState(snapshot.instance)
    for name in AS_THEY_ARE:
        setattr(state, name, getattr(snapshot, name))
    for token in snapshot.tokens:
        state.put(token)
    for key, wait in snapshot.waits.items():
        state.await_(key, wait)
    state.done = {scope: {each.id: each for each in done} for scope, done in snapshot.done.items()}
    return state
