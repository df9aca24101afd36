"""What is odd about a machine, and what it looks like."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from mainspring import Machine, State, StateMachine


class Odd(StateMachine):
    a, stuck, island, other = State(initial=True), State(), State(), State()
    inner = State()
    around = State(inside=[inner])
    end = State(final=True)

    go = a.to(stuck)
    again = a.to(around, event="go.fast")
    wait = a.to(other, when="late")
    late = a.to(other, event="wait")
    back = other.to(a)
    away = island.to(a)
    out = around.to(end)
    a.to(around, event="in")


HERE = Path(__file__)


def line_of(text: str) -> str:
    """Where a line of this file stands that begins so."""
    lines = HERE.read_text(encoding="utf-8").splitlines()
    return f"{HERE}:{next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))}"


def test_states_without_a_way_and_transitions_behind_others_are_told_with_their_place():
    before = "it is never taken: transition 1 of state 'a' for 'go' always is before it"
    assert [str(each) for each in Odd.machine().oddities()] == [
        f"{line_of('again = a.to')}, state a, transition 2: {before}",
        f"{line_of('a, stuck')}, state stuck: it has no way out, and is not final",
        f"{line_of('a, stuck')}, state island: no transition and no initial state leads to it",
    ]


def odd(states, **fields) -> list[str]:
    machine = Machine.of_data({"machine": "m", "states": states, **fields})
    return [str(each) for each in machine.oddities()]


def test_what_is_before_may_stand_in_a_state_inside_or_need_no_event():
    inner = {"on": [{"event": "*", "target": "b"}]}
    assert odd({"a": {"states": {"i": inner}, "on": [{"event": "x", "target": "b"}]}, "b": {"kind": "final"}}) == [
        "state a, transition 1: it is never taken: transition 1 of state 'i' for '*' always is before it"
    ]
    both = [{"event": "x", "target": "b"}, {"target": "b"}]
    assert odd({"a": {"on": both[::-1]}, "b": {"kind": "final"}}) == [
        "state a, transition 2: it is never taken: transition 1 of state 'a' always is before it"
    ]
    same = [{"event": "x", "when": "n > 1", "target": "b"}, {"event": "x", "when": "n > 1", "target": "a"}]
    assert "state a, transition 2" in odd({"a": {"on": same}, "b": {"kind": "final"}}, data={"n": 1})[0]
    other = [{"event": "x", "when": "n > 1", "target": "b"}, {"event": "x", "target": "a"}]
    assert odd({"a": {"on": other}, "b": {"kind": "final"}}, data={"n": 1}) == []


def test_two_regions_that_want_to_leave_for_one_event_are_told():
    regions = {
        "r": {"states": {"a": {"on": [{"event": "x", "target": "end"}]}}},
        "s": {"states": {"b": {"on": [{"event": "x y", "target": "c"}]}, "c": {"on": [{"event": "z", "target": "b"}]}}},
    }
    [told] = odd({"p": {"kind": "parallel", "states": regions}, "end": {"kind": "final"}})
    assert told == (
        "state b, transition 1: it depends on the order of the document: event 'x y' may be taken by transition 1 of"
        " state 'a' for 'x' as well, which comes first; only one of both is"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            {"enter": [{"do": "raise", "event": "goo"}]},
            "state a, enter: event 'goo' is sent, and no transition takes it; did",
        ),
        ({"on": [{"event": "done.state.ends", "target": "end"}]}, "there is no state 'ends'; did you mean 'end'?"),
        ({"on": [{"event": "done.invoke.pay", "target": "end"}]}, "nothing is invoked as 'pay'"),
        ({"on": [{"event": "go", "when": 'In("b")', "target": "end"}]}, "In('b'): there is no such state"),
        ({"on": [{"event": "go", "when": "amuont > 1", "target": "end"}]}, "did you mean 'amount'?"),
    ],
)
def test_words_that_mean_nothing_here_are_told(state, words):
    way = {"event": "go", "when": "amount > 3", "target": "end"}
    told = odd({"a": {**state, "on": [*state.get("on", []), way]}, "end": {"kind": "final"}}, data={"amount": 1})
    assert [each for each in told if words in each], told


def test_in_a_closed_machine_every_name_has_to_be_given_a_value():
    states = {"a": {"on": [{"event": "go", "when": "boss", "target": "end"}]}, "end": {"kind": "final"}}
    assert odd(states) == []
    assert odd(states, open=False) == ["state a, transition 1: nothing gives 'boss' a value"]


def test_nothing_is_odd_about_regions_and_histories():
    machine = Machine.of_data(
        {
            "machine": "m",
            "states": {
                "p": {
                    "kind": "parallel",
                    "states": {"r": {"states": {"a": {}, "h": {"kind": "deep", "on": [{"target": "a"}]}}}, "s": {}},
                    "on": [{"event": "x", "target": "h"}],
                }
            },
        }
    )
    assert machine.oddities() == []


def test_pictures_show_states_transitions_and_what_is_active():
    machine = Odd.machine()

    chart = machine.to_mermaid(active=["a"])

    assert "stateDiagram-v2" in chart
    assert "wait [late]" in chart.replace("#91;", "[").replace("#93;", "]")
    assert "class s1 running" in chart
    assert machine.to_dot().startswith("digraph")
    assert ElementTree.fromstring(machine.to_svg(active=["a"])).tag.endswith("svg")
