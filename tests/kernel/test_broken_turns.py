"""Turns that break: nothing of them has happened, and nobody else is harmed."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from mainspring.errors import BrokenError, StoreUnavailableError
from mainspring.kernel.enlist import record
from mainspring.kernel.records import Deploy, Recorded, Release, Start, StartEntry
from mainspring.models.task import TASK
from mainspring.models.workflow.model import WORKFLOW
from mainspring.testing.faults import BEGIN, COMMIT, COMMITTED
from tests.kernel.world import double, failing, napping, performing

MOMENTS = (BEGIN, COMMIT)


class BugError(Exception):
    """A model's."""


@pytest.fixture
def bug(monkeypatch):
    """Have a model's `decide` raise where a test says so."""

    def plant(model: Any, is_hit: Any) -> None:
        decide = model.decide

        def buggy(plan: Any, state: Any, event: Any, at: float) -> Any:
            if is_hit(event):
                raise BugError("of the model")
            return decide(plan, state, event, at)

        monkeypatch.setattr(model, "decide", buggy, raising=False)

    return plant


def is_outcome(event: Any) -> bool:
    return type(event).__name__ in ("TaskCompleted", "TaskFailed", "TaskLost")


# --- The store cannot be written --------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_outcome_is_kept_until_it_can_be_written(world, moment):
    one, _ = world.processes
    instance = world.at(one).submit(double, 4)
    failing(one, moment)
    world.perform(one)
    assert instance.status == "running"
    world.turn(one)
    assert instance.result() == 8


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_caller_is_told_that_nothing_was_written(world, moment):
    one, _ = world.processes
    failing(world.at(one).processes[0], moment)
    with pytest.raises(StoreUnavailableError):
        world.submit(double, 4, id="a")
    assert world.rows("select count(*) from instance") == [(0,)]
    assert world.submit(double, 4, id="a").result() == 8


def test_what_was_begun_without_an_answer_is_looked_after_soon(world):
    """It is leased to a process that does not know of it, and that nothing else wakes before its lease is due."""
    one, two = world.processes
    world.processes.remove(two)
    world.submit(double, 1)
    world.advance(2)
    failing(one, COMMITTED)
    with pytest.raises(StoreUnavailableError):
        world.submit(double, 4, id="a")
    world.advance(1)
    assert world.get("a").info().output == 8


def test_a_process_whose_registration_was_rolled_back_registers_again(world):
    one, two = world.processes
    failing(one, COMMIT)
    world.turn(one)
    assert world.rows("select count(*) from worker") == [(0,)]
    world.turn(two)
    world.at(one).submit(double, 4)
    ids = [worker for (worker,) in world.rows("select id from worker")]
    assert sorted(ids) == sorted(process.kernel.placement.worker for process in (one, two))
    assert len(set(ids)) == 2


def test_a_process_that_was_buried_and_cannot_say_so_yet_still_knows_what_it_has_lost(world):
    # given: two leases that another process has taken
    one, two = world.processes
    world.at(one).submit(double, 1, id="a")
    world.submit(double, 2, id="b")
    two.pump.drain()
    world.clock.advance(31)
    world.turn(two)
    # when: its return to life is rolled back at first
    failing(one, COMMIT)
    world.turn(one)
    assert one.kernel.placement._free_total == 0
    world.turn(one)
    # then
    assert performing(one) == [("task", 2, 2), ("task", 2, 2)]
    assert one.kernel.placement._free_total == 0
    world.perform(one)
    assert one.kernel.placement._free_total == 2
    assert [world.get(name).status for name in "ab"] == ["completed", "completed"]


def test_the_slot_of_a_recorded_outcome_is_free_though_the_turn_that_hears_of_it_breaks(world):
    # given: an outcome that is durable by way of a transaction of its handler
    one, _ = world.processes
    instance = world.at(one).submit(double, 4)
    told = one.conclude(one.performing[0])
    with closing(world._another()) as store:
        store.begin()
        record(store, told.attempt, told.event, (), world.clock.now())
        store.commit()
    # when
    one.pump.put([Recorded(told.attempt, told.event)])
    failing(one, COMMIT, error=RuntimeError("broken"))
    world.turn(one)
    # then
    assert one.kernel.placement._free_total == 2
    assert instance.status == "running"
    world.turn(one)
    assert instance.info().output == 8


def test_handlers_that_came_while_the_store_was_away_are_not_forgotten(world):
    (one, _) = world.processes
    failing(one, BEGIN)
    one.pump.offer()
    world.turn(one)
    assert [type(input).__name__ for input in one.pump.waiting()][-1] == "Attend"


