"""From a durable state to a session and back: events in, one decision out that says what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import msgspec
from msgspec import Raw

from mainspring.errors import EventRefusedError, MachineEndedError, MachineEndlessError
from mainspring.models.machine.asking import refusal_of
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.effects import Begin, Delay, Revoke, Say, Stop
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.outcome import moves_of
from mainspring.models.machine.session import Session
from mainspring.models.machine.state import Called, MachineState, Ran, Timer

EVENTS_MAX = 1_000
"""Events that one event may lead to within one turn: those that a machine sends to itself without a delay."""

Refused = EventRefusedError | MachineEndedError


def session_of(chart: Chart, state: MachineState) -> Session:
    """The machine as it stands; changing it does not touch the state."""
    plan = chart.plan
    session = Session(chart, state.instance)
    if not state.configuration:
        return session
    indices = [plan.index[id] for id in state.configuration]
    memory = tuple(None if ids is None else tuple(plan.index[id] for id in ids) for ids in state.memory)
    calls = {id: plan.calls[called.number] for id, called in state.calls.items()}
    data = deepcopy(state.data) if plan.has_python else state.data.copy()
    bound = {0, *(plan.index[id] for id in state.bound)}
    session.restore((chart.node(indices, memory or chart.empty.memory), data, calls, bound, state.counter))
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
        _forget_call(session, event)
        _drain(session)
    return changes(session, state, at), refused


def _forget_call(session: Session, event: MachineEvent) -> None:
    """A task that has ended runs no more, unless the event has begun it anew."""
    id = event.invoke_id
    if id and not any(isinstance(effect, Begin) and effect.invoke_id == id for effect in session.outbox):
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
    plan = session.plan
    timers, revoked, calls, ended, logs = _asked(session, state, at)
    if session.has_ended:
        timers, calls = {}, {}
        revoked, ended = list(state.timers), list(state.calls)
    ids = [vertex.id for vertex in plan.states]
    node = session.node
    return Ran(
        moves=moves_of(plan, session.trail),
        configuration=node.ids,
        memory=tuple([None if kept is None else tuple([ids[index] for index in kept]) for kept in node.memory]),
        data={
            name: plain(value)
            for name, value in session.data.items()
            if name not in state.data or (state.data[name] is not value and state.data[name] != value)
        },
        bound=tuple(ids[index] for index in sorted(session.bound) if index and ids[index] not in state.bound),
        counter=session.counter,
        timers=timers,
        revoked=tuple(dict.fromkeys(revoked)),
        calls=calls,
        ended_calls={id: state.calls[id].key for id in ended if id in state.calls},
        logs=tuple(logs),
        has_ended=session.has_ended,
        output=plain(session.output),
    )


def _asked(
    session: Session, state: MachineState, at: float
) -> tuple[dict[str, Timer], list[str], dict[str, Called], list[str], list[tuple[str, Any]]]:
    """The effects of a session as timers and tasks; what is set and taken back at once is left out."""
    timers: dict[str, Timer] = {}
    revoked: list[str] = []
    calls: dict[str, Called] = {}
    ended: list[str] = []
    logs: list[tuple[str, Any]] = []
    for effect in session.outbox:
        match effect:
            case Delay():
                event = msgspec.structs.replace(effect.event, data=plain(effect.event.data))
                timers[session.next_id("timer")] = Timer(event, at + effect.delay_s, effect.key)
            case Revoke(key):
                timers = {name: timer for name, timer in timers.items() if timer.send_id != key}
                revoked += [name for name, timer in state.timers.items() if timer.send_id == key]
            case Begin():
                number = session.calls[effect.invoke_id].number if effect.invoke_id in session.calls else 0
                key = session.next_id(effect.invoke_id)
                calls[effect.invoke_id] = Called(number, key, effect.source, Raw(encode(effect.input)))
            case Stop(id):
                if calls.pop(id, None) is None:
                    ended.append(id)
            case Say(label, value):
                logs.append((label, plain(value)))
            case _:
                pass  # nothing is passed on: what a durable machine invokes are tasks
    ended += [id for id in state.calls if id not in session.calls]
    return timers, revoked, calls, ended, logs


# --- Values -----------------------------------------------------------------------------------


def _other(value: object) -> Any:
    """What JSON has no form for: as text."""
    return str(value)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)
PLAIN = frozenset({type(None), bool, int, str})


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


def plain(value: Any) -> Any:
    """A value as its JSON would be read again."""
    return value if type(value) in PLAIN else msgspec.json.decode(_encoder.encode(value))
