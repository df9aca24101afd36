"""Tasks carried out by hand: claimed, completed, failed, given back, and lost."""

from __future__ import annotations

import pytest

from mainspring import Engine, task
from mainspring.errors import LeaseLostError, PayloadInvalidError, SettingInvalidError
from tests.patience import PATIENCE_S


@pytest.fixture
def engine():
    with Engine("sqlite://", slots=0) as made:
        yield made


@task(retries=1, requires="gpu", queue="heavy")
def train(epochs: int) -> int:
    raise AssertionError("nobody here runs it")


def test_a_task_is_claimed_by_name_and_completed(engine):
    instance = engine.submit("print", text="hello", priority=3)
    (attempt,) = engine.claim("print", worker="press-1")
    assert (attempt.instance, attempt.handler, attempt.attempt) == (instance.id, "print", 1)
    assert attempt.arguments == {"text": "hello"}
    assert engine.claim("print") == []
    attempt.report_progress(0.5)
    attempt.complete({"pages": 1})
    assert instance.result(timeout_s=PATIENCE_S) == {"pages": 1}
    (time,) = instance.timeline()
    assert [one.worker for one in time.attempts] == ["press-1"]


def test_labels_queues_and_limits_count_here_too(engine):
    engine.queue("heavy").limit(concurrency=2)
    engine.submit_many(train, [(number,) for number in range(5)])
    assert engine.claim(train.name, limit=9) == []
    assert engine.claim(train.name, limit=9, labels={"gpu": True}, queues=["default"]) == []
    claimed = engine.claim(train.name, limit=9, labels={"gpu": True})
    assert len(claimed) == 2
    claimed[0].complete(1)
    assert len(engine.claim(train.name, limit=9, labels={"gpu": True}, queues=["heavy"])) == 1


def test_a_failure_is_tried_again_as_its_retries_say(engine):
    instance = engine.submit(train, 3)
    (first,) = engine.claim(train.name, labels={"gpu": True})
    first.fail(OSError("no power"))
    second = next(filter(None, iter(lambda: engine.claim(train.name, labels={"gpu": True}), None)))[0]
    assert second.attempt == 2
    second.fail("out of order")
    assert instance.wait(timeout_s=PATIENCE_S) == "failed"
    assert "out of order" in str(instance.info().failure)


def test_what_is_given_back_does_not_count(engine):
    engine.submit("print")
    (first,) = engine.claim("print")
    first.release()
    (again,) = engine.claim("print")
    assert again.attempt == 1
    with pytest.raises(LeaseLostError):
        first.complete()


def test_an_attempt_that_does_not_count_any_more_is_refused(engine):
    instance = engine.submit("print")
    (attempt,) = engine.claim("print")
    instance.cancel()
    with pytest.raises(LeaseLostError, match="was cancelled, settled already"):
        attempt.complete()
    engine.submit("print")
    (attempt,) = engine.claim("print")
    attempt.complete()
    with pytest.raises(LeaseLostError):
        attempt.fail("twice")


def test_what_cannot_be_kept_is_refused_and_the_attempt_goes_on(engine):
    instance = engine.submit("print")
    (attempt,) = engine.claim("print")
    with pytest.raises(PayloadInvalidError, match="output of 'print'"):
        attempt.complete(object())
    attempt.complete(1)
    assert instance.result(timeout_s=PATIENCE_S) == 1


def test_arguments_of_a_handler_that_is_not_here_are_named(engine):
    with pytest.raises(PayloadInvalidError, match="print"):
        engine.submit("print", "hello")


@pytest.mark.parametrize(
    ("handlers", "limit", "words"),
    [
        ((), 1, "claim by the names"),
        ((5,), 1, "claim by the names"),
        (("print",), 0, "limit must be"),
        (("a",), 1.5, "limit"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(engine, handlers, limit, words):
    with pytest.raises(SettingInvalidError, match=words):
        engine.claim(*handlers, limit=limit)
