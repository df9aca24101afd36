"""`mainspring workers`, `queues` and `why`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from mainspring import Engine, task
from tests.patience import PATIENCE_S


@task(requires='gpu and region = "eu"', queue="heavy")
def train(number: int) -> int:
    return number


@task(queue="mail")
def mail(number: int) -> int:
    return number


@pytest.fixture
def open_engine(place):
    with Engine(
        f"sqlite:///{place.folder}/mainspring.db", slots=2, name="here", labels={"gpu": True}, lease_s=3
    ) as engine:
        yield engine


def test_workers_are_listed(place, open_engine):
    open_engine.gather(open_engine.submit_many(mail, [(1,), (2,), (3,)]), timeout_s=PATIENCE_S)
    worker: dict[str, Any] = {}

    def is_told() -> bool:
        """With a renewal; one that comes late, on a busy machine, is followed by another."""
        worker.update(place("workers", "--json").json[0])
        return (worker["state"], worker["completed"]) == ("alive", 3)

    place.wait_until(is_told)
    assert "here" in place("workers").out
    assert (worker["name"], worker["state"], worker["slots"], worker["completed"]) == ("here", "alive", 2, 3)
    assert (worker["labels"], worker["queues"], worker["failed"], worker["running"]) == ({"gpu": True}, None, 0, 0)
    assert worker["heartbeat_age_s"] >= 0


@pytest.mark.parametrize("others", [{"submits": 0}, {"submits": 0, "rests": 3}])
def test_engines_that_take_no_tasks_are_counted_and_no_workers(place, open_engine, others):
    """Such as the one whose handlers a worker has taken over, in the same process and under the same name."""
    with ExitStack() as stack:
        for name, slots in others.items():
            stack.enter_context(Engine(open_engine.url, slots=slots, name=name, paused=slots > 0))
        what = "1 other engine takes" if len(others) == 1 else "2 other engines take"
        told = f"{what} no tasks: without slots, or paused\n"
        place.wait_until(lambda: place("workers").out.endswith(told))
        assert [worker["name"] for worker in place("workers", "--json").json] == ["here"]
        assert [worker["name"] for worker in place("doctor", "--json").json["workers"]] == ["here"]
        assert not any(name in place(command).out for name in others for command in ("workers", "doctor"))
        open_engine.close()
        assert place("workers").out == f"nobody works on this store\n{told}"
        instance = stack.enter_context(Engine(open_engine.url, slots=0)).submit(mail, 1)
        assert "no worker is alive, or all are paused" in place("why", instance.id).out
        assert "nobody works on this store" in place("doctor").out


def test_an_engine_without_slots_that_has_tasks_is_listed(place):
    with Engine(f"sqlite:///{place.folder}/mainspring.db", slots=0, name="desk") as engine:
        engine.submit("print", page=1)
        assert engine.claim("print", worker="press-1")
        assert [(worker["name"], worker["running"]) for worker in place("workers", "--json").json] == [("desk", 1)]


def test_nobody_works(place):
    Engine(f"sqlite:///{place.folder}/mainspring.db", slots=0).close()
    assert place("workers").out == "nobody works on this store\n"
    assert place("workers", "--json").json == []


def test_queues_are_shown_with_their_limits_and_times(place, open_engine):
    open_engine.gather(open_engine.submit_many(mail, [(1,), (2,), (3,)]), timeout_s=PATIENCE_S)
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
    shown = ""

    def is_told() -> bool:
        nonlocal shown
        shown = place("why", instance.id).out
        return 'here: region = "eu" (no region)' in shown

    place.wait_until(is_told)
    assert "no worker that is alive can take it" in shown
    (waiting,) = place("why", instance.id, "task", "--json").json["waiting"]
    assert waiting["workers"] == [{"worker": "here", "lacks": ['region = "eu" (no region)']}]
    assert place("why", instance.id, "nothing").code == 3
    done = open_engine.submit(mail, 1)
    done.result(timeout_s=PATIENCE_S)
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
