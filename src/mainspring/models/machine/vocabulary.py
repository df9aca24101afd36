"""Words that a machine uses and that mean nothing in it: names, states and events that are nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mainspring.errors import Problem
from mainspring.models.machine.asking import INNER
from mainspring.models.machine.plan import Plan, nearest

IN_STATE = re.compile(r"\bIn\(\s*\"([^\"]*)\"\s*\)")
KEYS = re.compile(r"([^\W\d]\w*)\s*:")
"""The entries of a context, such as `set` has it."""


def strange_words(plan: Plan) -> list[Problem]:
    """All of them, in document order, each with its place."""
    parts = list(_parts(msgspec.to_builtins(plan.document), ""))
    return [*_events(plan, parts), *_sent(plan, parts), *_states(plan, parts), *_names(plan, parts)]


def _parts(value: Any, place: str) -> Iterator[tuple[dict[str, Any], str]]:
    """All objects in a document, with the state that they are in."""
    if isinstance(value, dict):
        yield value, place
        for key, part in value.items():
            if key == "states" and isinstance(part, dict):
                for id, state in part.items():
                    yield from _parts(state, f"state {id}")
            elif key == "on":
                for number, each in enumerate(part, 1):
                    yield from _parts(each, f"{place}, transition {number}")
            elif key not in ("content", "meta"):
                yield from _parts(part, f"{place}, {key}" if key in ("enter", "exit", "invoke") else place)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part, place)


Parts = list[tuple[dict[str, Any], str]]


def _events(plan: Plan, parts: Parts) -> Iterator[Problem]:
    """Transitions for the end of what is not there."""
    calls = {call.document.id for call in plan.calls}
    has_any_id = any(not call.document.id or call.document.id_location for call in plan.calls)
    for value, place in parts:
        for name in str(value.get("event", "")).split() if ", transition " in place else ():
            state, call = name.removeprefix("done.state."), re.sub(r"^(done|error)\.invoke\.", "", name)
            if state not in (name, *plan.index) and "*" not in state:
                yield Problem(f"there is no state {state!r}{nearest(state, plan.index)}", place)
            if call not in (name, *calls) and "*" not in call and not has_any_id:
                yield Problem(f"nothing is invoked as {call!r}{nearest(call, calls)}", place)


def _sent(plan: Plan, parts: Parts) -> Iterator[Problem]:
    """Events that the machine raises or sends to itself, and does not take."""
    for value, place in parts:
        name, is_own = value.get("event", ""), value.get("target", "") in ("", "#_internal")
        if value.get("do") not in ("raise", "send") or not name or not is_own:
            continue
        if not any(arc.takes(name) for arc in plan.arcs):
            known = [each for each in plan.events if not each.startswith(INNER)]
            yield Problem(f"event {name!r} is sent, and no transition takes it{nearest(name, known)}", place)


def _states(plan: Plan, parts: Parts) -> Iterator[Problem]:
    for value, place in parts:
        for text in value.values():
            for name in IN_STATE.findall(text) if isinstance(text, str) else ():
                if name not in plan.index:
                    yield Problem(f"In({name!r}): there is no such state{nearest(name, plan.index)}", place)


def _names(plan: Plan, parts: Parts) -> Iterator[Problem]:
    """Names that nothing gives a value; in an open machine they may come with an event, unless they look mistyped."""
    known = set(_given(plan, parts))
    for name, place in plan.names.items():
        if name in known:
            continue
        hint = nearest(name, known)
        if not plan.document.open:
            yield Problem(f"nothing gives {name!r} a value{hint}", place)
        elif hint:
            yield Problem(f"nothing here gives {name!r} a value; it has to come with an event{hint}", place)


def _given(plan: Plan, parts: Parts) -> Iterator[str]:
    for vertex in plan.states:
        yield from (name for name, _ in vertex.data)
    for value, _ in parts:
        for key in ("location", "item", "index", "id_location"):
            if isinstance(value.get(key), str):
                yield value[key].partition(".")[0]
        if value.get("do") == "set":
            yield from KEYS.findall(value["values"])
