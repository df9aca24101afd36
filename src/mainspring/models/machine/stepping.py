"""From a durable state to a session and back: events in, one decision out that says what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Raw, structs

from mainspring.errors import EventRefusedError, MachineEndedError, MachineEndlessError
from mainspring.models.machine.asking import refusal_of
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.effects import Begin, Delay, Pass, Revoke, Say, Stop
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.invocation import TASK
from mainspring.models.machine.outcome import moves_of
from mainspring.models.machine.session import PLAIN, Session, copied, typed
from mainspring.models.machine.state import Called, MachineState, Ran, Sent, Timer

EVENTS_MAX = 1_000
"""Events that one event may lead to within one turn: those that a machine sends to itself without a delay."""

PARENT = "parent"
"""Stands for the session of a machine that is another instance."""

Refused = EventRefusedError | MachineEndedError


def session_of(chart: Chart, state: MachineState) -> Session:
    """The machine as it stands; changing it does not touch the state."""
    plan = chart.plan
    session = Session(chart, state.instance, parent=PARENT if state.has_parent else "")
    if not state.configuration:
        return session
    session.node = node = chart.find(state.configuration, state.memory)
    session.mask, session.data, session.counter = node.mask, copied(plan, state.data), state.counter
    if plan.types:
        session.data = typed(plan, session.data)  # what JSON has no form for was kept as a text
    if state.calls:
        session.calls = {id: plan.calls[called.number] for id, called in state.calls.items()}
    session.bound = 1 | sum([1 << plan.index[id] for id in state.bound]) if state.bound else 1
    return session


def begin(chart: Chart, state: MachineState, at: float, values: Mapping[str, Any]) -> Ran:
    """Enter the initial configuration; raises `MachineFailedError` and `MachineEndlessError`."""
    session = session_of(chart, state)
    session.start(values)
    _drain(session)
    return changes(session, state, at)


def advance(chart: Chart, state: MachineState, at: float, events: Iterable[MachineEvent]) -> tuple[Ran, Refused | None]:
    """Take events, and say why the last of them was not taken, if so; raises as `begin` does."""
    session, refused = session_of(chart, state), None
    for event in events:
        before = session.node
        if session.has_ended:
            break
        taken = session.handle(event)
        refused = None if taken else refusal_of(session, event.name, chart.choose(before, event.name))
        if event.invoke_id and not event.origin:  # messages have one
            _forget_call(session, event.invoke_id)
        _drain(session)
    return changes(session, state, at), refused


def _forget_call(session: Session, id: str) -> None:
    """What has ended runs no more, unless its event has begun it anew."""
    if not any(isinstance(effect, Begin) and effect.invoke_id == id for effect in session.outbox):
        session.calls.pop(id, None)


def _drain(session: Session) -> None:
    """What the machine has sent to itself."""
    for _ in range(EVENTS_MAX):
        if not session.external or session.has_ended:
            return
        session.handle(session.external.popleft())
    raise MachineEndlessError(session.plan.name, EVENTS_MAX, session.active_ids())


def changes(session: Session, state: MachineState, at: float) -> Ran:
    """What a session has that the state has not."""
    plan, node, known = session.plan, session.node, state.data
    ran = Ran(
        moves=moves_of(plan, session.trail),
        configuration=node.ids,
        memory=node.memory_ids,
        data={
            name: plain(value)
            for name, value in session.data.items()
            if name not in known or (known[name] is not value and not is_same(known[name], value))
        },
        counter=session.counter,
        has_ended=session.has_ended,
        output=plain(session.output),
    )
    if plan.late_data and session.bound > 1:
        bound = [vertex.id for vertex in plan.late_data if session.bound >> vertex.index & 1]
        ran = structs.replace(ran, bound=tuple(id for id in bound if id not in state.bound))
    if session.outbox or session.has_ended or state.calls:
        asked = Asked(session, state, at)
        return asked.added_to(ran)
    return ran


class Asked:
    """The effects of a session as timers, children and messages; what is set and taken back at once is left out."""

    def __init__(self, session: Session, state: MachineState, at: float) -> None:
        self.session, self.state, self.at = session, state, at
        self.timers: dict[str, Timer] = {}
        self.revoked: list[str] = []
        self.calls: dict[str, Called] = {}
        self.ended: list[str] = []
        self.sends: list[Sent] = []
        self.logs: list[tuple[str, Any]] = []
        for effect in session.outbox:
            self._ASK[type(effect)](self, effect)
        self.ended += [id for id in state.calls if id not in session.calls]
        if session.has_ended:
            self.end()

    def added_to(self, ran: Ran) -> Ran:
        over = {id: self.state.calls[id] for id in self.ended if id in self.state.calls}
        return structs.replace(
            ran,
            counter=self.session.counter,
            timers=self.timers,
            revoked=tuple(dict.fromkeys(self.revoked)),
            calls=self.calls,
            ended_tasks={id: called.key for id, called in over.items() if called.type == TASK},
            ended_children={id: called.key for id, called in over.items() if called.type != TASK},
            sends=tuple(self.sends),
            logs=tuple(self.logs),
        )

    def end(self) -> None:
        """The machine has ended, and with it all that it had; what it has sent is sent."""
        self.timers, self.calls = {}, {}
        self.revoked, self.ended = list(self.state.timers), list(self.state.calls)
        begun = {called.key for called in self.state.calls.values()}
        self.sends = [sent for sent in self.sends if not sent.key or sent.key in begun]

    def _delay(self, effect: Delay) -> None:
        event = structs.replace(effect.event, data=plain(effect.event.data))
        key = self.session.next_id("timer")
        self.timers[key] = Timer(event, self.at + effect.delay_s, effect.key, effect.target)

    def _revoke(self, effect: Revoke) -> None:
        self.timers = {name: timer for name, timer in self.timers.items() if timer.send_id != effect.key}
        self.revoked += [name for name, timer in self.state.timers.items() if timer.send_id == effect.key]

    def _begin(self, effect: Begin) -> None:
        key, known = self.session.next_id(effect.invoke_id), self.session.plan.calls[effect.number].machine
        machine = effect.machine if effect.machine is not known else None
        input = Raw(encode(effect.input))
        self.calls[effect.invoke_id] = Called(effect.number, key, effect.source, input, effect.type, 0, machine)

    def _stop(self, effect: Stop) -> None:
        if self.calls.pop(effect.invoke_id, None) is None:
            self.ended.append(effect.invoke_id)

    def _pass(self, effect: Pass) -> None:
        key = key_of(self.state.calls | self.calls, effect.target)
        if key is not None:
            self.sends.append(Sent(key, structs.replace(effect.event, data=plain(effect.event.data))))

    def _say(self, effect: Say) -> None:
        self.logs.append((effect.label, plain(effect.value)))

    _ASK: ClassVar[Mapping[type, Callable[[Any, Any], None]]] = {
        Delay: _delay,
        Revoke: _revoke,
        Begin: _begin,
        Stop: _stop,
        Pass: _pass,
        Say: _say,
    }


def id_of(key: str) -> str:
    """The invocation that a key was made for."""
    return key.rpartition(".")[0]


def key_of(calls: Mapping[str, Called], target: str) -> str | None:
    """The key of the child that a target names; empty: the parent; None: there is no such child now."""
    if target == "#_parent":
        return ""
    called = calls.get(target[2:])
    return None if called is None else called.key


# --- Values -----------------------------------------------------------------------------------


def _other(value: object) -> Any:
    """What JSON has no form for: as text."""
    return str(value)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)
AS_READ = frozenset({type(None), bool, int, str})
"""Types of values that JSON gives back as they are."""


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


def plain(value: Any) -> Any:
    """A value as its JSON would be read again."""
    return value if type(value) in AS_READ else msgspec.json.decode(_encoder.encode(value))


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same to whoever reads them again; `1` and `true` are not."""
    if type(one) in PLAIN or type(other) in PLAIN:
        return type(one) is type(other) and bool(one == other)
    return encode(one) == encode(other)
