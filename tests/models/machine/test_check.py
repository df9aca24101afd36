"""What is odd about a machine, and what it looks like."""

from __future__ import annotations

from xml.etree import ElementTree

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


def test_states_without_a_way_and_transitions_behind_others_are_told_with_their_place():
    assert [str(each) for each in Odd.machine().oddities()] == [
        "state a: transition 2 is never taken: an earlier one takes go.fast",
        "state stuck: it has no way out, and is not final",
        "state island: no transition and no initial state leads to it",
    ]


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

    assert "wait [late]" in chart.replace("#91;", "[").replace("#93;", "]")
    assert "class n1 running" in chart
    assert machine.to_dot().startswith("digraph")
    assert ElementTree.fromstring(machine.to_svg(active=["a"])).tag.endswith("svg")
