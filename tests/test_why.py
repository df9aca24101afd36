"""Who works, how long tasks took, and why they wait."""

from __future__ import annotations

import pytest

from mainspring import Engine, task
from mainspring.errors import InstanceNotFoundError
from mainspring.testing import Simulation
from tests.patience import PATIENCE_S


@task(requires='gpu and memory_gb >= 16 and region in ["eu", "us"]', queue="heavy")
def train(epochs: int) -> int:
    return epochs


@task(queue="mail")
def mail(number: int) -> int:
    return number


@task
def fail() -> None:
    raise ValueError("no")


def reasons(engine, instance):
    (waiting,) = engine.why(instance.id)
    return waiting.reasons


def test_workers_tell_what_they_offer_and_what_they_have_done():
    with Simulation(labels={"gpu": True}, queues=["mail", "default"], slots=3) as engine:
        for number in range(5):
            engine.submit(mail, number)
        engine.submit(fail)
        engine.advance(60)
        (worker,) = engine.workers()
        assert (worker.slots, worker.completed, worker.failed) == (3, 5, 1)
        assert (worker.offer.labels, worker.offer.queues) == ({"gpu": True}, ["default", "mail"])
        assert len(worker.offer.capabilities) == 2
        assert engine.clock.now() - worker.renewed_at <= 10


def test_statistics_are_kept_by_handler_and_queue_beyond_the_end_of_workers(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    for _ in range(2):
        with Engine(url) as engine:
            engine.gather(engine.submit_many(mail, [(number,) for number in range(100)]), timeout_s=PATIENCE_S)
            engine.gather([engine.submit(fail)], timeout_s=PATIENCE_S, return_errors=True)
    with Engine(url, slots=0) as engine:
        failed, mailed = engine.statistics()
    assert (failed.handler, failed.completed, failed.failed) == (fail.name, 0, 2)
    assert (mailed.handler, mailed.queue, mailed.completed, mailed.failed) == (mail.name, "mail", 200, 0)
    for quantiles in (mailed.waiting_s, mailed.running_s):
        assert None not in (quantiles.p50, quantiles.p90, quantiles.p99)
        assert 0 < (quantiles.p50 or 0) <= (quantiles.p90 or 0) <= (quantiles.p99 or 0) < 30


def test_waiting_is_counted_from_the_time_a_task_is_due():
    with Simulation(slots=1) as engine:
        engine.submit(mail, 1, delay_s=3600)
        engine.advance(7200)
        (statistics,) = engine.statistics()
        assert statistics.waiting_s.p99 == pytest.approx(1e-4, abs=1)


def test_what_no_worker_is_able_to_do():
    with Simulation(labels={"gpu": True, "memory_gb": 8}, queues=["default"]) as engine:
        instance = engine.submit(train, 3)
        engine.advance(30)
        (waiting,) = engine.why(instance.id)
        assert waiting.reasons == ("no worker that is alive can take it",)
        (mismatch,) = waiting.workers
        assert mismatch.lacks == (
            "serves queue default, not heavy",
            "memory_gb >= 16 (memory_gb is 8)",
            'region in ["eu", "us"] (no region)',
        )
        (need,) = engine.needs()
        assert (need.handler, need.queue, need.count) == (train.name, "heavy", 1)


def test_a_handler_that_is_not_there():
    with Simulation() as engine:
        instance = engine.submit("elsewhere:work")
        engine.advance(30)
        (waiting,) = engine.why(instance.id)
        assert waiting.workers[0].lacks == ("has not the handler elsewhere:work",)


def test_nobody_works():
    with Engine("sqlite://", slots=0) as engine:
        assert reasons(engine, engine.submit(mail, 1)) == ("no worker is alive, or all are paused",)


def test_pauses_limits_rates_times_and_others():
    with Simulation(slots=1) as engine:
        engine.stub(mail, takes_s=1000)
        queue = engine.queue("mail")
        queue.pause("the relay is down")
        instance = engine.submit(mail, 1)
        engine.advance(2)
        assert reasons(engine, instance) == ("queue mail is paused: the relay is down",)
        queue.resume()
        queue.limit(concurrency=1)
        engine.advance(2)
        assert engine.why(instance.id) == []
        other = engine.submit(mail, 2)
        assert reasons(engine, other) == ("queue mail is at its limit: 1 of 1 run",)
        queue.limit(rate_per_s=0.001)
        engine.submit(mail, 3)
        engine.advance(2)
        later = engine.submit(mail, 4, delay_s=50)
        assert reasons(engine, later)[0] == "it waits for its time, in 50.0 s"
        queue.limit()
        last = engine.submit(mail, 5)
        assert "it is behind 2 others in queue mail" in reasons(engine, last)
        assert any("all slots of" in reason for reason in reasons(engine, last))
        other.pause()
        assert "its instance is paused" in reasons(engine, other)


def test_who_has_the_places_that_a_task_waits_for():
    with Simulation(slots=8) as engine:
        engine.stub(mail, takes_s=1000)
        engine.queue("mail").limit(concurrency=3, group_concurrency=2)
        one, other, waits, free = (
            engine.submit(mail, number, group=group) for number, group in enumerate(("ann", "ann", "ann", "bob"))
        )
        engine.advance(2)
        (waiting,) = engine.why(waits.id)
        assert waiting.reasons == (
            "queue mail is at its limit: 3 of 3 run",
            "group ann of queue mail is at its limit: 2 of 2 run",
        )
        assert [holder.instance for holder in waiting.holders] == [one.id, other.id]
        assert {holder.worker for holder in waiting.holders} == {engine.workers()[0].name}
        engine.queue("mail").limit(concurrency=3)
        (waiting,) = engine.why(waits.id)
        assert waiting.reasons == ("queue mail is at its limit: 3 of 3 run",)
        assert [holder.instance for holder in waiting.holders] == [one.id, other.id, free.id]


def test_an_instance_that_is_not_there():
    with Simulation() as engine, pytest.raises(InstanceNotFoundError):
        engine.why("nobody")
