"""The table of requests: what is done, what is so already, and how a refusal is told."""

from __future__ import annotations

import pytest
from msgspec import Raw

from mainspring.errors import RefusedError
from mainspring.kernel.lifecycle import ENDED, LIVE, REQUESTS, STATUSES, VERBS, answer, refusal
from mainspring.models.contract import (
    CancelRequested,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    TaskCompleted,
    TimerFired,
)
from tests.kernel.world import double

EVENTS = (
    CancelRequested(),
    PauseRequested(),
    ResumeRequested(),
    RetryRequested(),
    RerunRequested("task"),
)

REFUSALS = {
    ("cancel", "completed"): "cannot cancel instance 'a': it is completed; possible now: rerun",
    ("cancel", "failed"): "cannot cancel instance 'a': it is failed; possible now: retry, rerun",
    ("pause", "completed"): "cannot pause instance 'a': it is completed; possible now: rerun",
    ("pause", "failed"): "cannot pause instance 'a': it is failed; possible now: retry, rerun",
    ("pause", "cancelled"): "cannot pause instance 'a': it is cancelled; possible now: retry, rerun",
    ("resume", "created"): "cannot resume instance 'a': it is created; possible now: cancel, pause",
    ("resume", "completed"): "cannot resume instance 'a': it is completed; possible now: rerun",
    ("resume", "failed"): "cannot resume instance 'a': it is failed; possible now: retry, rerun",
    ("resume", "cancelled"): "cannot resume instance 'a': it is cancelled; possible now: retry, rerun",
    ("retry", "created"): "cannot retry instance 'a': it is created; possible now: cancel, pause",
    ("retry", "completed"): "cannot retry instance 'a': it is completed; possible now: rerun",
    ("rerun", "created"): "cannot rerun instance 'a': it is created; possible now: cancel, pause",
}


def test_every_request_has_an_answer_in_every_status():
    assert set(STATUSES) == LIVE | ENDED
    assert set(VERBS) == set(REQUESTS) == {type(event) for event in EVENTS}
    for row in REQUESTS.values():
        assert tuple(row) == STATUSES


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: VERBS[type(event)])
@pytest.mark.parametrize("status", STATUSES)
def test_each_refusal_says_why_and_what_is_possible(event, status):
    verb = VERBS[type(event)]
    if answer(event, status) == "no":
        assert refusal(event, "a", status) == REFUSALS[verb, status]
    else:
        assert (verb, status) not in REFUSALS


@pytest.mark.parametrize(
    "event", [TimerFired("a"), TaskCompleted("a", 1, 0, 0, Raw(b"1"))], ids=lambda it: type(it).__name__
)
def test_what_is_no_request_is_delivered_to_the_living(event):
    assert {status for status in STATUSES if answer(event, status) == "do"} == LIVE
    assert "cannot deliver" in refusal(event, "a", "completed")


# --- The same, asked of an engine -------------------------------------------------------------


def brought_to(world, status: str):
    """An instance in this status."""
    if status == "failed":
        world.stub(double, raises=ValueError("no"), times=1)
    instance = world.submit(double, 1, id="a")
    if status in ("paused", "cancelled"):
        getattr(instance, {"paused": "pause", "cancelled": "cancel"}[status])()
    elif status != "running":
        world.run_until_idle()
    assert instance.status == status
    return instance


@pytest.mark.parametrize(("verb", "status"), [pair for pair in REFUSALS if pair[1] != "created"])
def test_a_refused_request_changes_nothing(world, verb, status):
    instance = brought_to(world, status)
    before = instance.journal()
    with pytest.raises(RefusedError) as caught:
        instance.rerun("task") if verb == "rerun" else getattr(instance, verb)()
    assert str(caught.value) == REFUSALS[verb, status]
    assert instance.status == status
    assert instance.journal() == before


@pytest.mark.parametrize(("status", "verb"), [("paused", "pause"), ("running", "resume"), ("cancelled", "cancel")])
def test_what_is_so_already_is_no_news(world, status, verb):
    instance = brought_to(world, status)
    before = instance.journal()
    getattr(instance, verb)()
    assert instance.journal() == before


@pytest.mark.parametrize(("status", "verb"), [("failed", "retry"), ("cancelled", "retry"), ("completed", "rerun")])
def test_what_has_ended_can_run_again_under_a_new_key(world, status, verb):
    instance = brought_to(world, status)
    instance.rerun("task") if verb == "rerun" else instance.retry()
    assert instance.status == "running"
    assert instance.result() == 2
    assert world.calls()[-1].key == "task#2"