def test_what_was_done_one_by_one_is_told_though_the_rest_has_to_wait(world, bug):
    # given: a batch with a bad input in it, and a store that goes away half-way through taking them one by one
    one, _ = world.processes
    bug(TASK, lambda event: getattr(event, "priority", 0) == 13)
    deployable = world_deployable(world)
    good, bad, late = (
        one.pump.call(Start(deployable, [StartEntry(b'{"value": 1}', id, priority)]))
        for id, priority in (("good", 0), ("bad", 13), ("late", 0))
    )
    count = 0

    def fault(moment: str) -> None:
        nonlocal count
        count += moment == BEGIN
        if moment == BEGIN and count == 4:
            raise StoreUnavailableError("not now")

    one.store.fault = fault
    # when
    world.turn(one)
    # then: the first two have their answers, and what was leased runs
    assert good.result(timeout=0)[0].public_id == "good"
    assert isinstance(bad.exception(timeout=0), BrokenError)
    assert [attempt.attempt.public_id for attempt in one.performing] == ["good"]
    assert not late.done()
    world.turn(one)
    assert late.result(timeout=0)[0].public_id == "late"


def test_a_start_of_many_that_breaks_is_logged_in_short(world, bug, caplog):
    one, _ = world.processes
    bug(TASK, lambda event: getattr(event, "priority", 0) == 13)
    deployable = world_deployable(world)
    bad = one.pump.call(Start(deployable, [StartEntry(b'{"value": 1}', priority=13)] * 1_000))
    # when
    world.turn(one)
    # then
    assert isinstance(bad.exception(timeout=0), BrokenError)
    (told,) = [record.getMessage() for record in caplog.records if "could not be taken in" in record.getMessage()]
    assert "Start(" in told
    assert len(told) < 600


def world_deployable(world):
    """Of the standalone task."""
    world.submit(double, 0).result()
    row = world.reader.find_definition(double.name)
    return Deploy(napping().deployable()).definition.__class__(row.model, row.name, row.digest, row.document)


# --- Bugs of a model --------------------------------------------------------------------------


def test_an_outcome_that_breaks_its_turn_fails_its_task(world, bug):
    one, _ = world.processes
    bug(TASK, lambda event: type(event).__name__ == "TaskCompleted")
    instance = world.at(one).submit(double, 4)
    world.perform(one)
    assert instance.status == "failed"
    assert "BugError" in instance.info().failure.message


def test_an_outcome_that_cannot_be_recorded_at_all_waits_for_a_better_program(world, bug, monkeypatch):
    one, _ = world.processes
    bug(TASK, is_outcome)
    instance = world.at(one).submit(double, 4)
    other = world.submit(double, 5)
    world.perform(one)
    # then: no slot is lost, nothing is leased, and it is tried again later
    assert one.kernel.placement._free_total == 2
    assert {owner for _, owner, _, _ in world.tasks()} == {-1}
    world.advance(100)
    assert instance.status == other.status == "running"
    # when: the program is repaired
    monkeypatch.undo()
    world.advance(61)
    assert instance.info().failure.type == "BrokenError"
    assert world.tasks() == []


def test_an_attempt_that_cannot_be_given_back_is_tried_again(world):
    one, _ = world.processes
    instance = world.at(one).submit(double, 4)
    (attempt,) = [performance.attempt for performance in one.performing]
    one.performing.clear()
    one.pump.put([Release(attempt)])
    failing(one, COMMIT, error=ZeroDivisionError())
    world.turn(one)
    assert instance.result() == 8


def test_a_timer_that_breaks_its_turn_is_set_aside(world, bug, monkeypatch):
    one, _ = world.processes
    bug(WORKFLOW, lambda event: type(event).__name__ == "TimerFired")
    instance = world.at(one).start(napping())
    world.advance(200)
    assert instance.status == "running"
    assert world.submit(double, 4).result() == 8
    monkeypatch.undo()
    assert instance.result() == 4


def test_a_lost_task_that_breaks_its_turn_is_set_aside(world, bug, monkeypatch):
    one, two = world.processes
    bug(TASK, is_outcome)
    instance = world.at(one).submit(double, 4)
    two.pump.drain()
    world.crash(0)
    world.advance(100)
    assert instance.status == "running"
    assert [owner for _, owner, _, _ in world.tasks()] == [-1]
    monkeypatch.undo()
    world.advance(100)
    assert instance.result() == 8
