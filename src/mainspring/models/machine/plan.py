"""What a definition compiles to: states and transitions as tables, indexed by integers in document order.

Index 0 is the machine itself, the state that holds all others and is never left.  A state's descendants have the
indices right behind its own, up to `last`; so whether one state is inside another is two comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from msgspec import structs

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.machine.actions import Compiler, Compute, Do, Resolve
from mainspring.models.machine.calling import Calling
from mainspring.models.machine.data_type import DataType
from mainspring.models.machine.delay import DelayInvalidError, seconds_of
from mainspring.models.machine.document import (
    DEEP,
    FINAL,
    HISTORIES,
    PARALLEL,
    STATE,
    Cancel,
    Datum,
    Document,
    Send,
    State,
    Transition,
    blocks_of,
    timer_event,
    transitions_after,
)
from mainspring.models.machine.event import matcher
from mainspring.models.machine.expression import ActionError

ROOT = 0

STATES_MAX = 10_000
"""More in one machine is a table that wants to be data."""


class Arc:
    """A transition, compiled."""

    __slots__ = (
        "block",
        "document",
        "everything",
        "exact",
        "guard",
        "index",
        "internal",
        "place",
        "prefixes",
        "source",
        "targets",
    )

    def __init__(
        self, index: int, source: int, targets: tuple[int, ...], document: Transition, *, is_exact: bool = False
    ) -> None:
        self.index = index
        self.source = source
        self.targets = targets
        self.document = document
        self.internal = document.internal
        self.everything, self.exact, self.prefixes = matcher(document.event, is_exact=is_exact)
        self.guard: Compute | None = None
        self.block: Do | None = None
        self.place = ""
        """In the words of the definition: `state review, transition 2`."""

    def takes(self, event: str | None) -> bool:
        """Whether it is for events of this name; None: for no event."""
        if event is None:
            return not self.exact
        return self.everything or event in self.exact or event.startswith(self.prefixes)


class Vertex:
    """A state, compiled."""

    __slots__ = (
        "arcs", "calls", "children", "data", "done", "enter", "exit", "histories", "id", "index", "initial",
        "initial_block", "is_atomic", "kind", "last", "parent",
    )  # fmt: skip

    def __init__(self, index: int, id: str, kind: str, parent: int) -> None:
        self.index = index
        self.id = id
        self.kind = kind
        self.parent = parent
        self.last = index
        self.children: list[int] = []
        self.histories: list[int] = []
        self.arcs: list[Arc] = []
        self.initial: tuple[int, ...] = ()
        self.initial_block: Do | None = None
        self.enter: tuple[Do, ...] = ()
        self.exit: tuple[Do, ...] = ()
        self.calls: tuple[Calling, ...] = ()
        self.data: tuple[tuple[str, Compute | None], ...] = ()
        self.done: tuple[Compute, ...] = ()
        self.is_atomic = False


class Plan:
    """A compiled definition; one object for all its instances."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.name = document.machine
        self.states: list[Vertex] = []
        self.index: dict[str, int] = {}
        self.arcs: list[Arc] = []
        self.calls: list[Calling] = []
        self.script: Do | None = None
        self.names: Mapping[str, str] = {}
        """Names that expressions take from the data, and where each is first used."""
        self.defaults: dict[str, Any] = {}
        """Names that expressions use, null until they are given a value."""
        self.system: frozenset[str] = frozenset()
        """Names that expressions take from the machine itself, such as `_event`."""
        self.types: dict[str, DataType] = {}
        """Of the data that have one."""
        self.doubts: list[Problem] = []
        """What will be an error when the machine comes to it."""
        self.histories: dict[int, int] = {}
        """The place of each history state among the histories."""

    @cached_property
    def events(self) -> tuple[str, ...]:
        """All names of events that its transitions are for, in document order."""
        return tuple(dict.fromkeys(name for arc in self.arcs for name in arc.document.event.split()))

    @cached_property
    def with_data(self) -> tuple[Vertex, ...]:
        """The states that have data of their own, the machine itself among them."""
        return tuple(vertex for vertex in self.states if vertex.data)

    @cached_property
    def late_data(self) -> tuple[Vertex, ...]:
        """Those of them whose data get their first values later than the machine's own (5.3.3)."""
        return tuple(vertex for vertex in self.with_data if vertex.index != ROOT)

    @cached_property
    def has_python(self) -> bool:
        """Whether anything in it is a Python callable, which may change the data in place."""
        return b'"do":"call"' in self.document.encode()

    def is_inside(self, inner: int, outer: int) -> bool:
        return outer < inner <= self.states[outer].last

    def ancestors(self, state: int) -> Iterator[int]:
        """Those above a state, innermost first; the machine itself is the last."""
        while state:
            state = self.states[state].parent
            yield state


