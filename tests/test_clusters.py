"""An engine with a cluster: whose slots are whose, and what follows when it goes, comes, or lacks a handler."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mainspring import Engine, Workflow
from mainspring.errors import InstanceFailedError
from mainspring.runtime import cluster_executor
from mainspring.runtime.clusters import opening
from tests.patience import PATIENCE_S, wait_until
from tests.runtime import crunch
from tests.runtime.hand_turned import HandTurned


def plain(number: int) -> int:
    return -number


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> HandTurned:
    """What engines of this test connect to."""
    cluster = HandTurned()
    monkeypatch.setattr(HandTurned, "package", "distributed", raising=False)
    monkeypatch.setattr(cluster_executor, "BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(cluster_executor, "LOOK_S", 0.01)
    monkeypatch.setitem(opening.KINDS, "dask", Kind(cluster))
    return cluster


class Kind:
    package = "distributed"

    def __init__(self, cluster: HandTurned) -> None:
        self._cluster = cluster

    def __call__(self, where: Any) -> HandTurned:
        return self._cluster


@pytest.fixture
def engine(cluster: HandTurned) -> Iterator[Engine]:
    with Engine("sqlite://", slots=1, clusters="dask=here", cluster_slots=3) as engine:
        yield engine
        cluster.go_down()


def perform_until_ended(cluster: HandTurned, instances: Any) -> None:
    until = time.monotonic() + PATIENCE_S
    while any(one.status in ("created", "running") for one in instances):
        assert time.monotonic() < until, "it did not end"
        if cluster.sent:
            cluster.perform()
        else:
            time.sleep(0.01)


def test_a_cluster_has_as_many_attempts_as_it_has_slots_and_they_are_nobody_else_s(engine, cluster):
    there = engine.submit_many(crunch.double, [(number,) for number in range(8)])
    cluster.wait_until(lambda: len(cluster.sent) == 3)
    here = engine.submit_many(plain, [(number,) for number in range(8)])
    assert engine.gather(here, timeout_s=PATIENCE_S) == [-number for number in range(8)], (
        "they have a slot of their own"
    )
    assert engine.workers()[0].running_count == len(cluster.sent) == 3
    cluster.perform()
    cluster.wait_until(lambda: len(cluster.sent) == 3)
    perform_until_ended(cluster, there)
    assert engine.gather(there, timeout_s=PATIENCE_S) == [2 * number for number in range(8)]
    assert engine.workers()[0].running_count == 0


def test_limits_of_queues_hold_there_too(engine, cluster):
    engine.queue("default").limit(concurrency=2)
    there = engine.submit_many(crunch.double, [(number,) for number in range(6)])
    cluster.wait_until(lambda: len(cluster.sent) == 2)
    while any(one.status == "running" for one in there):
        assert engine.workers()[0].running_count <= 2
        if cluster.sent:
            cluster.perform()
        time.sleep(0.01)
    assert engine.gather(there, timeout_s=PATIENCE_S) == [2 * number for number in range(6)]


def test_a_worker_without_slots_of_its_own_takes_what_goes_to_its_clusters(cluster):
    with Engine("sqlite://", slots=0, clusters={"dask": "here"}) as engine:
        here, there = engine.submit(plain, 1), engine.submit(crunch.double, 2)
        perform_until_ended(cluster, [there])
        assert (there.result(timeout_s=PATIENCE_S), here.status) == (4, "running")
        cluster.go_down()


def test_nodes_of_workflows_say_where_they_are_computed(engine, cluster):
    workflow = Workflow("both")
    there = workflow.add(plain, 1, executor="dask")
    workflow.output([there, workflow.add(plain, 2, after=there)])
    instance = engine.start(workflow)
    perform_until_ended(cluster, [instance])
    assert instance.result(timeout_s=PATIENCE_S) == [-1, -2]


def test_a_lost_cluster_costs_no_attempt(engine, cluster):
    there = engine.submit_many(crunch.double, [(1,), (2,)])
    cluster.wait_until(lambda: len(cluster.sent) == 2)
    cluster.go_down()
    (waiting,) = wait_until(lambda: engine.why(there[0].id), "it is told why it waits")
    assert waiting.executor == "dask"
    wait_until(lambda: engine.workers()[0].offer.clusters["dask"], "the cluster is back")
    cluster.is_reachable = True
    perform_until_ended(cluster, there)
    assert engine.gather(there, timeout_s=PATIENCE_S) == [2, 4]
    assert [[len(one.attempts) for one in instance.timeline()] for instance in there] == [[1], [1]]


def test_a_handler_that_the_cluster_lacks_is_declined_until_its_workers_change(engine, cluster, monkeypatch):
    monkeypatch.setattr(engine._handlers.added(crunch.double.name) or crunch.double, "path", "nowhere:double")
    first = engine.submit(crunch.double, 1)
    cluster.perform()
    (waiting,) = wait_until(lambda: [one for one in engine.why(first.id) if one.workers], "it is declined")
    ((lack,),) = (mismatch.lacks for mismatch in waiting.workers)
    assert lack == f"has not the handler {crunch.double.name} on its dask cluster"
    assert not cluster.sent
    monkeypatch.undo()
    monkeypatch.setattr(HandTurned, "threads", 3)
    perform_until_ended(cluster, [first])
    assert first.result(timeout_s=PATIENCE_S) == 2


def test_a_failure_there_counts_as_any_other(engine, cluster):
    failing = engine.submit(crunch.fail, "no")
    perform_until_ended(cluster, [failing])
    with pytest.raises(InstanceFailedError, match="LookupError: no"):
        failing.result(timeout_s=PATIENCE_S)
