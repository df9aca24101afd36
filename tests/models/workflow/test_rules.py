"""Trigger rules: the table, and what a node then becomes."""

from __future__ import annotations

import itertools

import pytest

from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.rules import CANCEL, IS_EARLY, NEEDS_PARENTS, RULES, RUN, SKIP, WAIT
from tests.models.workflow.shop import drive, work

VERDICTS = {WAIT: "wait", RUN: "run", SKIP: "skip", CANCEL: "cancel"}

# One row per rule: what it says of two parents, in either order.  s succeeded, f failed, k skipped, w waiting.
TABLE = {
    #                           ss     sf     sk     sw     ff     fk     fw     kk     kw
    "all_succeeded": "             run    cancel skip   wait   cancel cancel cancel skip   wait  ",
    "all_done": "                  run    run    run    wait   run    run    wait   run    wait  ",
    "all_failed": "                skip   skip   skip   skip   run    skip   wait   skip   skip  ",
    "all_skipped": "               skip   skip   skip   skip   skip   skip   skip   run    wait  ",
    "any_done": "                  run    run    run    run    run    run    run    skip   wait  ",
    "any_failed": "                skip   run    skip   wait   run    run    run    skip   wait  ",
    "any_succeeded": "             run    run    run    run    cancel cancel wait   skip   wait  ",
    "none_failed": "               run    cancel run    wait   cancel cancel cancel run    wait  ",
    "none_failed_any_succeeded": " run    cancel run    wait   cancel cancel cancel skip   wait  ",
    "none_skipped": "              run    run    skip   wait   run    skip   wait   skip   skip  ",
}
PAIRS = ["ss", "sf", "sk", "sw", "ff", "fk", "fw", "kk", "kw"]


def verdict(rule: str, parents: str) -> str:
    return VERDICTS[RULES[rule](*(parents.count(letter) for letter in "sfkw"))]


@pytest.mark.parametrize("rule", TABLE)
def test_the_table(rule):
    assert [verdict(rule, pair) for pair in PAIRS] == TABLE[rule].split()


def test_the_table_is_complete():
    assert set(TABLE) == set(RULES)
    assert set(RULES) >= IS_EARLY | NEEDS_PARENTS


@pytest.mark.parametrize("rule", RULES)
def test_a_verdict_is_never_taken_back(rule):
    for parents in itertools.product("sfkw", repeat=3):
        first = verdict(rule, "".join(parents))
        if first == "wait":
            assert "w" in parents, "when all parents have ended nothing is left to wait for"
            continue
        for later in itertools.product("sfk", repeat=parents.count("w")):
            ended = iter(later)
            assert verdict(rule, "".join(next(ended) if one == "w" else one for one in parents)) == first


@pytest.mark.parametrize("rule", RULES)
def test_a_verdict_is_as_early_as_it_can_be(rule):
    for parents in itertools.product("sfkw", repeat=3):
        if verdict(rule, "".join(parents)) == "wait":
            filled = {
                verdict(rule, "".join(p for p in parents if p != "w") + "".join(later))
                for later in itertools.product("sfk", repeat=parents.count("w"))
            }
            # `all_done` is certain to run from the beginning; waiting is what it is for.
            assert len(filled) > 1 or (rule, filled) == ("all_done", {"run"})


def forked(rule: str | None, **options) -> Workflow:
    """a and b, then c by the rule, then d after c."""
    wf = Workflow("forked", **options)
    a, b = wf.add(work, key="a"), wf.add(work, key="b")
    c = wf.add(work, a, b, key="c", rule=rule)
    wf.add(work, c, key="d")
    return wf


def test_a_failure_cancels_what_needs_its_output_and_travels_downstream():
    driver = drive(forked(None))
    driver.fail("a", ValueError("no such column: price"))
    assert driver.nodes == {"a": "failed", "b": "running", "c": "cancelled", "d": "cancelled"}
    assert driver.status == "running", "what does not depend on it finishes"
    driver.complete("b")
    assert driver.status == "failed"
    assert str(driver.error) == "node 'a': ValueError: no such column: price"
    driver.check_fold()


def test_the_policy_stop_ends_it_at_once():
    driver = drive(forked(None, failure_policy="stop"))
    driver.fail("a")
    assert driver.status == "failed"
    assert driver.nodes == {"a": "failed", "b": "cancelled", "c": "cancelled", "d": "cancelled"}
    driver.check_fold()


def test_a_node_that_reacts_to_failure_handles_it():
    driver = drive(forked("any_failed", failure_policy="stop"))
    driver.fail("a")
    assert driver.payloads["c"] == {"*": [None, None]}, "what did not succeed, or not yet, reads as null"
    driver.complete("b")
    driver.complete("c", "mended")
    driver.complete("d", "end")
    assert (driver.status, driver.output) == ("completed", "end")
    assert driver.nodes["a"] == "failed"
    driver.check_fold()


def test_a_failure_whose_handler_fails_is_not_handled():
    driver = drive(forked("any_failed"))
    driver.fail("a")
    driver.complete("b")
    driver.fail("c")
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.node == "a"


def test_all_done_cleans_up_without_handling():
    driver = drive(forked("all_done"))
    driver.fail("a")
    driver.complete("b", 5)
    assert driver.payloads == {"c": {"*": [None, 5]}}
    driver.complete("c")
    driver.complete("d")
    assert driver.status == "failed"


def too_cold(value: int) -> bool:
    return value < 0


def raises(*values: int) -> bool:
    raise ZeroDivisionError("oh")


def test_a_condition_is_asked_with_the_nodes_own_arguments_or_with_others():
    wf = Workflow("conditions")
    value = wf.input("value", int)
    wf.add(work, value, key="own", when=too_cold)
    wf.add(work, key="other", when=(too_cold, value))
    for number, status in ((1, "skipped"), (-1, "running")):
        assert drive(wf, {"value": number}).nodes == {"own": status, "other": status}


def test_a_skip_travels_downstream_and_is_no_failure():
    wf = Workflow("skips")
    a = wf.add(work, key="a")
    b = wf.add(work, a, key="b", when=too_cold)
    c = wf.add(work, b, key="c")
    wf.add(work, a, c, key="join", rule="none_failed")
    driver = drive(wf)
    driver.complete("a", 3)
    assert driver.payloads == {"join": {"*": [3, None]}}, "data of what was skipped reads as null"
    driver.complete("join", 1)
    assert driver.status == "completed"
    assert driver.nodes == {"a": "completed", "b": "skipped", "c": "skipped", "join": "completed"}
    driver.check_fold()


def test_a_condition_that_raises_fails_its_node():
    wf = Workflow("raises")
    wf.add(work, key="a", when=raises)
    driver = drive(wf)
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.type == "ConditionFailedError"
    assert driver.error.message == "when tests.models.workflow.test_rules:raises: ZeroDivisionError: oh"
    assert "mainspring.errors.ConditionFailedError" in driver.error.kinds


def test_all_items_of_an_early_map_see_what_there_was_when_it_began():
    wf = Workflow("early")
    a, b = wf.add(work, key="a"), wf.add(work, key="b")
    wf.map(work, [1, 2], b["x"], key="m", after=[a], rule="any_done", concurrency=1)
    driver = drive(wf)
    driver.complete("a")
    assert driver.payloads["m/0"] == {"*": [1, None]}
    driver.complete("b", "has no part x")
    driver.complete("m/0")
    assert driver.payloads["m/1"] == {"*": [2, None]}
    driver.check_fold()
