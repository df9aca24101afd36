"""Requests of one turn, in their order: what is paused stays paused."""

from __future__ import annotations

import itertools

import pytest

from mainspring.kernel.records import Release, Tell
from mainspring.models.contract import PauseRequested, ResumeRequested
from tests.kernel.world import World, double, napping, performing

PAUSE, RESUME = PauseRequested(), ResumeRequested()


@pytest.fixture
def world():
    """One process with one slot, which is taken."""
    made = World(slots=1)
    made.submit(double, 0, id="runs")
    yield made
    made.close()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("first", [PAUSE, RESUME])
def test_pauses_and_resumes_of_one_turn_come_to_the_last_of_them(world, count, first):
    # given: a task that waits
    (process,) = world.processes
    instance = world.submit(double, 1)
    if first is RESUME:
        instance.pause()
    # when
    requests = itertools.islice(itertools.cycle((first, RESUME if first is PAUSE else PAUSE)), count)
    last = None
    for last in requests:
        process.pump.call(Tell(instance.id, last))
    world.turn(process)
    # then
    paused = last is PAUSE
    assert instance.status == ("paused" if paused else "running")
    assert [owner for _, owner, _, _ in world.tasks()][-1] == (0 if paused else None)
    world.run_until_idle()
    assert instance.status == ("paused" if paused else "completed")


def test_what_a_paused_instance_gets_back_is_not_claimed(world):
    (process,) = world.processes
    instance = world.get("runs")
    instance.pause()
    (one,) = process.performing
    process.performing.clear()
    process.pump.put([Release(one.attempt)])
    world.turn(process)
    assert performing(process) == []
    instance.resume()
    assert performing(process) == [("task", 1, 2)]


def test_an_attempt_that_fails_while_its_instance_is_paused_is_retried_after(world):
    world.stub(double, raises=ValueError("again"), times=1)
    workflow = napping()
    workflow.nodes["first"] = workflow.nodes["first"].__class__(task=double.name, arguments={"value": 1}, retries=3)
    world.run_until_idle()
    instance = world.start(workflow)
    world.processes[0].performing[0].stub.raises = ValueError("again")
    instance.pause()
    world.perform(world.processes[0])
    world.advance(1_000)
    assert instance.status == "paused"
    assert performing(world.processes[0]) == []
    instance.resume()
    assert [call.attempt for call in world.calls() if call.instance == instance.id] == [1, 2]
