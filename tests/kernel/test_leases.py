"""Leases of workers: kept, missed, given back."""

from __future__ import annotations

import pytest

from mainspring import task
from mainspring.kernel import leases
from mainspring.kernel.leases import Fate
from mainspring.kernel.records import Attend, Leave, Settle
from mainspring.testing.faults import COMMIT, COMMITTED, nothing
from tests.kernel.world import World, double, failing, performing


def workers(world: World) -> list[int]:
    return [id for (id,) in world.rows("select id from worker order by id")]


def test_a_process_that_is_idle_for_long_and_then_works_has_a_lease(world):
    """Others may have buried it meanwhile; what it takes then must not be leased to the dead."""
    one, two = world.processes
    world.turn(one)
    world.turn(two)
    world.clock.advance(1_000)
    world.turn(two)
    assert len(workers(world)) == 1
    world.at(one).submit(double, 4, id="a")
    world.turn(one)
    assert performing(one) == [("task", 1, 1)]
    ((owner,),) = world.rows("select owner from task")
    assert owner in workers(world)
    world.perform(one)
    assert world.get("a").status == "completed"


def test_a_lease_is_renewed_while_something_runs(world):
    one, two = world.processes
    world.stub(double, takes_s=1_000)
    world.at(one).submit(double, 4)
    world.advance(999)
    assert len(world.calls()) == 1
    assert sum(len(performing(process)) for process in (one, two)) == 1


def test_tasks_of_a_dead_worker_are_taken_when_its_lease_has_run_out(world):
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    world.processes.remove(one)
    world.advance(29)
    assert performing(two) == []
    world.advance(11)
    assert [call.attempt for call in world.calls()] == [1, 2]
    assert world.get("a").status == "completed"


def test_a_worker_that_is_seen_to_run_keeps_its_tasks_however_late_it_is(world, monkeypatch):
    """A handler that holds the interpreter for a minute keeps its process from renewing."""
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    world.processes.remove(one)
    monkeypatch.setattr(two.kernel.leases, "_fate", lambda worker: Fate.RUNS)
    world.advance(500)
    assert performing(two) == []
    world.turn(one)
    world.perform(one)
    assert [call.attempt for call in world.calls()] == [1]
    assert world.get("a").status == "completed"


def test_a_worker_that_runs_but_is_stuck_is_given_up_in_the_end(world, monkeypatch):
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    world.processes.remove(one)
    monkeypatch.setattr(two.kernel.leases, "_fate", lambda worker: Fate.RUNS)
    world.advance(leases.SILENT_S_MAX + 60)
    assert [call.attempt for call in world.calls()] == [1, 2]


def test_tasks_of_a_worker_that_is_known_to_be_dead_are_taken_at_once(world):
    world.submit(double, 4, id="a")
    world.crash(0)
    world.advance(10)
    assert [call.attempt for call in world.calls()] == [1, 2]
    assert world.get("a").status == "completed"


@pytest.mark.parametrize("is_buried", [False, True])
def test_who_is_not_told_that_it_was_registered_goes_on_as_what_it_was_registered_as(world, monkeypatch, is_buried):
    """Nobody else would take those tasks soon: the process that has them is seen to run."""
    # given: an incarnation that is durable, and so is its lease of a task, but the store gave no answer
    one, two = world.processes
    monkeypatch.setattr(two.kernel.leases, "_fate", lambda worker: Fate.RUNS)
    if is_buried:
        world.turn(one)
        world.clock.advance(leases.SILENT_S_MAX + 60)
        world.turn(two)
    world.at(two).submit(double, 4, id="a", delay_s=1)
    world.clock.advance(1)
    failing(one, COMMITTED)
    world.turn(one)
    ((_, owner, _, _),) = world.tasks()
    assert performing(one) == []
    # when
    world.turn(one)
    # then: that incarnation is the only one of it, and begins under a new lease what it had leased without knowing
    assert one.kernel.placement.worker == owner
    assert len(workers(world)) == 2
    assert performing(one) == [("task", 1, 2)]
    world.perform(one)
    assert world.get("a").status == "completed"


def test_who_is_not_told_twice_goes_on_as_what_it_was_registered_as(world):
    one, _ = world.processes
    failing(one, COMMITTED)
    world.turn(one)
    (worker,) = workers(world)
    for moment in (COMMITTED, COMMIT):
        failing(one, moment)
        world.turn(one)
        world.clock.advance(1)
    world.turn(one)
    assert workers(world) == [worker] == [one.kernel.placement.worker]


