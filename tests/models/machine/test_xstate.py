"""Machines from XState configurations: what each part means here, and what is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mainspring import Machine
from mainspring.models.machine.live import LiveMachine


def live(config: dict[str, Any], **names: Any) -> LiveMachine:
    return LiveMachine(Machine.of_xstate(json.dumps(config), **names), {})


def told(config: Any, **names: Any) -> list[str]:
    from mainspring.errors import DefinitionInvalidError

    with pytest.raises(DefinitionInvalidError) as caught:
        _ = Machine.of_xstate(json.dumps(config, indent=1), file="m.json", **names).plan
    return [str(problem) for problem in caught.value.problems]


LIGHT = {
    "id": "light",
    "initial": "green",
    "context": {"cars": 3},
    "states": {
        "green": {"on": {"TIMER": "yellow"}, "tags": ["go"], "meta": {"colour": 1}, "description": "drive"},
        "yellow": {"after": {"1000": [{"target": "red.walk", "guard": "busy"}, "red.wait"]}},
        "red": {
            "initial": "walk",
            "states": {
                "walk": {"on": {"COUNT": "wait"}},
                "wait": {"on": {"COUNT": {"target": "stop"}}},
                "stop": {"type": "final"},
                "past": {"type": "history", "history": "shallow"},
            },
            "onDone": {"target": "green", "actions": "note"},
            "on": {"SKIP": ".stop", "AGAIN": {"target": "red", "reenter": True}, "OUT": "#light.green"},
        },
    },
}


@pytest.mark.parametrize(("cars", "state"), [(3, "walk"), (1, "wait")])
def test_targets_delays_guards_and_done_events(cars, state):
    notes: list[str] = []
    machine = live(
        LIGHT | {"context": {"cars": cars}},
        guards={"busy": "cars > 2"},
        actions={"note": lambda machine, event: notes.append(event.name)},
    )
    machine.send("TIMER")
    machine.pass_time(1)
    assert machine.state == state
    machine.send("SKIP")
    assert machine.state == "green"
    assert notes == ["done.state.red"]
    assert not machine.send("NONSENSE")


def test_tags_meta_and_descriptions_are_kept():
    green = Machine.of_xstate(LIGHT).document.states["green"]
    assert (green.tags, green.meta, green.description) == (("go",), {"colour": 1}, "drive")


def test_reenter_leaves_a_state_and_without_it_nothing_is_left():
    seen: list[str] = []
    states = {
        "a": {"initial": "x", "entry": "on", "exit": "off", "states": {"x": {"on": {"N": "y"}}, "y": {}},
              "on": {"IN": ".x", "SELF": "a", "OVER": {"target": "a", "reenter": True}}},
    }  # fmt: skip
    machine = live(
        {"initial": "a", "states": states},
        actions={"on": lambda: seen.append("on"), "off": lambda: seen.append("off")},
    )
    for event, expected in (("IN", []), ("SELF", []), ("OVER", ["off", "on"])):
        machine.send("N")
        seen.clear()
        assert machine.send(event)
        assert (machine.state, seen) == ("x", expected)


def test_history_deep_parallel_and_always():
    config = {
        "initial": "off",
        "states": {
            "off": {"on": {"ON": "on", "BACK": "on.past"}},
            "on": {
                "type": "parallel",
                "states": {
                    "wifi": {"initial": "no", "states": {"no": {"on": {"W": "yes"}}, "yes": {}}},
                    "tone": {"initial": "low", "states": {"low": {"on": {"T": "high"}}, "high": {}}},
                    "past": {"type": "history", "history": "deep"},
                },
                "on": {"OFF": "off"},
                "always": {"target": "full", "guard": {"type": "atLeast", "params": {"n": 5}}},
            },
            "full": {"type": "final"},
        },
    }  # fmt: skip
    machine = live(config, guards={"atLeast": lambda machine, event, params: machine.data.get("n", 0) >= params["n"]})
    for event in ("ON", "W", "OFF", "BACK"):
        machine.send(event)
    assert machine.state == "yes, low"
    machine.data["n"] = 5
    machine.send("T")
    assert machine.state == "full"


def test_exact_names_are_exact_and_patterns_come_last():
    config = {
        "initial": "a",
        "states": {
            "a": {"on": {"*": "any", "m.*": "mouse", "m": "exact", "m.up.left": {"target": "guarded", "guard": "no"}}},
            **{name: {"on": {"RESET": "a"}} for name in ("any", "mouse", "exact", "guarded")},
        },
    }
    machine = live(config, guards={"no": "false"})
    for event, state in (("m", "exact"), ("m.up", "mouse"), ("key", "any"), ("RESET", "any")):
        machine.send(event)
        assert machine.state == state, event
        machine.send("RESET")
    machine = live(config, guards={"no": "false"})
    assert machine.send("m.up.left")
    assert machine.state == "mouse"  # its own name is asked first, and then the patterns
    machine = live({"initial": "a", "states": {"a": {"on": {"m": "b"}}, "b": {}}})
    assert not machine.send("m.up")


def test_a_pattern_takes_neither_the_end_of_what_is_inside_nor_a_time_out():
    config = {
        "initial": "a",
        "states": {
            "a": {"initial": "x", "states": {"x": {"type": "final"}}, "on": {"*": "lost"}, "onDone": "b"},
            "b": {"after": {"100": "c"}, "on": {"*": "lost"}},
            "c": {},
            "lost": {},
        },
    }
    machine = live(config)
    assert machine.state == "b"
    machine.pass_time(1)
    assert machine.state == "c"


def test_parameters_of_a_guard_are_seen_by_its_expression():
    config = {
        "initial": "a",
        "states": {"a": {"on": {"GO": {"target": "b", "guard": {"type": "over", "params": {"limit": 10}}}}}, "b": {}},
    }
    machine = live(config, guards={"over": "amount > params.limit"})
    assert not machine.send("GO", amount=10)
    assert machine.send("GO", amount=11)


def test_what_the_machine_itself_has_stands_in_a_state_around_all():
    config = {
        "id": "form",
        "type": "parallel",
        "on": {"RESET": {"target": "#form.mail", "reenter": True}},
        "output": {"ok": True},
        "states": {
            name: {"initial": "open", "states": {"open": {"on": {name.upper(): "done"}}, "done": {"type": "final"}}}
            for name in ("mail", "post")
        },
    }
    machine = live(config)
    assert machine.is_in("form")
    machine.send("MAIL")
    machine.send("POST")
    assert machine.has_ended
    assert machine.output == {"ok": True}


def test_an_invoked_actor_becomes_a_task_a_machine_or_what_is_said():
    config = {
        "initial": "loading",
        "states": {
            "loading": {
                "invoke": {"src": "load", "id": "it", "input": {"page": 3},
                           "onDone": {"target": "done", "guard": "ok"}, "onError": "failed"},
            },
            "done": {}, "failed": {},
        },
    }  # fmt: skip
    machine = Machine.of_xstate(config, guards={"ok": "_event.data > 1"}, actors={"load": "shop:load"})
    [call] = machine.document.states["loading"].invoke
    assert (call.type, call.source, call.id) == ("task", "shop:load", "it")
    assert [(each.name, each.expression) for each in call.parameters] == [("page", "3")]
    assert [way.event for way in machine.document.states["loading"].on] == ["done.invoke.it", "error.invoke.it"]

    child = Machine.of_data(
        {"machine": "child", "states": {"end": {"kind": "final", "done": {"content": {"expression": "page"}}}}}
    )
    running = LiveMachine(Machine.of_xstate(config, guards={"ok": "_event.data > 1"}, actors={"load": child}), {})
    assert running.state == "done"


@pytest.mark.parametrize(
    ("state", "place", "words"),
    [
        ({"on": {"GO": "nowhere"}}, '$.states.a.on.GO.target', "target 'nowhere' leads to no state"),
        ({"on": {"GO": {"target": "b", "cond": "x"}}}, "$.states.a.on.GO.cond", "version 5 calls it `guard`"),
        ({"on": {"GO": {"target": "b", "guard": "ok"}}}, "$.states.a.on.GO.guard", "guard 'ok' is not given"),
        ({"on": {"": "b"}}, '$.states.a.on[""]', "`always`"),
        ({"on": {"xstate.snapshot.x": "b"}}, '$.states.a.on["xstate.snapshot.x"]', "no counterpart"),
        ({"entry": ["beep"]}, "$.states.a.entry[0]", "action 'beep' is not given"),
        ({"entry": [None]}, "$.states.a.entry[0]", "lost in JSON"),
        ({"entry": {"type": "xstate.assign"}}, "$.states.a.entry", "'xstate.assign' is not given"),
        ({"invoke": {"src": "load"}}, "$.states.a.invoke", "actor 'load' is not given"),
        ({"invoke": {"id": "x"}}, "$.states.a.invoke.src", "`src` is the name of an actor"),
        ({"invoke": {"src": "x", "onSnapshot": "b"}}, "$.states.a.invoke.onSnapshot", "has no counterpart"),
        ({"after": {"soon": "b"}}, "$.states.a.after.soon", "delay 'soon' is not given"),
        ({"activities": ["x"]}, "$.states.a.activities", "version 5 has `invoke`"),
        ({"states": {"x": {}}}, "$.states.a.initial", "needs `initial`"),
        ({"type": "parallel", "states": {"x": {}}, "on": {"GO": ".x"}}, "$.states.a.on.GO", "reenter: true"),
        (3, "$.states.a", "a state is an object"),
        ({"type": "parallel", "exit": "e", "states": {"x": {"on": {"GO": {"target": "y"}}}, "y": {}}},
         "$.states.a.states.x.on.GO", "from region to region the parallel state 'a' is left, with its 'exit'"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_refused_with_its_path_and_line(state, place, words):
    found = told({"initial": "a", "states": {"a": state, "b": {}}})
    assert any(f", {place}: " in each and words in each and each.startswith("m.json:") for each in found), found


def test_all_problems_come_at_once_and_what_is_no_json_is_refused():
    assert len(told({"initial": "a", "states": {"a": {"on": {"X": "y", "Z": "w"}, "foo": 1}}})) == 3
    assert any("a machine is an object with `states`" in each for each in told([]))


def test_a_picture_needs_no_callables():
    assert "TIMER" in Machine.of_xstate(LIGHT).to_svg()
