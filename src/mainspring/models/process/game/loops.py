"""Loops: standard loops and multi-instances (13.3.6, 13.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.decisions import Thrown
from mainspring.models.process.document import MultiInstance, StandardLoop
from mainspring.models.process.expression import Evaluate, NoValueError, plain
from mainspring.models.process.game.activities import begin
from mainspring.models.process.game.ending import clear, go_on
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Loop, Trigger, Vertex
from mainspring.models.process.state import Token

ITERATIONS_MAX = 1_000_000
"""Of one multi-instance."""
COUNTER = "loopCounter"


def look_at_body(session: Session, body: Token) -> None:
    """What comes next in a loop: another iteration, several, or its end; raises `NoValueError`."""
    vertex = session.vertex(body)
    loop = vertex.loop
    assert loop is not None
    if isinstance(loop.what, StandardLoop):
        _look_at_standard(session, vertex, loop, loop.what, body)
    else:
        _look_at_multi(session, vertex, loop, loop.what, body)


# --- Standard loops ---------------------------------------------------------------------------


def _look_at_standard(session: Session, vertex: Vertex, loop: Loop, what: StandardLoop, body: Token) -> None:
    """`testBefore` asks before each iteration, also the first; otherwise the first is always run (13.3.6)."""
    if session.count(body.id):
        return
    if what.maximum is not None and body.loop >= what.maximum:
        goes_on = False
    elif loop.condition is None or (not what.test_before and not body.loop):
        goes_on = True
    else:
        goes_on = loop.condition(session.sight(body.scope, {COUNTER: body.loop}))
    if not goes_on:
        _end(session, vertex, body)
        return
    body = session.change(replace(body, loop=body.loop + 1))
    session.spawn(body.id)
    begin(session, vertex, body.id, loop=body.loop, values={COUNTER: body.loop})


# --- Multi-instances --------------------------------------------------------------------------


def _look_at_multi(session: Session, vertex: Vertex, loop: Loop, what: MultiInstance, body: Token) -> None:
    if not body.loop:
        _begin_multi(session, vertex, loop, what, body)
        return
    if what.behavior != "All" and body.seen < body.done:
        _throw(session, vertex, loop, what, body)
        body = session.change(replace(body, seen=body.done))
    if loop.completion is not None and body.done and _has_enough(session, loop.completion, body):
        clear(session, body)
        _end(session, vertex, body)
    elif what.sequential and body.loop < body.total:
        if not session.count(body.id):
            _next(session, vertex, what, body)
    elif not session.count(body.id):
        _end(session, vertex, body)


def _begin_multi(session: Session, vertex: Vertex, loop: Loop, what: MultiInstance, body: Token) -> None:
    """How many there are is known before the first begins (13.3.7)."""
    items = _items(session, loop, body)
    total = len(items) if items is not None else _cardinality(session, loop, body)
    if not total:
        _end(session, vertex, body)
        return
    if items is not None and what.sequential:
        session.items[body.id] = items
    if what.sequential:
        _next(session, vertex, what, session.change(replace(body, total=total)))
        return
    session.change(replace(body, total=total, loop=total))
    session.spawn(body.id, total)
    for number in range(1, total + 1):
        begin(session, vertex, body.id, loop=number, values=_of_one(what, number, items))


def _of_one(what: MultiInstance, number: int, items: list[Any] | None) -> dict[str, Any]:
    """The variables of one instance: its number, its item, and the one that it is to fill."""
    values: dict[str, Any] = {COUNTER: number}
    if items is not None and what.item:
        values[what.item] = items[number - 1]
    if what.result:
        values[what.result] = None
    return values


def _next(session: Session, vertex: Vertex, what: MultiInstance, body: Token) -> None:
    number = body.loop + 1
    items = session.items.get(body.id) or session.state.items.get(body.id)
    session.change(replace(body, loop=number))
    session.spawn(body.id)
    begin(session, vertex, body.id, loop=number, values=_of_one(what, number, items))


def _items(session: Session, loop: Loop, body: Token) -> list[Any] | None:
    if loop.collection is None:
        return None
    items = plain(loop.collection(session.sight(body.scope)))
    if isinstance(items, Mapping):
        return list(items.values())
    if not isinstance(items, list):
        raise NoValueError(f"the collection of the loop is {items!r:.60}; expected a list")
    return items


def _cardinality(session: Session, loop: Loop, body: Token) -> int:
    value = 0 if loop.cardinality is None else plain(loop.cardinality(session.sight(body.scope)))
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= ITERATIONS_MAX:
        raise NoValueError(f"the cardinality of the loop is {value!r:.60}; expected a whole number from 0")
    return value


def _counts(session: Session, body: Token) -> dict[str, int]:
    """What a condition may ask of a multi-instance (table 10.31), also by Camunda 7's names."""
    active = session.count(body.id)
    counts = {"Instances": body.total, "ActiveInstances": active, "CompletedInstances": body.done,
              "TerminatedInstances": 0}  # fmt: skip
    return {prefix + name: count for name, count in counts.items() for prefix in ("numberOf", "nrOf")}


def _has_enough(session: Session, completion: Evaluate, body: Token) -> bool:
    return bool(completion(session.sight(body.scope, _counts(session, body))))


def _end(session: Session, vertex: Vertex, body: Token) -> None:
    """All have completed, or enough: what they gave is a list in the order of the items."""
    what = None if vertex.loop is None else vertex.loop.what
    if isinstance(what, MultiInstance) and what.output_collection:
        outputs = {**session.state.outputs.get(body.id, {}), **session.outputs.get(body.id, {})}
        session.assign(body.scope, (what.output_collection,), [outputs.get(n + 1) for n in range(body.total)])
    go_on(session, vertex, body)


# --- Events that a multi-instance throws (table 10.29) ------------------------------------------


def _throw(session: Session, vertex: Vertex, loop: Loop, what: MultiInstance, body: Token) -> None:
    """`None`: an event for each that completes; `One`: for the first; `Complex`: as conditions say."""
    since = body.done - body.seen
    if what.behavior == "None" and loop.none is not None:
        for _ in range(since):
            _throw_one(session, vertex, loop.none, body)
    elif what.behavior == "One" and loop.one is not None and not body.seen:
        _throw_one(session, vertex, loop.one, body)
    elif what.behavior == "Complex":
        sight = session.sight(body.scope, _counts(session, body))
        for condition, trigger in loop.complex:
            if condition(sight):
                _throw_one(session, vertex, trigger, body)


def _throw_one(session: Session, vertex: Vertex, trigger: Trigger, body: Token) -> None:
    """Its own boundary event catches it, and does not interrupt it for that: instances that have not completed would be
    lost, which is not what throwing as they complete is for.  Otherwise it is thrown like any other."""
    for boundary in vertex.boundaries:
        if any((each.kind, each.name) == (trigger.kind, trigger.name) for each in boundary.events):
            session.spawn(body.scope)
            session.send(boundary, body.scope)
            return
    session.thrown.append(Thrown(trigger.kind, trigger.name, session.key, session.visible(body.scope)))
