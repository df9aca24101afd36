"""Machines as SCXML: read back, they do the same; and the same text is written again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring import Machine
from mainspring.errors import DefinitionInvalidError, MainspringError
from mainspring.models.machine.live import LiveMachine

EVENTS = ["a", "b", "a.x", "c"]
WHENS = ["", "", "n > 1", "n <= 1 or flag", 'In("s1")']
ACTIONS: list[dict[str, Any]] = [
    {"do": "assign", "location": "n", "value": {"expression": "n + 1"}},
    {"do": "assign", "location": "text", "value": {"constant": "a <b> & \"c\"\n"}},
    {"do": "raise", "event": "c"},
    {"do": "send", "event": "b", "delay": "2s", "id": "later", "parameters": [{"name": "k", "expression": "n"}]},
    {"do": "cancel", "id": "later"},
    {"do": "if", "branches": [{"when": "n > 2", "actions": [{"do": "raise", "event": "b"}]}, {"when": "flag"}],
     "otherwise": [{"do": "log", "label": "x", "expression": "n"}]},
    {"do": "foreach", "array": "[1, 2]", "item": "i", "actions": [{"do": "set", "values": "{n: n + i}"}]},
    {"do": "call", "name": "count"},
]  # fmt: skip


@st.composite
def documents(draw):
    ids = iter(f"s{number}" for number in range(1, 100))
    made: list[tuple[str, str]] = []

    def state(left: int) -> tuple[str, dict[str, Any]]:
        id, kind = next(ids), draw(st.sampled_from(["state", "state", "parallel", "final"]))
        kind = "state" if kind == "parallel" and not left else kind
        made.append((id, kind))
        if kind == "final":
            return id, {"kind": kind, "done": {"content": {"expression": "n"}}}
        count = draw(st.integers(1 if kind == "parallel" else 0, 2)) if left else 0
        inner = dict(state(left - 1) for _ in range(count))
        if inner and draw(st.booleans()):
            memory = next(ids)
            kinds = {"kind": draw(st.sampled_from(["shallow", "deep"])), "on": [{"target": next(iter(inner))}]}
            made.append((memory, "history"))
            inner[memory] = kinds
        return id, {"kind": kind, "states": inner}

    states = dict(state(2) for _ in range(draw(st.integers(1, 3))))
    targets = st.sampled_from([id for id, _ in made])

    def fill(described: dict[str, Any]) -> None:
        for inner in described.get("states", {}).values():
            fill(inner)
        actions = st.lists(st.sampled_from(ACTIONS), max_size=2)
        if described.get("kind") in ("shallow", "deep"):
            return
        described["enter"] = draw(actions)
        described["exit"] = draw(actions)
        if described.get("kind") != "final":
            described["on"] = [
                {"event": event, "when": draw(st.sampled_from(WHENS)), "actions": draw(actions)}
                | ({"target": draw(targets), "internal": draw(st.booleans())} if draw(st.booleans()) else {})
                for event in draw(st.lists(st.sampled_from([*EVENTS, "*", "a.*"]), max_size=3))
            ]
            if draw(st.integers(0, 3)) == 0:
                described["after"] = {"1.5s": draw(targets), "3d": {"actions": [ACTIONS[0]]}}

    for described in states.values():
        fill(described)
    return {"machine": "m", "states": states, "data": {"n": 1, "flag": False, "text": ""}, "strict": False}


def count(machine: LiveMachine) -> None:
    machine.data["n"] += 1


def story(machine: Machine, events: list[str]) -> list[Any]:
    """All that can be seen of a run."""
    told: list[Any] = []
    try:
        live = LiveMachine(machine, {})
        for event in events:
            live.send(event)
            live.pass_time(1)
            told.append((live.configuration, dict(live.data), live.next_s, live.has_ended))
        told.append((live.history, live.output))
    except MainspringError as error:
        told.append(type(error).__name__)
    return told


@settings(max_examples=200, deadline=None)
@given(documents(), st.lists(st.sampled_from(EVENTS), max_size=6))
def test_what_is_written_and_read_back_does_the_same(data, events):
    functions = {"count": count}
    machine = Machine.of_data(data, functions)
    text = machine.to_scxml()

    read = Machine.of_scxml(text, functions)

    assert read.to_scxml() == text
    assert story(read, events) == story(machine, events)


@settings(max_examples=100, deadline=None)
@given(documents())
def test_the_data_notation_is_the_same_after_json_and_yaml(data):
    machine = Machine.of_data(data)
    assert Machine.of_text(machine.to_json()).document == machine.document
    assert Machine.of_text(machine.to_yaml()).document == machine.document


def test_what_scxml_has_no_word_for_is_kept_in_our_own():
    data = {
        "machine": "m",
        "description": "for people",
        "states": {
            "a": {
                "tags": ["busy"],
                "meta": {"x": [1]},
                "description": "one & two",
                "on": [{"event": "go", "target": ["b"], "when": {"do": "call", "name": "ok"}, "description": "why"}],
            },
            "b": {"kind": "final"},
        },
    }
    machine = Machine.of_data(data, {"ok": lambda: True})
    assert Machine.of_scxml(machine.to_scxml(), {"ok": lambda: True}).document == machine.document


def test_how_an_invoked_task_is_run_is_kept():
    call = {
        "type": "task",
        "source": "shop:charge",
        "id": "c",
        "names": ["n"],
        "retries": 3,
        "timeout_s": 2.5,
        "queue": "q",
        "memory_max_mb": 64,
    }
    machine = Machine.of_data({"machine": "m", "states": {"a": {"invoke": [call]}}})
    text = machine.to_scxml()
    assert Machine.of_scxml(text).document.states == machine.document.states
    with pytest.raises(DefinitionInvalidError, match="its attribute `task` is no object"):
        Machine.of_scxml(text.replace("2.5", "&quot;soon&quot;"))


def test_a_character_that_xml_cannot_hold_is_refused():
    with pytest.raises(DefinitionInvalidError, match=r"XML has no form for the character '\\x00'"):
        Machine.of_data({"machine": "m", "states": {"a": {"description": "\0"}}}).to_scxml()
