"""`mainspring workers`, `queues` and `why`."""

from __future__ import annotations

import pytest

from mainspring import Engine, task


@task(requires='gpu and region = "eu"', queue="heavy")
def train(number: int) -> int:
    return number


@task(queue="mail")
def mail(number: int) -> int:
    return number


@pytest.fixture
def open_engine(place):
    with Engine(
        f"sqlite:///{place.folder}/mainspring.db", slots=2, name="here", labels={"gpu": True}, lease_s=0.3
    ) as engine:
        yield engine


def test_workers_are_listed(place, open_engine):
    open_engine.gather(open_engine.submit_many(mail, [(1,), (2,), (3,)]), timeout_s=30)
    place.wait_until(lambda: open_engine.workers()[0].completed == 3)
    assert "here" in place("workers").out
    (worker,) = place("workers", "--json").json
    assert (worker["name"], worker["state"], worker["slots"], worker["completed"]) == ("here", "alive", 2, 3)
    assert (worker["labels"], worker["queues"], worker["failed"], worker["running"]) == ({"gpu": True}, None, 0, 0)
    assert worker["heartbeat_age_s"] >= 0


def test_nobody_works(place):
    Engine(f"sqlite:///{place.folder}/mainspring.db", slots=0).close()
    assert place("workers").out == "nobody works on this store\n"
    assert place("workers", "--json").json == []


def test_queues_are_shown_with_their_limits_and_times(place, open_engine):
    open_engine.gather(open_engine.submit_many(mail, [(1,), (2,), (3,)]), timeout_s=30)
    limited = place("queues", "limit", "mail", "--concurrency", "3", "--rate-per-s", "50", "--fair", "--weight", "a=2")
    assert limited.out == "queue mail: concurrency=3 rate_per_s=50 fair a:2\n"
    assert place("queues", "pause", "mail", "--reason", "no relay").out.startswith("queue mail: paused (no relay)")
    open_engine.submit(mail, 4)
    open_engine.close()
    shown = place("queues", "--json").json
    (queue,) = shown["queues"]
    assert (queue["name"], queue["waiting"], queue["running"]) == ("mail", 1, 0)
    assert queue["settings"]["reason"] == "no relay"
    (statistics,) = shown["statistics"]
    assert (statistics["handler"], statistics["completed"]) == (mail.name, 3)
    assert "paused (no relay)" in place("queues").out
    assert place("queues", "resume", "mail", "--json").json["settings"]["concurrency"] == 3
    assert place("queues", "limit", "mail").out == "queue mail: none\n"


def test_why_tells_what_keeps_a_task(place, open_engine):
    instance = open_engine.submit(train, 1)
    place.wait_until(lambda: bool(open_engine.why(instance.id)[0].workers))
    shown = place("why", instance.id).out
    assert "no worker that is alive can take it" in shown
    assert 'here: region = "eu" (no region)' in shown
    (waiting,) = place("why", instance.id, "task", "--json").json["waiting"]
    assert waiting["workers"] == [{"worker": "here", "lacks": ['region = "eu" (no region)']}]
    assert place("why", instance.id, "nothing").code == 3
    done = open_engine.submit(mail, 1)
    done.result(timeout_s=30)
    assert f"{done.id} is completed, and none of its tasks waits" in place("why", done.id).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["queues", "stop", "mail"], "limit, pause or resume and the name of a queue"),
        (["queues", "pause"], "limit, pause or resume and the name of a queue"),
        (["queues", "limit", "mail", "--weight", "a"], "--weight takes a group"),
        (["queues", "limit", "mail", "--concurrency", "0"], "concurrency must be a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_refused(place, open_engine, arguments, words):
    answer = place(*arguments)
    assert answer.code == 2
    assert words in answer.err
