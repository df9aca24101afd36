"""The definition of a state machine as data: what a JSON or YAML file says, and what the store keeps.

    machine: approval
    states:
      draft:
        on: [{event: submit, target: review, when: data_ready}]
      review:
        enter: [{do: call, name: "shop:notify_reviewer"}]
        after: {3d: escalated}
        on: [{event: approve, target: approved, when: amount < limit or boss}, {event: reject, target: rejected}]
      escalated:
        on: [{event: approve, target: approved}, {event: reject, target: rejected}]
      approved: {kind: final}
      rejected: {kind: final}

Its meaning is that of W3C SCXML: a state is one of its elements, `on` are its transitions, `do` its executable content.
Ids are unique in the whole machine.  Expressions are FEEL, strict.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from msgspec import Struct, json, to_builtins

from mainspring.models.retry import Retry

STATE, PARALLEL, FINAL, SHALLOW, DEEP = "state", "parallel", "final", "shallow", "deep"
KINDS = (STATE, PARALLEL, FINAL, SHALLOW, DEEP)
"""The kinds of a state; the last two are histories."""
HISTORIES = (SHALLOW, DEEP)


# --- What is done: executable content (SCXML 4, 6.2, 6.3) ---------------------------------------


class Action(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="do"):
    """One thing to do when a transition is taken, or a state entered or left."""


class Raise(Action, frozen=True, tag="raise"):
    """Put an event into the internal queue (4.2)."""

    event: str


class Value(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an event carries, or what is asked for: an expression, or a constant."""

    expression: str = ""
    constant: Any = None


