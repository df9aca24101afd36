"""One machine that runs: events in, steps taken, effects out (SCXML, appendix D: mainEventLoop and below)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from importlib import import_module
from typing import Any

from mainspring.errors import MachineEndlessError, MachineFailedError, PayloadInvalidError
from mainspring.models.machine.actions import SCXML_PROCESSOR
from mainspring.models.machine.calling import Calling
from mainspring.models.machine.chart import Chart, Choice, Node, Step, circle, leaving
from mainspring.models.machine.effects import Delay, Effect, Pass, Revoke, Say, Stop
from mainspring.models.machine.event import (
    ERROR_COMMUNICATION,
    ERROR_EXECUTION,
    INTERNAL,
    PLATFORM,
    MachineEvent,
    error_of,
)
from mainspring.models.machine.expression import (
    EVENT,
    IN,
    NAME,
    PROCESSORS,
    SESSION,
    ActionError,
    replaced,
)
from mainspring.models.machine.invoking import begin_waiting, finalize
from mainspring.models.machine.plan import ROOT, Arc, Plan, Vertex

MICROSTEPS_MAX = 1_000
"""Steps that one event may lead to; more never settle."""

PLAIN = frozenset({type(None), bool, int, float, str, Decimal})
"""Types of values that Python cannot change in place."""

Saved = tuple[Node, dict[str, Any], dict[str, Calling], int, int, bool, Any]

Taken = tuple[str, Step]
"""The name of an event (empty: none) and the step that it led to."""


def copied(plan: Plan, data: dict[str, Any]) -> dict[str, Any]:
    """Data that whatever the machine does to them leaves the others as they are."""
    if plan.has_python and not all(type(value) in PLAIN for value in data.values()):
        return deepcopy(data)
    return data.copy()


def typed(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for data from outside; raises `PayloadInvalidError`, naming the one that is not of its type."""
    try:
        kinds = plan.types
        return {name: kinds[name].value_of(name, value) if name in kinds else value for name, value in values.items()}
    except ActionError as error:
        raise PayloadInvalidError("input", str(error)) from None


