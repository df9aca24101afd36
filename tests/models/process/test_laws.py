"""Laws that hold for any process, whatever happens to it in whatever order.

A random block-structured process is driven by a random plan: tasks complete, fail and get lost, times pass, messages
come, people do theirs, somebody pauses and resumes, and the state is thrown away and read again in between.  The driver
checks at every step that decide is pure, that decisions survive JSON, and that no key is used twice.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from mainspring.errors import HandlerUnknownError
from mainspring.models.contract import (
    CancelRequested,
    PauseRequested,
    Received,
    Requested,
    ResumeRequested,
    RetryRequested,
)
from mainspring.models.process.model import PROCESS
from tests.models.driver import Driver, encode
from tests.models.process.blocks import random_process

STEPS_MAX = 3_000
ENDED = ("completed", "failed", "cancelled")


def elsewhere(name: str) -> Any:
    """No handler is here."""
    raise HandlerUnknownError(name, "it is somewhere else")


def act(driver: Driver, chance: random.Random) -> None:
    """One thing of those that can happen now, such that it comes nearer to its end."""
    if driver.status == "paused":
        driver.send(ResumeRequested())
        return
    if chance.random() < 0.05:
        driver.send(PauseRequested())
    if chance.random() < 0.1:
        driver.state = PROCESS.load(driver.plan, PROCESS.dump(driver.plan, driver.state))
    people = [key for key, each in driver.subscriptions.items() if each.kind == "task"]
    incidents = [key for key, each in driver.subscriptions.items() if each.kind == "incident"]
    waits = [key for key, each in driver.subscriptions.items() if each.kind in ("message", "signal")]
    choices = [("task", key) for key in driver.tasks] + [("timer", key) for key in driver.timers]
    choices += [("user", key) for key in people] + [("wait", key) for key in waits]
    choices += [("incident", key) for key in incidents]
    if driver.status == "paused" and not choices:
        return  # messages come only after the pause
    assert choices, f"it waits for nothing: {[token.node for token in driver.state.tokens.values()]}"
    kind, key = chance.choice(choices)
    if kind == "task":
        chance.choices((driver.complete, driver.fail, driver.lose), (8, 2, 1))[0](key)
    elif kind == "timer":
        driver.fire(key)
    elif driver.status == "paused":
        return
    elif kind == "user":
        todo = driver.state.todos[int(key.partition("/")[2])]
        driver.send(Requested("complete", f"{todo.node}#{todo.token}", "ann", Raw(encode({"values": {"x": 1}}))))
    elif kind == "wait":
        driver.send(Received(key, driver.subscriptions[key].name))
    else:
        driver.send(RetryRequested())


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_every_plan_of_a_block_structured_process_completes(seed):
    chance = random.Random(seed)
    driver = Driver(PROCESS, random_process(chance).encode(), elsewhere)
    driver.start({"x": chance.randint(0, 2)})

    for _ in range(STEPS_MAX):
        if driver.status in ENDED:
            break
        act(driver, chance)
        driver.check_fold()

    assert driver.status == "completed"
    assert not driver.state.tokens.keys() - {1}
    assert driver.state.waits == driver.state.incidents == driver.state.todos == {}


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_what_fails_and_is_cancelled_on_its_way_completes_when_it_is_retried(seed):
    chance = random.Random(seed)
    driver = Driver(PROCESS, random_process(chance, fragile=True).encode(), elsewhere)
    driver.start({"x": chance.randint(0, 2), "well": False})

    for _ in range(STEPS_MAX):
        if driver.status == "completed":
            break
        if driver.status in ENDED:
            _go_on(driver, chance)
        elif chance.random() < 0.05:
            driver.send(CancelRequested("a mistake"))
        elif chance.random() < 0.1 and driver.status == "running":
            assert driver.send(_set(well=False)) is None
        else:
            act(driver, chance)
        driver.check_fold()

    assert driver.status == "completed"
    assert not driver.state.tokens.keys() - {1}
    assert driver.state.waits == driver.state.incidents == driver.state.todos == {}
    assert not driver.tasks


def _set(**values: Any) -> Requested:
    return Requested("set", "", "olga", Raw(encode({"values": values})))


def _go_on(driver: Driver, chance: random.Random) -> None:
    """It is retried; what has failed, in vain, until what is wrong is corrected."""
    if chance.random() < 0.2:
        driver.state = PROCESS.load(driver.plan, PROCESS.dump(driver.plan, driver.state))
    if driver.status == "failed" and chance.random() < 0.7:
        assert driver.send(_set(well=True)) is None
    assert driver.send(RetryRequested()) is None


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(0, 30))
def test_what_is_cancelled_does_nothing_any_more(seed, steps):
    chance = random.Random(seed)
    driver = Driver(PROCESS, random_process(chance).encode(), elsewhere)
    driver.start({"x": 1})
    for _ in range(steps):
        if driver.status not in ENDED:
            act(driver, chance)
    if driver.status in ENDED:
        return

    driver.send(CancelRequested("enough"))

    assert driver.status == "cancelled"
    driver.check_fold()


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_indexes_are_what_the_rest_of_the_state_says(seed):
    chance = random.Random(seed)
    driver = Driver(PROCESS, random_process(chance).encode(), elsewhere)
    driver.start({"x": 1})

    for _ in range(STEPS_MAX):
        if driver.status in ENDED:
            break
        act(driver, chance)
        again = PROCESS.load(driver.plan, PROCESS.dump(driver.plan, driver.state))
        for index in ("inside", "waits_of", "tasks", "conditions"):
            assert getattr(again, index) == getattr(driver.state, index), index