def compile_machine(document: Document, resolve: Resolve) -> Plan:
    """The plan of a definition.

    Raises `DefinitionInvalidError` with all that is wrong, and `HandlerUnknownError` where Python code is not here.
    """
    builder = _Builder(document, resolve)
    plan = builder.build()
    if builder.problems:
        raise DefinitionInvalidError(document.machine, builder.problems)
    return plan


class _Builder:
    def __init__(self, document: Document, resolve: Resolve) -> None:
        self.problems: list[Problem] = []
        self.document = document
        self.plan = Plan(document)
        self.compiler = Compiler(resolve, self.report, self.report if document.open else self.doubt)
        self.sources: list[State] = []

    def report(self, message: str, place: str) -> None:
        self.problems.append(Problem(message, place))

    def doubt(self, message: str, place: str) -> None:
        """A closed machine runs with it, and has an error where it comes to it, as the standard allows (5.9)."""
        self.plan.doubts.append(Problem(message, place))

    def build(self) -> Plan:
        plan = self.plan
        self.add(self.document.machine, self.document.root, -1)
        if len(plan.states) == 1:
            self.report("a machine needs at least one state", "states")
        for vertex, source in zip(plan.states, self.sources, strict=True):
            self.complete(vertex, source)
        plan.script = self.compiler.block(self.document.script, "script")
        plan.system = frozenset(self.compiler.system)
        plan.names = self.compiler.names
        if self.document.open:
            plan.defaults = dict.fromkeys(sorted(self.compiler.names))
        return plan

    # --- The tree -----------------------------------------------------------------------------

    def add(self, id: str, source: State, parent: int) -> None:
        plan = self.plan
        index = len(plan.states)
        if index > STATES_MAX:
            self.report(f"more than {STATES_MAX:,} states", id)
            return
        vertex = Vertex(index, id, source.kind, parent)
        plan.states.append(vertex)
        self.sources.append(source)
        if index:
            if id in plan.index:
                self.report("there are two states of this id; give each its own", f"state {id}")
            if not id or any(letter.isspace() for letter in id):
                self.report(f"{id!r} is no id of a state: it is empty or holds spaces", f"state {id}")
            plan.index[id] = index
            siblings = plan.states[parent].histories if source.kind in HISTORIES else plan.states[parent].children
            siblings.append(index)
        if source.kind in HISTORIES:
            plan.histories[index] = len(plan.histories)
        for inner, state in source.states.items():
            self.add(inner, state, index)
        vertex.last = len(plan.states) - 1
        vertex.is_atomic = not vertex.children

    # --- What a state does --------------------------------------------------------------------

    def complete(self, vertex: Vertex, source: State) -> None:
        compiler, place = self.compiler, f"state {vertex.id}" if vertex.index else ""
        self.check_kind(vertex, source, place)
        vertex.initial = self.targets(source.initials, place, "initial")
        for inner in vertex.initial:
            if not self.plan.is_inside(inner, vertex.index):
                self.report(f"initial state {self.plan.states[inner].id!r} is not inside", place)
        if not vertex.initial and vertex.children and source.kind == STATE:
            vertex.initial = (vertex.children[0],)
        vertex.initial_block = compiler.block(source.initial_actions, place)
        enter, leave = blocks_of(source.enter), blocks_of(source.exit)
        timers = {timer_event(delay, vertex.id): self.delay(delay, place) for delay in source.after}
        enter += tuple((Send(event=event, id=event, delay=delay),) for event, delay in timers.items())
        leave += tuple((Cancel(id=event),) for event in timers)
        vertex.enter = tuple(do for block in enter if (do := compiler.block(block, f"{place}, enter")))
        vertex.exit = tuple(do for block in leave if (do := compiler.block(block, f"{place}, exit")))
        vertex.data = tuple(self.datum(datum, place) for datum in source.data)
        if source.done is not None:
            vertex.done = (compiler.data((), source.done.parameters, source.done.content, place),)
        for delay, after in source.after.items():  # before a transition for `*`, which would take their events as well
            for transition in transitions_after(after):
                event = timer_event(delay, vertex.id)
                self.arc(vertex, structs.replace(transition, event=event), f"{place}, after {delay}")
        for position, transition in enumerate(source.on, 1):
            self.arc(vertex, transition, f"{place}, transition {position}")
        for call in source.invoke:
            self.plan.calls.append(Calling(vertex.index, len(self.plan.calls), call, compiler, f"{place}, invoke"))
        vertex.calls = tuple(call for call in self.plan.calls if call.state == vertex.index)

    def delay(self, delay: str, place: str) -> str:
        try:
            seconds_of(delay)
        except DelayInvalidError as error:
            self.report(str(error), f"{place}, after {delay}")
        return delay

    def arc(self, vertex: Vertex, transition: Transition, place: str) -> None:
        plan = self.plan
        targets = self.targets(transition.targets, place, "target")
        arc = Arc(len(plan.arcs), vertex.index, targets, transition, is_exact=self.document.exact)
        arc.guard = self.compiler.guard(transition.when, place)
        arc.block = self.compiler.block(transition.actions, place)
        arc.place = place
        plan.arcs.append(arc)
        vertex.arcs.append(arc)
        self.check_targets(arc, place)

    def targets(self, names: tuple[str, ...], place: str, what: str) -> tuple[int, ...]:
        found = []
        for name in names:
            if name in self.plan.index:
                found.append(self.plan.index[name])
            else:
                self.report(f"{what} {name!r} is no state of this machine{nearest(name, self.plan.index)}", place)
        return tuple(found)

    def datum(self, datum: Datum, place: str) -> tuple[str, Compute | None]:
        self.compiler.names.setdefault(datum.name, place)
        try:
            self.plan.types |= {datum.name: DataType.of(datum.type)} if datum.type else {}
        except ActionError as error:
            self.report(f"{datum.name}: {datum.type!r} is no type of FEEL: {error}", f"{place}, data")
        return datum.name, None if datum.value is None else self.compiler.constant_or(datum.value, f"{place}, data")

    # --- What cannot be ------------------------------------------------------------------------

    def check_kind(self, vertex: Vertex, source: State, place: str) -> None:
        if vertex.kind not in _MAY_HAVE:
            self.report(f"there is no kind {vertex.kind!r}; write one of {', '.join(_MAY_HAVE)}", place)
            return
        for field, words in _FIELDS.items():
            if getattr(source, field) and field not in _MAY_HAVE[vertex.kind]:
                self.report(f"a state of kind {vertex.kind!r} has no {words}", place)
        if vertex.kind in HISTORIES:
            if vertex.parent == ROOT:
                self.report("a history needs a state around it, of which it remembers the inner one", place)
            if len(source.on) != 1 or source.on[0].event or source.on[0].when or not source.on[0].target:
                self.report("a history has one transition, with a target, and without event and condition", place)

    def check_targets(self, arc: Arc, place: str) -> None:
        """What a history leads to is beside it; several targets are in regions of one parallel state (3.13)."""
        source = self.plan.states[arc.source]
        for target in arc.targets if source.kind in HISTORIES else ():
            beside = self.plan.is_inside(target, source.parent)
            if not beside or self.plan.states[target].kind in HISTORIES:
                self.report("a history leads to a state inside the one around it", place)
        for position, one in enumerate(arc.targets):
            for other in arc.targets[position + 1 :]:
                above = [self.plan.states[each].id for each in self.plan.ancestors(other)]
                meeting = next(each for each in self.plan.ancestors(one) if self.plan.states[each].id in above)
                apart = self.plan.states[meeting].kind == PARALLEL
                if self.plan.is_inside(one, other) or self.plan.is_inside(other, one) or not apart:
                    ids = f"{self.plan.states[one].id!r} and {self.plan.states[other].id!r}"
                    self.report(f"{ids} cannot be active together: they are no regions of one parallel state", place)


_FIELDS = {
    "states": "inner states",
    "initials": "initial state",
    "on": "transitions: nothing leads out of it",
    "after": "transitions: nothing leads out of it",
    "enter": "entry actions",
    "exit": "exit actions",
    "invoke": "invocations",
    "done": "done data",
}

_MAY_HAVE: Mapping[str, tuple[str, ...]] = {
    STATE: ("states", "initials", "on", "after", "enter", "exit", "invoke"),
    PARALLEL: ("states", "on", "after", "enter", "exit", "invoke"),
    FINAL: ("enter", "exit", "done"),
    "shallow": ("on",),
    DEEP: ("on",),
}
"""What a state of each kind may have (SCXML 3.3 to 3.10)."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint, where there is a name that was probably meant."""
    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