class Session:
    """The state of a machine, and the interpreter that changes it."""

    __slots__ = (
        "_names", "bound", "calls", "chart", "counter", "data", "event", "external", "has_ended",
        "host", "id", "internal", "mask", "node", "outbox", "output", "parent", "plan", "trail", "waiting",
    )  # fmt: skip

    def __init__(self, chart: Chart, id: str = "1", *, parent: str = "", host: Any = None) -> None:
        self.chart = chart
        self.plan = chart.plan
        self.id = id
        self.parent = parent
        """The session id of the machine that invoked this one."""
        self.host: Any = self if host is None else host
        """What Python callables get as their machine."""
        self.node: Node = chart.empty
        self.mask = 0
        self.data: dict[str, Any] = {}
        self.event: MachineEvent | None = None
        self.internal: deque[MachineEvent] = deque()
        self.external: deque[MachineEvent] = deque()
        self.outbox: list[Effect] = []
        self.trail: list[Taken] = []
        """The steps that the latest events led to; whoever runs the session reads and clears it."""
        self.calls: dict[str, Calling] = {}
        """What is invoked now, by its id."""
        self.has_ended = False
        self.output: Any = None
        self.waiting: tuple[Vertex, ...] = ()
        """States whose invocations begin once the machine has settled (statesToInvoke)."""
        self._names: dict[str, Any] | None = None
        self.counter = 0
        self.bound = 0
        """States whose data have got their first values: a bit for each."""

    # --- Running ------------------------------------------------------------------------------

    def start(self, values: Mapping[str, Any]) -> None:
        """Enter the initial configuration; `values` replace the first values of data."""
        plan = self.plan
        if values and plan.document.open:
            self.data.update(typed(plan, values) if plan.types else values)
        if plan.with_data:
            self._bind_all(values)
        if plan.script is not None:
            plan.script(self)
        self._take("", self.chart.first)
        if self.internal or self.waiting or not self.node.is_calm:
            self._settle()

    def handle(self, event: MachineEvent) -> bool:
        """One external event, until the machine has settled; says whether it led to any step.

        It may do so although no transition takes it: by the error event of a condition that has no value.

        Raises `MachineFailedError` and `MachineEndlessError`, and then nothing has changed.
        """
        self.event, self._names, self.mask = event, None, self.node.mask
        before = len(self.trail)
        if self.calls:
            finalize(self, event)
        choice = self.node.choices.get(event.name) or self.chart.choose(self.node, event.name)
        step = choice.step or (self._select(choice) if choice.groups else None)
        if step is not None:
            self._take(event.name, step)
        if step is not None or self.internal:
            self._settle()
        return len(self.trail) > before

    def _settle(self) -> None:
        """Take all that follows without a further external event (a macrostep)."""
        for _ in range(MICROSTEPS_MAX):
            node = self.node
            if node.is_final:
                self.leave()
                return
            choice, name = node.eventless, ""
            step = None if choice is None else choice.step or self._select(choice)
            if step is None:
                if not self.internal:
                    if self.waiting:
                        begin_waiting(self)
                        continue
                    return
                event = self.internal.popleft()
                self.event, self._names, name = event, None, event.name
                choice = node.choices.get(name) or self.chart.choose(node, name)
                step = choice.step or (self._select(choice) if choice.groups else None)
            if step is not None:
                self._take(name, step)
            elif name == ERROR_EXECUTION and self.event is not None:
                self._check(self.event)
        past = [step.node for _, step in self.trail]
        error = error_of(self.event) if self.event is not None and self.event.name == ERROR_EXECUTION else ""
        raise MachineEndlessError(self.plan.name, MICROSTEPS_MAX, circle(self.plan, past), error)

    def _check(self, event: MachineEvent) -> None:
        """An error that nothing handles stops a strict machine."""
        if event.name == ERROR_EXECUTION and self.plan.document.strict:
            raise MachineFailedError(self.plan.name, self.active_ids(), error_of(event))

    def _select(self, choice: Choice) -> Step | None:
        """Ask the conditions, and resolve conflicts."""
        enabled: dict[Arc, None] = {}
        refused: set[Arc] = set()
        for group in choice.groups:
            for arc in group:
                if arc in refused:
                    continue
                if arc in enabled or arc.guard is None or self.holds(arc):
                    enabled[arc] = None
                    break
                refused.add(arc)
        return self.chart.step(self.node, tuple(enabled)) if enabled else None

    def holds(self, arc: Arc) -> bool:
        """Whether the condition of a transition is true; one without a value is false, and an error (5.9.1)."""
        assert arc.guard is not None
        try:
            return bool(arc.guard(self))
        except ActionError as error:
            self.fail(error)
            return False

    def _take(self, name: str, step: Step) -> None:
        """One microstep."""
        for op in step.ops:
            op(self)
        self.node = step.node
        self.mask = step.node.mask
        self.trail.append((name, step))

    def leave(self) -> None:
        """exitInterpreter: all that is active is left, but stays visible as the configuration."""
        plan, mask = self.plan, self.mask
        self.has_ended = True
        for state in reversed(self.node.active):
            for op in leaving(plan.states[state]):
                op(self)
            for compute in plan.states[state].done:
                try:
                    self.output = compute(self)
                except ActionError as error:
                    self.output = None
                    self.fail(error)
        for event in self.internal:
            self._check(event)  # nobody is left who could handle it
        self.internal.clear()
        self.external.clear()
        self.mask = mask

    # --- Taking back --------------------------------------------------------------------------

    def save(self) -> Saved:
        """What a failed event is taken back to."""
        return (
            self.node,
            copied(self.plan, self.data),
            self.calls.copy(),
            self.bound,
            self.counter,
            self.has_ended,
            self.output,
        )

    def restore(self, saved: Saved) -> None:
        """As it was when it was saved, and nothing asked for."""
        self.node, self.data, self.calls, self.bound, self.counter, self.has_ended, self.output = saved
        self.mask, self._names = self.node.mask, None
        self.waiting = ()
        for queue in (self.internal, self.external, self.outbox, self.trail):
            queue.clear()

    # --- Data ---------------------------------------------------------------------------------

    def scope(self) -> Mapping[str, Any]:
        """All names that expressions see."""
        names = self._names
        if names is not None:
            return names
        plan, event = self.plan, self.event
        names = self._names = {**plan.defaults, **self.data}
        if plan.document.open and event is not None and type(event.data) is dict:
            names.update(event.data)
        system = plan.system
        if system:
            if EVENT in system:
                names[EVENT] = None if event is None else event.as_context()
            if IN in system:
                names[IN] = import_module("mainspring.models.machine.language").predicate_in(self.is_active)
            names[SESSION], names[NAME] = self.id, plan.name
            names[PROCESSORS] = {"scxml": {"location": self.location}, SCXML_PROCESSOR: {"location": self.location}}
        return names

    def is_active(self, state: str) -> bool:
        index = self.plan.index.get(state)
        return index is not None and bool(self.mask >> index & 1)

    def active_ids(self) -> list[str]:
        return list(self.node.ids)

    @property
    def location(self) -> str:
        """Where events for this session are sent (C.1)."""
        return f"#_scxml_{self.id}"

    def has(self, name: str) -> bool:
        return name in self.data

    def assign(self, path: tuple[str, ...], value: Any) -> None:
        """A new value for a place; raises `ActionError` for one that is not there."""
        name = path[0]
        if name not in self.data and not self.plan.document.open:
            raise ActionError(f"there is no {name!r} in the data")
        self.declare(name, replaced(self.data.get(name, {}), path[1:], value))

    def declare(self, name: str, value: Any) -> None:
        """A value for a name; raises `ActionError` where the name has another type."""
        types = self.plan.types
        self.data[name] = types[name].value_of(name, value) if name in types else value
        self._names = None

    def touch(self) -> None:
        """The data may have been changed by Python; raises `ActionError` where a type is not kept to."""
        self._names = None
        for name, kind in self.plan.types.items():
            if name in self.data:
                self.data[name] = kind.value_of(name, self.data[name])

    def bind(self, vertex: Vertex, values: Mapping[str, Any] | None = None) -> None:
        """First values for the data of a state, once (5.3.3); `values` replace them."""
        if self.bound >> vertex.index & 1:
            return
        self.bound |= 1 << vertex.index
        for name, compute in vertex.data:
            if values is not None and name in values:
                self.declare(name, values[name])
            elif compute is not None:
                try:
                    self.declare(name, compute(self))
                except ActionError as error:
                    self.fail(error)

    def _bind_all(self, values: Mapping[str, Any]) -> None:
        """All names are there from the start; with late binding only the machine's own have their values (5.3.3)."""
        for vertex in self.plan.with_data:
            for name, _ in vertex.data:
                self.data.setdefault(name, None)
        for vertex in self.plan.with_data:
            if vertex.index == ROOT:
                self.bind(vertex, values)
            elif not self.plan.document.late:
                self.bind(vertex)

    # --- Events -------------------------------------------------------------------------------

    def put(self, event: MachineEvent) -> None:
        """Into the internal queue."""
        self.internal.append(event)

    def fail(self, error: ActionError) -> None:
        """An error becomes an event (3.12.2)."""
        self.put(MachineEvent(error.event, {"message": str(error)}, PLATFORM, error.send_id))

    def done(self, state: str, computes: tuple[Any, ...]) -> None:
        """A state is done (3.7); an error in its data is told first."""
        data = None
        for compute in computes:
            try:
                data = compute(self)
            except ActionError as error:
                self.fail(error)
        self.put(MachineEvent(f"done.state.{state}", data, PLATFORM))

    def send(self, event: MachineEvent, target: str, delay_s: float) -> None:
        """Where an event goes (6.2.4, C.1); raises `ActionError` for a target that is none, or not there."""
        if target == "#_internal":
            if delay_s:
                raise ActionError("an internal event cannot be delayed (6.2.4)")
            event.type, event.origin_type = INTERNAL, ""
            self.internal.append(event)
            return
        event.origin = self.location
        if not target.startswith("#_") and target:
            raise ActionError(f"{target!r} is no target; write #_parent, #_internal or #_<invoke id>")
        is_own = target in ("", self.location)
        known = is_own or (target == "#_parent" and self.parent) or target[2:] in self.calls
        if target == f"#_scxml_{self.parent}" and self.parent:
            target, known = "#_parent", True
        if not known:
            raise ActionError(f"there is no session {target!r} that could be reached", ERROR_COMMUNICATION)
        if delay_s:
            key = event.send_id or self.next_id("delay")
            self.outbox.append(Delay(event, "" if is_own else target, delay_s, key))
        elif is_own:
            self.external.append(event)
        else:
            self.outbox.append(Pass(event, target))

    def cancel(self, send_id: str) -> None:
        self.outbox.append(Revoke(send_id))

    def next_id(self, prefix: str) -> str:
        """An id that this session has not used yet."""
        self.counter += 1
        return f"{prefix}.{self.counter}"

    def log(self, label: str, value: Any) -> None:
        self.outbox.append(Say(label, value))

    # --- Invocations --------------------------------------------------------------------------

    def await_settled(self, vertex: Vertex) -> None:
        """A state with invocations has been entered."""
        self.waiting = (*self.waiting, vertex)

    def uninvoke(self, vertex: Vertex) -> None:
        """A state with invocations is left."""
        if vertex in self.waiting:
            self.waiting = tuple(each for each in self.waiting if each is not vertex)
        for id in [id for id, call in self.calls.items() if call.state == vertex.index]:
            del self.calls[id]
            self.outbox.append(Stop(id))
