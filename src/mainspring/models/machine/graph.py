"""A machine as a statechart, for whoever draws it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mainspring.drawing.statechart import Arrow, Kind, State, Statechart
from mainspring.models.machine import document as written
from mainspring.models.machine.document import HISTORIES, AnyAction, Call, blocks_of, timer_event
from mainspring.models.machine.plan import ROOT, Arc, Plan, Vertex


def statechart_of(plan: Plan, active: Collection[str] = (), *, has_ended: bool = False) -> Statechart:
    """The statechart of a machine; what is active is shown as running, or as completed once the machine has ended."""
    drawer = _Drawer(plan, active, "completed" if has_ended else "running")
    arrows = tuple(Arrow(source, target, tuple(labels)) for (source, target), labels in drawer.arrows().items())
    return Statechart(drawer.inside(ROOT), arrows)


class _Drawer:
    def __init__(self, plan: Plan, active: Collection[str], status: str) -> None:
        self.plan = plan
        self.active = active
        self.status = status
        self.sources = dict(_sources(plan.document.states))
        self.delays = {timer_event(delay, id): delay for id, source in self.sources.items() for delay in source.after}

    def inside(self, index: int) -> tuple[State, ...]:
        """The states in one, the dot where it begins first; regions begin all, and so have none."""
        vertex = self.plan.states[index]
        inner = sorted((*vertex.children, *vertex.histories))
        found = tuple(self.state(self.plan.states[each]) for each in inner)
        if not vertex.initial:
            return found
        return (State(dot_of(vertex), label=" ", kind="initial"), *found)

    def state(self, vertex: Vertex) -> State:
        kind: Kind = vertex.kind  # type: ignore[assignment]
        status = self.status if vertex.id in self.active else ""
        return State(
            vertex.id,
            kind=kind,
            lines=() if kind in HISTORIES else tuple(self.lines(vertex)),
            status=status,  # type: ignore[arg-type]
            states=self.inside(vertex.index),
        )

    def lines(self, vertex: Vertex) -> Iterator[str]:
        """What a state does, and the transitions that do not leave it."""
        source = self.sources[vertex.id]
        for word, blocks in (("entry", source.enter), ("exit", source.exit)):
            actions = [action for block in blocks_of(blocks) for action in block]
            if actions:
                yield f"{word} / {said(actions)}"
        for call in source.invoke:
            name = call.source or call.source_of or "a machine"
            yield f"invoke {call.type} {short(name) if call.type == 'task' else name}"
        for arc in vertex.arcs:
            if not arc.targets:
                yield self.label(arc)

    def arrows(self) -> dict[tuple[str, str], list[str]]:
        """The labels of all transitions by where they lead."""
        found: dict[tuple[str, str], list[str]] = {}
        states = self.plan.states
        for vertex in states:
            for number, first in enumerate(vertex.initial):
                labels = found.setdefault((dot_of(vertex), states[first].id), [])
                actions = self.plan.document.states and vertex.index and self.sources[vertex.id].initial_actions
                labels += [f"/ {said(actions)}"] if actions and not number else []
            for arc in vertex.arcs:
                for number, target in enumerate(arc.targets):
                    labels = found.setdefault((vertex.id, states[target].id), [])
                    label = self.label(arc)
                    labels += [label] if label and not number else []
        return found

    def label(self, arc: Arc) -> str:
        """`event [guard] / action`."""
        event, when, actions = arc.document.event, arc.document.when, arc.document.actions
        event = f"after {self.delays[event]}" if event in self.delays else ", ".join(event.split())
        test = when if isinstance(when, str) else short(when.name)
        parts = (event, f"[{test}]" if test else "", f"/ {said(actions)}" if actions else "")
        return " ".join(part for part in parts if part)


def dot_of(vertex: Vertex) -> str:
    """The id of the dot where a state begins; no state can have it, for it holds a space."""
    return f"{vertex.id if vertex.index else ''} (initial)"


def _sources(states: dict[str, written.State]) -> Iterator[tuple[str, written.State]]:
    for id, state in states.items():
        yield id, state
        yield from _sources(state.states)


# --- Actions in words -----------------------------------------------------------------------------


def said(actions: Collection[AnyAction]) -> str:
    return "; ".join(map(_say, actions))


def _say(action: AnyAction) -> str:
    match action:
        case Call(name):
            return f"{short(name)}()"
        case written.Raise(event):
            return f"raise {event}"
        case written.Send():
            delay = action.delay or action.delay_of
            target = action.target or action.target_of
            words = ("send", action.event or action.event_of, target and f"to {target}", delay and f"in {delay}")
            return " ".join(word for word in words if word)
        case written.Cancel():
            return f"cancel {action.id or action.id_of}"
        case written.Assign(location, value):
            return f"{location} := {value.expression or value.constant}"
        case written.Script(values):
            return f"set {values}"
        case written.If(branches):
            return f"if {branches[0].when} …"
        case written.ForEach(array, item):
            return f"for {item} in {array} …"
        case written.Log():
            return f"log {action.label or action.expression}"


def short(name: str) -> str:
    """`note` of `claims:Approval.note`: a whole name is too long for a picture."""
    return name.partition("#")[0].rpartition(":")[2].rpartition(".")[2].strip("<>")
