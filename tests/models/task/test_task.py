"""The standalone task."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.models.contract import (
    CancelRequested,
    CancelTimer,
    Complete,
    Failure,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    StartTask,
    TaskFailed,
    TimerFired,
)
from mainspring.models.retry import Retry
from mainspring.models.task import TASK, TaskDocument
from tests.models.driver import Driver


def created(**options) -> Driver:
    return Driver(TASK, TaskDocument(task="shop:fetch", **options).encode())


def started(**options) -> Driver:
    driver = created(**options)
    driver.start({"url": "x"}, priority=5)
    return driver


def test_a_task_is_queued_run_and_completed():
    driver = created(queue="slow", timeout_s=3.0, delay_s=10)
    driver.start({"url": "x"}, priority=5)
    [task] = driver.asked
    assert isinstance(task, StartTask)
    assert (task.key, task.payload, task.ready_at, task.priority) == ("task", b'{"url":"x"}', 1_010.0, 5)
    assert (task.spec.handler, task.spec.queue, task.spec.timeout_s) == ("shop:fetch", "slow", 3.0)
    driver.complete("task", [1])
    assert driver.asked == [Complete(b"[1]")]
    driver.check_fold()


def test_it_does_not_run_before_its_time():
    driver = created()
    driver.start(not_before=2_000.0)
    assert driver.ready_at == {"task": 2_000.0}


def test_a_failure_is_retried_until_the_retries_are_used_up():
    driver = started(retries=Retry(max=2, delay_s=10, backoff=1, jitter=0))
    driver.fail("task")
    driver.lose("task")
    driver.fail("task")
    assert driver.status == "running", "a lost worker uses up no retry"
    assert driver.ready_at["task"] == 1_010.0
    driver.fail("task", ValueError("the last"))
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.message == "the last"
    driver.check_fold()


def test_a_task_that_was_lost_too_often_fails():
    driver = started(retries=5)
    driver.lose("task", final=True)
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.type == "WorkerLostError"


def test_the_deadline_ends_it_and_goes_when_it_ends():
    driver = started(deadline_s=30, retries=9)
    driver.fail("task")
    driver.fire("deadline")
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.type == "TaskTimeoutError"
    in_time = started(deadline_s=30)
    in_time.complete("task")
    assert CancelTimer("deadline") in in_time.asked


def test_pause_holds_it_and_resume_lets_it_go():
    driver = started(retries=1)
    driver.send(PauseRequested())
    assert (driver.status, driver.held) == ("paused", True)
    driver.fail("task")
    assert driver.held, "its next attempt waits as well"
    driver.send(ResumeRequested())
    assert (driver.status, driver.held) == ("running", False)
    driver.check_fold()


def test_what_has_ended_runs_again_under_another_key():
    driver = started(deadline_s=30)
    driver.fail("task")
    driver.send(RetryRequested())
    assert (driver.status, list(driver.tasks), list(driver.timers)) == ("running", ["task#2"], ["deadline#2"])
    assert driver.payloads == {"task#2": {"url": "x"}}
    driver.complete("task#2", 1)
    driver.send(RerunRequested("task"))
    assert list(driver.tasks) == ["task#3"]
    driver.check_fold()


def test_late_news_changes_nothing():
    driver = started(retries=2)
    driver.send(CancelRequested("no longer wanted"))
    assert (driver.status, driver.reason) == ("cancelled", "no longer wanted")
    for event in (TaskFailed("task", 1, 0, 0, Failure("E", "")), TimerFired("deadline"), CancelRequested()):
        assert driver.send(event) is None
        assert driver.asked == []
    assert len(driver.journal) == 2


@pytest.mark.parametrize(
    ("end", "event", "reason"),
    [
        ("complete", CancelRequested(), "completed already"),
        ("complete", RetryRequested(), "only what has failed"),
        ("complete", PauseRequested(), "only what is running"),
        ("fail", ResumeRequested(), "only what is paused"),
        (None, RetryRequested(), "only what has failed"),
        (None, RerunRequested("task"), "only what has ended"),
        (None, RerunRequested("ghost"), "no node 'ghost'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(end, event, reason):
    driver = started()
    if end:
        getattr(driver, end)("task")
    refusal = driver.send(event)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason


EVENTS = st.sampled_from(
    ["complete", "fail", "lose", "lose for good", "fire", "pause", "resume", "cancel", "retry", "rerun"]
)


@given(st.lists(EVENTS, max_size=20), st.integers(0, 2), st.booleans())
@settings(max_examples=150)
def test_whatever_happens_the_laws_hold(events, retries, has_deadline):
    driver = started(retries=retries, deadline_s=30 if has_deadline else None)
    requests = {
        "pause": PauseRequested(),
        "resume": ResumeRequested(),
        "cancel": CancelRequested(),
        "retry": RetryRequested(),
        "rerun": RerunRequested("task"),
    }
    for event in events:
        key = next(iter(driver.tasks), None)
        if event in requests:
            driver.send(requests[event])
        elif event == "fire":
            if driver.timers:
                driver.fire(next(iter(driver.timers)))
        elif key is not None:
            match event:
                case "complete":
                    driver.complete(key)
                case "fail":
                    driver.fail(key)
                case _:
                    driver.lose(key, final=event == "lose for good")
        ended = driver.status in ("completed", "failed", "cancelled")
        assert bool(driver.tasks) is not ended, "it waits for its task, or has ended"
        assert not (ended and driver.timers)
    driver.check_fold()