class Parameter(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One named part of an event's data (5.7)."""

    name: str
    expression: str


class Send(Action, frozen=True, tag="send"):
    """Send an event to this machine, its parent or its child; now or later (6.2).  Fields ending in `_of` are FEEL."""

    event: str = ""
    event_of: str = ""
    target: str = ""
    """Empty: this machine; `#_internal`, `#_parent`, `#_<invoke id>`, `#_scxml_<session id>`."""
    target_of: str = ""
    type: str = ""
    type_of: str = ""
    id: str = ""
    id_location: str = ""
    delay: str = ""
    """`500ms`, `2s`, `5m`, `3h`, `3d`, or ISO 8601."""
    delay_of: str = ""
    names: tuple[str, ...] = ()
    """Data that is sent along under its own name."""
    parameters: tuple[Parameter, ...] = ()
    content: Value | None = None


class Cancel(Action, frozen=True, tag="cancel"):
    """Take back a delayed event (6.3)."""

    id: str = ""
    id_of: str = ""


class Assign(Action, frozen=True, tag="assign"):
    """Give a new value to a name that the data has, or to a part of it: `order.paid` (5.4)."""

    location: str
    value: Value


class Script(Action, frozen=True, tag="set"):
    """A FEEL context, each entry of which becomes data (5.8)."""

    values: str


class Branch(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    when: str
    actions: tuple[AnyAction, ...] = ()


class If(Action, frozen=True, tag="if"):
    """The first branch whose condition holds (4.3)."""

    branches: tuple[Branch, ...]
    otherwise: tuple[AnyAction, ...] = ()


class ForEach(Action, frozen=True, tag="foreach"):
    """Once for each element of a list, which is copied first (4.6)."""

    array: str
    item: str
    index: str = ""
    actions: tuple[AnyAction, ...] = ()


class Log(Action, frozen=True, tag="log"):
    """Something for people to read (4.7)."""

    label: str = ""
    expression: str = ""


class Call(Action, frozen=True, tag="call"):
    """A Python callable; called with the machine and the event."""

    name: str


AnyAction = Raise | Send | Cancel | Assign | Script | If | ForEach | Log | Call


# --- Structure (SCXML 3) --------------------------------------------------------------------------


class Transition(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A way from a state to others (3.5).  Without an event it is taken as soon as its condition holds."""

    event: str = ""
    """Event descriptors, separated by spaces: `pay`, `error.*`, `*`."""
    target: str | tuple[str, ...] = ()
    """Empty: nothing is left or entered, the actions alone are done."""
    when: str | Call = ""
    actions: tuple[AnyAction, ...] = ()
    internal: bool = False
    """The source is not left where all targets are inside it."""
    description: str = ""
    meta: Any = None
    """For whoever reads the definition; nothing is done with it."""

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.target.split()) if isinstance(self.target, str) else self.target


After = str | Transition | tuple[Transition, ...]
"""What follows a delay: the state to go to, a transition, or several of which the first that holds is taken."""


def transitions_after(after: After) -> tuple[Transition, ...]:
    """The same as transitions; their events are given to them when they are compiled."""
    if isinstance(after, str):
        return (Transition(target=after),)
    return after if isinstance(after, tuple) else (after,)


def timer_event(delay: str, state: str) -> str:
    """The name of the event that tells a state that its time is over."""
    return f"after.{delay.replace('.', '_')}.{state}"


class Datum(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A name of the data model with its first value (5.3)."""

    name: str
    value: Value | None = None
    type: str = ""
    """Of FEEL: `number`, `string`, `date`, `list<string>`, …; null is always one.  Empty: anything."""


class Done(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the done event of a final state carries (5.5)."""

    parameters: tuple[Parameter, ...] = ()
    content: Value | None = None


class Invoke(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that runs while the state is active (6.4): another machine, a task or a workflow."""

    type: str = "machine"
    type_of: str = ""
    id: str = ""
    id_location: str = ""
    source: str = ""
    source_of: str = ""
    names: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    digest: str = ""
    """Of the definition, where it was given with the machine; empty: the newest that was deployed under `source`."""
    content: Any = None
    """The document of a machine, in place of a source."""
    content_of: str = ""
    retries: int | Retry = 0
    """Of a task, like all up to `memory_max_mb`."""
    timeout_s: float | None = None
    """Per attempt."""
    priority: int = 0
    queue: str = "default"
    requires: str = ""
    executor: str = ""
    memory_max_mb: float | None = None
    """Per attempt, in a process of its own."""
    autoforward: bool = False
    finalize: tuple[AnyAction, ...] | None = None
    """None: there is none; empty: what comes back is put where `names` and parameters say."""


class State(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One state with all that is inside it (3.3, 3.4, 3.7, 3.10)."""

    kind: str = STATE
    initial: str | tuple[str, ...] = ()
    """Empty: the first inner state."""
    initial_actions: tuple[AnyAction, ...] = ()
    states: dict[str, State] = {}
    on: tuple[Transition, ...] = ()
    """In order; of a history, the one transition to where it leads when there is nothing to remember."""
    enter: tuple[tuple[AnyAction, ...] | AnyAction, ...] = ()
    """Actions, or blocks of them: an error ends its block and no other."""
    exit: tuple[tuple[AnyAction, ...] | AnyAction, ...] = ()
    after: dict[str, After] = {}
    """Where to go when the state has been active for so long."""
    invoke: tuple[Invoke, ...] = ()
    data: tuple[Datum, ...] = ()
    done: Done | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    meta: Any = None

    @property
    def initials(self) -> tuple[str, ...]:
        return tuple(self.initial.split()) if isinstance(self.initial, str) else self.initial


class Document(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The definition of a state machine."""

    machine: str
    """Its name."""
    states: dict[str, State]
    initial: str | tuple[str, ...] = ()
    data: tuple[Datum, ...] | dict[str, Any] = ()
    """Names with their first values: expressions in the long form, constants in the short one."""
    script: tuple[AnyAction, ...] = ()
    """Done once, before anything is entered."""
    late: bool = False
    """Data of a state gets its value when the state is first entered, not at the start (5.3.3)."""
    strict: bool = True
    """An event that nothing takes is refused, and an error that nothing handles stops the machine."""
    open: bool = True
    """Names that expressions use are null until they are given a value; False: an unknown name is an error."""
    exact: bool = False
    """`pay` takes no `pay.card`, only `pay.*` does."""
    description: str = ""
    meta: Any = None

    @property
    def callables(self) -> tuple[str, ...]:
        """The names of the Python callables that its conditions and actions call."""
        return tuple(dict.fromkeys(_called(to_builtins(self))))

    @property
    def root(self) -> State:
        """The machine as the state that holds all others."""
        return State(initial=self.initial, states=self.states, data=self.data_list)

    @property
    def data_list(self) -> tuple[Datum, ...]:
        if isinstance(self.data, dict):
            return tuple(Datum(name, Value(constant=value)) for name, value in self.data.items())
        return self.data

    def encode(self) -> bytes:
        """The canonical text: no spaces, no defaults, fields in the order of the classes above."""
        return json.encode(self)

    @property
    def digest(self) -> str:
        return sha256(self.encode()).hexdigest()


_decode = json.Decoder(Document).decode


def decode_document(document: bytes) -> Document:
    """A stored definition; raises `msgspec.ValidationError`."""
    return _decode(document)


def _called(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("do") == "call":
            yield value["name"]
        yield from (name for part in value.values() for name in _called(part))
    elif isinstance(value, list | tuple):
        yield from (name for part in value for name in _called(part))


def blocks_of(actions: tuple[tuple[AnyAction, ...] | AnyAction, ...]) -> tuple[tuple[AnyAction, ...], ...]:
    """Blocks as they are; actions that stand alone between them form one block together."""
    blocks: list[tuple[AnyAction, ...]] = []
    loose: list[AnyAction] = []
    for each in actions:
        if isinstance(each, tuple):
            blocks += [tuple(loose)] if loose else []
            blocks.append(each)
            loose = []
        else:
            loose.append(each)
    return (*blocks, tuple(loose)) if loose else tuple(blocks)
