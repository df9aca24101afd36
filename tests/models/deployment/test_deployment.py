"""The deployment as a model: what it asks for, whatever happens to it in whatever order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from mainspring.errors import PayloadInvalidError
from mainspring.models.contract import (
    Admit,
    CancelInstance,
    CancelRequested,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    SendTo,
    Signal,
    StartInstance,
)
from mainspring.models.deployment.model import DEPLOY, DEPLOYMENT, DOCUMENT, News, Timer
from tests.models.driver import Driver


def news(*keys: str) -> News:
    timers = tuple(Timer(key, f"schedule/claim/{key}", "d1", Raw(b'{"every":1}'), "update") for key in keys)
    return News("process", "claim", timers)


def deploy(*keys: str) -> Signal:
    return Signal(DEPLOY, Raw(msgspec.json.encode(news(*keys))))


@pytest.fixture
def driver():
    made = Driver(DEPLOYMENT, DOCUMENT, instance="deployment/process/claim")
    made.start(news("a", "b"))
    return made


def asked(driver: Driver, kind: type) -> list:
    return [command for command in driver.asked if isinstance(command, kind)]


def test_it_starts_the_schedules_of_the_first_version(driver):
    assert [(each.key, each.public_id, each.digest) for each in asked(driver, StartInstance)] == [
        ("a", "schedule/claim/a", "d1"), ("b", "schedule/claim/b", "d1"),
    ]  # fmt: skip
    assert asked(driver, Admit) == [Admit("process", "claim")]


def test_a_new_version_ends_those_that_it_does_not_have_and_tells_the_others(driver):
    driver.send(deploy("b", "c"))
    assert [each.key for each in asked(driver, CancelInstance)] == ["a"]
    assert [each.otherwise for each in asked(driver, StartInstance)] == [Signal("update", Raw(b'{"every":1}'))] * 2
    assert driver.state.timers == ("b", "c")


def test_what_is_deployed_during_a_pause_is_paused_and_admits_nobody(driver):
    driver.send(PauseRequested("audit"))
    driver.send(deploy("c"))
    assert [(each.to, each.event) for each in asked(driver, SendTo)] == [("schedule/claim/c", PauseRequested("audit"))]
    assert asked(driver, Admit) == []
    driver.send(ResumeRequested())
    assert asked(driver, Admit) == [Admit("process", "claim")]
    assert driver.state.reason == ""


@pytest.mark.parametrize("event", [CancelRequested(), RetryRequested(), Signal("go"), Signal(DEPLOY, Raw(b"[]"))])
def test_what_it_cannot_be_asked_is_refused(driver, event):
    assert driver.send(event) is not None


def test_news_that_are_none_begin_nothing():
    with pytest.raises(PayloadInvalidError, match="deployment"):
        DEPLOYMENT.check_input(None, b"[]")


EVENTS = st.sampled_from([PauseRequested("x"), ResumeRequested(), deploy(), deploy("a"), deploy("b", "c")])


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=12))
def test_its_journal_is_its_state(events):
    driver = Driver(DEPLOYMENT, DOCUMENT)
    driver.start(news("a"))
    for event in events:
        driver.send(event)
        driver.check_fold()
    assert (driver.state.status == 2) == (driver.status == "paused")
