"""Conditions that are expressions: what they read, what they refuse, and how they fail."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from mainspring.models.contract import Failure
from mainspring.models.workflow import guard
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.document import When
from mainspring.models.workflow.guard import NAME_LENGTH_MAX, TEXT_LENGTH_MAX, Guard, hyphened
from tests.models.workflow.shop import clean, count, drive, unasked, work
from tests.patience import PATIENCE_S


def ask(text: str, language: str = "feel", **values: Any) -> bool | Failure:
    """The answer of a guard for these inputs."""
    slots = {name: slot for slot, name in enumerate(values)}
    return Guard(When(text, language=language), slots).holds([json.encode(value) for value in values.values()])


def told(when: Any, *inputs: str) -> list[str]:
    """What the check says of a condition."""
    wf = Workflow("guarded")
    for name in inputs:
        wf.input(name, Any)
    wf.add(work, key="last", when=when)
    return [problem.message for problem in wf.check()]


# --- What it reads ----------------------------------------------------------------------------


def test_names_are_inputs_and_nodes_which_it_then_waits_for():
    wf = Workflow("guarded")
    limit = wf.input("limit", int)
    page = wf.add(work, key="page")
    parts = wf.map(count, [], limit, key="parts")
    wf.add(work, page, key="publish", when="count(parts) > limit and page.ok")
    driver = drive(wf, {"limit": 0})
    assert driver.plan.parents == [(), (), (0, 1)], "the page once, though it is an argument as well"
    driver.complete("page", {"ok": True})
    assert driver.nodes["publish"] == "skipped"
    assert parts.name == "parts"


@pytest.mark.parametrize(("length", "status"), [(3, "skipped"), (4, "running")])
def test_a_node_runs_where_its_guard_holds(length, status):
    wf = Workflow("guarded")
    parts = wf.add(clean, {}, key="parts")
    wf.add(work, parts, key="publish", when="count(parts) > 3")
    driver = drive(wf)
    driver.complete("parts", [1] * length)
    assert driver.nodes["publish"] == status
    driver.check_fold()


def test_in_a_map_it_is_asked_once_and_arguments_are_not_special():
    wf = Workflow("guarded")
    words = wf.input("words", list[str])
    wf.map(count, words, key="counts", when="count(words) > 1")
    assert drive(wf, {"words": ["a"]}).nodes == {"counts": "skipped"}
    assert [*drive(wf, {"words": ["a", "b"]}).tasks] == ["counts/0", "counts/1"]
    assert told("item > 1") == [
        "when: only the arguments of a map have an element (line 1, column 1)\n    item > 1\n    ^"
    ]
    wf = Workflow("guarded")
    wf.map(count, ["a"], factor=2, key="counts", when="factor > 1")
    assert "there is no node or input 'factor'" in wf.check()[0].message


def test_keys_with_hyphens_are_names_where_they_are_keys():
    wf = Workflow("guarded")
    wf.input("a", int, 9)
    wf.input("b", int, 2)
    wf.add(work, key="count")
    wf.add(work, key="count-2")
    wf.add(work, key="last", when="count-2 > a-b and count > 0")
    driver = drive(wf)
    assert driver.plan.parents[2] == (0, 1)
    driver.complete("count", 1)
    driver.complete("count-2", 8)
    assert driver.nodes["last"] == "running"


def test_only_names_that_the_text_may_mean_are_looked_for():
    known = {"a-b", "a-b-c", "b-2x", "x", "e--e-", "a_1-b", "-a", "a-" + "b" * NAME_LENGTH_MAX}
    assert hyphened("a - b-c + b-2x", known) == ("a-b", "a-b-c", "b-2x")
    assert hyphened("e--e- + a_1-b.x", known) == ("e--e-", "a_1-b")
    assert hyphened("a+b x a b -a é-b " + "a-" + "b" * NAME_LENGTH_MAX, known) == ()
    assert hyphened("a-" * TEXT_LENGTH_MAX, known) == ()


def test_entries_of_elements_are_no_names_of_the_workflow():
    assert told("count(orders[total > 5]) > 2", "orders") == []
    assert told("some order in orders satisfies order.total > 5", "orders") == []


def test_a_value_that_is_not_needed_is_not_decoded():
    slots = {"small": 0, "large": 1}
    assert Guard(When("small > 1 or large"), slots).holds([b"2", b"this is no JSON"]) is True


def test_a_value_is_decoded_once(monkeypatch):
    decoded: list[bytes] = []

    def decode(raw: bytes) -> Any:
        decoded.append(raw)
        return json.decode(raw)

    monkeypatch.setattr(guard, "_decode", decode)
    assert ask("every x in xs satisfies x < limit", xs=[1, 2, 3], limit=4) is True
    assert decoded == [b"[1,2,3]", b"4"]


def test_numbers_are_exact():
    assert ask("a + b = 0.3 and big + 1 = 12345678901234567891", a=0.1, b=0.2, big=12345678901234567890) is True


def test_what_a_skipped_node_would_have_returned_is_null():
    assert Guard(When("a = null"), {"a": 0}).holds([None]) is True


def test_the_older_syntax_is_read_as_well():
    assert ask("${amount gt limit && !empty name}", "juel", amount=5, limit=1, name="x") is True
    wf = Workflow("older")
    wf.input("amount", int)
    wf.add(work, key="a", when="${amount > 3}")
    wf.add(work, key="b", when={"test": "amount <= 3 || false", "language": "juel"})
    assert drive(wf, {"amount": 5}).nodes == {"a": "running", "b": "skipped"}


# --- What it fails of -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n / 0 > 1", "division by zero (line 1, column 3)\n    n / 0 > 1\n      ^"),
        ("n +\n  s > 1", "(line 1, column 3)"),
        ("s", 'expected true or false, found "x" (line 1, column 1)\n    s\n    ^'),
        ("n = 1 and nothing", "expected true or false, found null (line 1, column 7)"),
        ("true or\nmissing", "there is no 'missing' (line 2, column 1)"),
        ("[now][1]() = null", "need a clock"),
        ("count(for i in 1..1000000000 return i) > 3", "steps (line 1, column"),
        ("n = (", "expected"),
    ],
)  # fmt: skip
def test_without_an_answer_it_is_a_failure_that_tells_expression_place_and_reason(text, reason):
    failure = ask(text.replace("true or", "false or"), n=1, s="x", nothing=None)
    assert isinstance(failure, Failure)
    assert failure.type == "ConditionFailedError"
    assert failure.message.startswith(f"when {' '.join(text.replace('true or', 'false or').split())}: ")
    assert reason in failure.message
    assert "line " in failure.message


def test_its_node_fails_and_nothing_else():
    wf = Workflow("guarded")
    page = wf.add(work, key="page")
    wf.add(work, key="last", when="page.ok")
    wf.add(work, page, key="other")
    driver = drive(wf)
    driver.complete("page", {})
    assert driver.nodes == {"page": "completed", "last": "failed", "other": "running"}
    driver.complete("other", 1)
    assert driver.error is not None
    assert driver.error.message == (
        "when page.ok: the context has no entry 'ok' (line 1, column 5)\n    page.ok\n        ^"
    )


def test_a_long_text_is_cut_in_its_message():
    failure = ask(" and ".join(["n"] * 99), n=1)
    assert isinstance(failure, Failure)
    assert len(failure.message) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abx") | st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXTS = (
    *("a", "a > b", "a.x = b.x", "a[1] < b[x > 1]", "count(a) > sum(b)", "a in (b, [1..9])", "a + b * a / b = 0"),
    *("some x in a satisfies x.b", "string(a) = b", "if a then b else a", "date(a) < date(b)", "matches(a, b)"),
    *("a between b and 9", "sort(a, function(x, y) x < y) = b", "a instance of number", "split(a, b)[1] = a"),
)


@given(text=st.sampled_from(TEXTS) | st.text(max_size=20), a=JSON, b=JSON)
@settings(max_examples=300, deadline=None)
def test_it_answers_or_fails_but_never_raises(text, a, b):
    assert isinstance(ask(text, a=a, b=b), bool | Failure)


# --- What the check refuses -------------------------------------------------------------------


def test_a_text_that_is_no_expression_is_told_with_its_place():
    assert told("amount > > 3", "amount")[0].startswith("when: expected")
    assert told("amount > > 3", "amount")[0].endswith("(line 1, column 10)\n    amount > > 3\n             ^")
    [problem] = told("shop.rules:is_big")
    assert problem.endswith("a Python predicate is {test: …, language: python}")
    assert "10,000" in told("1 + " * TEXT_LENGTH_MAX + "1 > 0")[0]
    assert told("")[0].startswith("when: expected")


def test_all_unknown_names_are_told_and_what_they_may_mean():
    problems = told("amuont > 3 and\ncuont(parts) > limit and abs(order) > 0", "amount", "part")
    assert [problem.partition("\n")[0].removeprefix("when: there is no node or input ") for problem in problems] == [
        "'amuont', did you mean 'amount'? (line 1, column 1)",
        "'cuont', did you mean 'count'? (line 2, column 1)",
        "'parts', did you mean 'part'? (line 2, column 7)",
        "'limit' (line 2, column 16)",
        "'order' (line 2, column 30)",
    ]
    assert problems[2].endswith("\n    cuont(parts) > limit and abs(order) > 0\n          ^")


def test_what_is_not_in_the_instance_decides_nothing():
    problems = told('@"2024-01-01" < today() or random number() > 0.5')
    assert [problem.partition(" (line")[0] for problem in problems] == [
        "when: today() is not for conditions, which only the values of the instance decide",
        "when: random number() is not for conditions, which only the values of the instance decide",
    ]


def test_a_language_that_nobody_knows_and_arguments_that_mean_nothing():
    assert told({"test": "a", "language": "perl"}) == [
        "when: conditions in 'perl' are not known; there are feel, juel, python"
    ]
    assert told({"test": "a > 1", "arguments": {"a": "$a"}}, "a") == [
        "when: arguments are for predicates in Python; the names in an expression are inputs and nodes"
    ]


def test_a_node_cannot_wait_for_itself():
    assert told("last > 3") == ["cycle: last → last"]


def test_no_code_is_looked_for():
    wf = Workflow("guarded")
    wf.input("n", int)
    wf.add(work, when="n > 1")
    assert [*wf.handlers] == [wf.nodes["work"].task]
    from_store = drive(wf, {"n": 2})
    assert from_store.model.compile(wf.document(), unasked).nodes[0].condition.slots == (1,)


def test_who_writes_no_text_does_not_pay_for_the_language():
    program = """
import sys
from mainspring import Engine, Workflow
wf = Workflow("plain")
wf.add(print, 1)
wf.deployable()
assert not [name for name in sys.modules if name.startswith("mainspring.models.expression")]
from mainspring import feel
assert feel.compile("1 + 1")() == 2
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_S)


def test_a_stored_text_that_can_no_longer_be_read_fails_its_node_only():
    slots = {"n": 0}
    broken = Guard(When("n >", language="feel"), slots)
    assert broken.slots == ()
    assert isinstance(broken.holds([b"1"]), Failure)