def test_who_was_not_registered_does_not_take_the_number_of_another_for_its_own(world, monkeypatch):
    """Two engines of one process tell the same of themselves, and a number that was rolled back is given again."""
    one, two = world.processes
    for process in (one, two):
        monkeypatch.setattr(process.kernel.leases, "name", "worker")
        monkeypatch.setattr(process.kernel.leases, "_process", "1@1")
    failing(one, COMMIT)
    world.turn(one)
    world.clock.advance(0.001)
    world.turn(two)
    world.turn(one)
    assert workers(world) == sorted((one.kernel.placement.worker, two.kernel.placement.worker))
    assert one.kernel.placement.worker != two.kernel.placement.worker


def test_who_has_seen_the_clock_set_back_holds_a_lease_that_ends_by_it(world):
    one, two = world.processes
    world.turn(one)
    world.turn(two)
    world.clock.advance(-100_000)
    world.turn(one)
    world.turn(two)
    ends = [end for (end,) in world.rows("select lease_until from worker")]
    assert ends == [world.clock.now() + 30.0] * 2


def test_the_late_outcome_of_a_lost_attempt_is_refused(world):
    # given: a process that misses its lease while it works
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    (late,) = one.performing
    world.clock.advance(31)
    world.turn(two)
    assert performing(two) == [("task", 2, 2)]
    # when
    world.stub(double, returns=666)
    late.stub.returns = 666
    one.perform(late)
    world.turn(one)
    # then
    assert world.get("a").status == "running"
    assert world.kinds(world.get("a")) == ["Started", "TaskLost"]
    world.perform(two)
    assert world.get("a").info().output == 8


def test_a_task_that_kills_its_workers_fails_in_the_end(world):
    instance = world.submit(double, 4, id="a")
    for _ in range(leases.LOST_COUNT_MAX):
        assert instance.status == "running"
        busy = next(place for place, process in enumerate(world.processes) if performing(process))
        world.crash(busy)
        world.turn(world.processes[0])
    assert instance.status == "failed"
    assert instance.info().failure.type == "WorkerLostError"


def test_losses_use_up_no_retry(world):
    instance = world.submit(task(retries=1, name="fragile")(lambda: 1))
    for _ in range(3):
        busy = next(place for place, process in enumerate(world.processes) if performing(process))
        world.crash(busy)
        world.turn(world.processes[0])
    for process in world.processes:
        for one in process.performing:
            one.stub.raises = ValueError("no")
    assert instance.result() == 1


@pytest.mark.parametrize("count", [1, 5])
def test_more_than_can_be_taken_at_once_is_taken_in_several_turns(monkeypatch, count):
    monkeypatch.setattr(leases, "HELD_MAX", 2)
    world = World(processes=2, slots=8)
    world.submit_many(double, [(number,) for number in range(count)])
    world.crash(0)
    world.processes.pop(0)
    world.run_until_idle()
    assert len(workers(world)) == 1
    assert world.rows("select count(*) from instance where status = 'completed'") == [(count,)]
    world.close()


def test_a_worker_that_leaves_gives_back_what_it_has_and_is_forgotten(world):
    one, two = world.processes
    two.pump.drain()
    world.turn(two)
    world.at(one).submit_many(double, [(number,) for number in range(2)])
    one.pump.drain()
    one.pump.put([Leave()])
    world.turn(one)
    assert [owner for _, owner, *_ in world.tasks()] == [None, None]
    assert [attempt for _, _, attempt, _ in world.tasks()] == [0, 0]
    assert workers(world) == [two.kernel.placement.worker]


def test_a_late_outcome_does_not_end_the_new_lease_of_the_same_process(world):
    # given: a process that was buried while it ran a task, and has claimed it anew
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    (late,) = one.performing
    two.pump.drain()
    world.clock.advance(31)
    world.turn(two)
    world.turn(one)
    assert performing(one) == [("task", 2, 2)]
    # when: the first attempt ends after all
    world.turn(two)
    one.performing.append(late)
    one.perform(late)
    world.turn(one)
    # then
    assert performing(one) == [("task", 2, 2)]
    world.perform(one)
    assert world.get("a").info().output == 8


def test_an_outcome_that_comes_as_its_task_is_taken_again_is_not_that_of_the_new_lease(world):
    """The attempt ends after the turn in which we learn that we were buried, and before the worker hears of it."""
    one, two = world.processes
    world.at(one).submit(double, 4, id="a")
    [old] = one.performing
    two.pump.put((Attend(draining=True),))
    world.clock.advance(1_000)
    world.turn(two)  # buries the other, and takes nothing

    def end(moment: str) -> None:
        if moment == COMMIT:
            one.store.fault = nothing
            one.perform(old)

    one.store.fault = end
    world.turn(one)
    assert performing(one) == [("task", 2, 2)]
    assert [one.attempt.token for one in one.pump.waiting() if isinstance(one, Settle)] == [1]
    world.turn(one)
    assert world.get("a").status == "running"
    assert performing(one) == [("task", 2, 2)]
    world.perform(one)
    assert world.kinds(world.get("a")) == ["Started", "TaskLost", "TaskCompleted"]
