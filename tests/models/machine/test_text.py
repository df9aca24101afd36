"""The data notation: all that is wrong at once, each with its line."""

from __future__ import annotations

import pytest

from mainspring import Machine, State, StateMachine
from mainspring.errors import DefinitionInvalidError
from mainspring.models.machine.live import LiveMachine

CLAIM = """\
machine: claim
data: {amount: 500}
states:
  draft:
    on:
      - {event: submit, target: review, when: amount > 0}
  review:
    after:
      3d:
        - {when: amount > 1000, target: escalated}
        - {target: approved}
    on: {event: reject, target: rejected}
  escalated:
    on: [{event: approve, target: approved}]
  approved: {kind: final}
  rejected: {kind: final}
"""

WRONG = """\
machine: claim
states:
  draft:
    enter: [{do: dance}]
    on:
      - {event: submit, target: reviw, when: amount >}
      - {event: submit, tagret: review}
      - {event: go, target: ghost}
  review: {kind: final, on: [{event: back, target: draft}]}
  past: {kind: deep}
  slow: {after: {3 days: draft}}
strikt: false
"""


def told(text: str) -> list[str]:
    with pytest.raises(DefinitionInvalidError) as caught:
        _ = Machine.of_text(text, file="claim.yaml").plan
    return [str(problem) for problem in caught.value.problems]


def test_a_machine_from_yaml_runs_and_a_delay_may_lead_to_several_ways():
    for amount, state in ((500, "approved"), (5000, "escalated")):
        machine = LiveMachine(Machine.of_text(CLAIM), {"amount": amount})
        machine.send("submit")
        machine.pass_time(3 * 86_400)
        assert machine.state == state


def test_all_that_is_wrong_is_told_at_once_with_its_line():
    expected = [
        ("claim.yaml:12", "unknown field 'strikt'; did you mean 'strict'?"),
        ("claim.yaml:4, state draft, enter", "dance"),
        ("claim.yaml:7, state draft, transition 2", "tagret"),
        (
            "claim.yaml:6, state draft, transition 1",
            "target 'reviw' is no state of this machine; did you mean 'review'?",
        ),
        ("claim.yaml:6, state draft, transition 1", "'amount >' is no expression"),
        ("claim.yaml:8, state draft, transition 3", "target 'ghost' is no state"),
        ("claim.yaml:9, state review", "nothing leads out of it"),
        ("claim.yaml:10, state past", "needs a state around it"),
        ("claim.yaml:11, state slow, after 3 days", "is no delay"),
    ]
    found = told(WRONG)
    for place, words in expected:
        assert any(each.startswith(f"{place}: ") and words in each for each in found), (place, words, found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("states: {}", "a machine is a mapping with the fields `machine` (its name) and `states`"),
        ("machine: m\nstates: [a]", "`states` is a mapping from ids to states"),
        ("machine: m\nstates: {a: 3}", "claim.yaml:2, state a: a state is a mapping of its fields"),
        ("machine: m\nstates: {a: {after: [b]}}", "`after` is a mapping"),
        ("machine: m\nstates: {a: &x {b: *x}}", "an alias stands inside"),
        ("machine: [", "it is no YAML"),
        ("machine: m\nstates: {a: {}, a: {}}", "key 'a' is there twice, first in line 2"),
        ("machine: m\nstates: {a: {enter: [{do: call, name: f}]}}", "state a, enter: handler 'f' cannot be found"),
    ],
)
def test_what_is_no_machine_is_refused(text, words):
    assert any(words in each for each in told(text)), told(text)


def test_a_class_tells_the_file_and_the_line():
    class Wrong(StateMachine):
        a = State(initial=True, enter="nothing")
        b = State(initial=True)
        end = State(final=True)
        go = a.to(b, when="x +")
        out = end.to(a)

    with pytest.raises(DefinitionInvalidError) as caught:
        _ = Wrong.machine().plan

    lines = {}
    for problem in caught.value.problems:
        assert problem.place.startswith(__file__)
        lines[problem.message] = int(problem.place.removeprefix(f"{__file__}:").partition(",")[0])
    first = lines["there is no method 'nothing' for this action"]
    assert lines["'a' and 'b' are both initial; one can be"] == first + 1
    assert next(line for message, line in lines.items() if "'x +' is no expression" in message) == first + 3
    assert next(line for message, line in lines.items() if "nothing leads out" in message) == first + 2


def test_a_class_built_by_calls_is_the_same_as_a_written_one():
    shut, open_ = State(), State(after={"5s": "shut"})
    door = StateMachine.of("Door", shut=shut, open=open_, push=shut.to(open_, do="count"), count=lambda self: None)

    machine = door()
    machine.push()  # type: ignore[attr-defined]
    assert machine.state == "open"
    machine.pass_time(5)
    assert machine.state == "shut"
