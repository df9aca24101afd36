"""Slots, leases and the order of the queue."""

from __future__ import annotations

import pytest

from mainspring import Workflow
from mainspring.errors import SettingInvalidError
from mainspring.kernel.records import Release
from tests.kernel.world import World, double, failing, other, performing


@pytest.fixture
def world():
    """One process with one slot."""
    made = World(slots=1)
    yield made
    made.close()


def begun(world: World) -> list[str]:
    """The instances whose tasks began, in order."""
    return [call.instance for call in world.calls()]


def test_a_task_is_leased_as_it_is_inserted_while_there_is_a_slot(world):
    (process,) = world.processes
    world.submit(double, 1)
    assert performing(process) == [("task", 1, 1)]
    assert world.tasks() == [("task", process.kernel.placement.worker, 1, 1)]


def test_no_more_is_leased_than_can_run(world):
    (process,) = world.processes
    world.submit_many(double, [(number,) for number in range(5)])
    assert len(performing(process)) == 1
    assert sorted(owner is None for _, owner, _, _ in world.tasks()) == [False, True, True, True, True]
    world.run_until_idle()
    assert len(world.calls(double)) == 5


def test_the_queue_is_in_order_of_priority_then_time(world):
    world.submit(double, 0, id="runs")
    for name, priority in (("low", -1), ("first", 0), ("high", 5), ("second", 0)):
        world.submit(double, 1, id=name, priority=priority)
        world.clock.advance(1)
    world.run_until_idle()
    assert begun(world) == ["runs", "high", "first", "second", "low"]


def test_capabilities_share_one_order(world):
    world.submit(double, 0, id="runs")
    for number in range(6):
        world.submit(other if number % 2 else double, 1, id=f"p{number}", priority=number)
    world.run_until_idle()
    assert begun(world) == ["runs", "p5", "p4", "p3", "p2", "p1", "p0"]


def test_what_comes_new_does_not_overtake_what_waits(world):
    """Also if it needs another handler than the one whose slot has just become free."""
    workflow = Workflow("two-steps")
    workflow.add(other, workflow.add(double, 1))
    world.start(workflow, id="low")
    world.submit(double, 1, id="high", priority=9)
    world.run_until_idle()
    assert begun(world) == ["low", "high", "low"]


def test_new_tasks_of_one_turn_go_by_priority(world):
    workflow = Workflow("fan")
    for priority in (0, 7, 3):
        workflow.add(double, priority, key=f"p{priority}", priority=priority)
    world.start(workflow)
    world.run_until_idle()
    assert [call.key for call in world.calls()] == ["p7", "p3", "p0"]


def test_what_is_not_ready_does_not_begin_and_is_not_forgotten(world):
    world.submit(double, 1, id="later", delay_s=10)
    assert begun(world) == []
    world.advance(9)
    assert begun(world) == []
    world.advance(1)
    assert begun(world) == ["later"]


def test_what_is_not_ready_is_not_forgotten_while_others_wait(world):
    world.submit(double, 0, id="runs")
    world.submit(double, 1, id="waits")
    world.submit(double, 2, id="later", delay_s=10)
    world.advance(20)
    assert begun(world) == ["runs", "waits", "later"]


def test_a_task_that_was_given_back_is_claimed_again_uncounted(world):
    (process,) = world.processes
    world.submit(double, 1)
    (one,) = process.performing
    process.performing.clear()
    process.pump.put([Release(one.attempt)])
    world.turn(process)
    assert performing(process) == [("task", 1, 2)]


def test_a_process_that_drains_takes_nothing(world):
    (process,) = world.processes
    process.pump.drain()
    world.submit(double, 1)
    world.turn(process)
    assert performing(process) == []
    process.pump._draining = False
    process.pump.offer()
    world.turn(process)
    assert performing(process) == [("task", 1, 1)]


def test_without_slots_nothing_is_taken():
    world = World(slots=0)
    world.submit(double, 1)
    world.advance(100)
    assert world.calls() == []
    assert world.tasks() == [("task", None, 0, 0)]
    world.close()


def test_slots_are_counted_right_after_a_turn_that_failed(world):
    (process,) = world.processes
    world.submit(double, 1, id="a")
    (one,) = list(process.performing)
    failing(process, "commit")
    process.perform(one)
    world.turn(process)
    assert [attempt.public_id for attempt in process.kernel.placement.attempts()] == ["a"], "its lease goes on"
    assert process.kernel.placement._free_total == 0
    world.turn(process)
    assert world.get("a").status == "completed"
    assert process.kernel.placement._free_total == 1


def test_what_is_ready_is_not_forgotten_when_the_clock_is_set_back(world):
    # given: a task that waits for a slot
    (process,) = world.processes
    world.submit(double, 0, id="runs")
    world.submit(double, 1, id="waits")
    # when: the slot becomes free a moment before the other was ready
    world.clock.advance(-0.5)
    world.perform(process)
    assert performing(process) == []
    # then
    world.clock.advance(0.5)
    assert process.pump.has_work()
    world.turn(process)
    assert begun(world) == ["runs", "waits"]


@pytest.mark.parametrize("priority", [1_000_000_001, -(2**63), 2**80])
def test_a_priority_that_no_store_can_count_is_refused(world, priority):
    with pytest.raises(SettingInvalidError, match="priority must be"):
        world.submit(double, 1, priority=priority)


@pytest.mark.parametrize("priority", [1_000_000_000, -1_000_000_000])
def test_the_highest_and_the_lowest_priority_are_claimed(world, priority):
    found = world.submit_many(double, [(number,) for number in range(3)], priority=priority)
    assert [instance.result() for instance in found] == [0, 2, 4]
