"""The cache of instances: whatever is dropped comes back as it was, by fold or by snapshot and tail."""

from __future__ import annotations

import pytest

from mainspring import Workflow
from mainspring.kernel import hold, instances
from tests.kernel.world import World, double, other
from tests.plain_sql import plain_sql
from tests.simulation.invariants import assert_fold


@pytest.fixture
def world():
    made = World(slots=4)
    yield made
    made.close()


def wide(count: int) -> Workflow:
    workflow = Workflow("wide")
    parts = workflow.map(double, list(range(count)), concurrency=3, key="parts")
    workflow.output(workflow.add(other, workflow.map(double, parts, key="again")[0], key="last"))
    return workflow


def lives(world: World) -> dict[str, object]:
    return {live.public_id: live for live in world.processes[0].kernel.instances._lives.values()}


def check_folds(world: World) -> None:
    """What is in memory is what the journal folds to, from its very beginning."""
    for live in world.processes[0].kernel.instances._lives.values():
        assert_fold(plain_sql(world._store), live)


def test_what_has_ended_is_not_kept(world):
    world.submit(double, 1, id="ended").result()
    world.submit(double, 1, id="later", delay_s=100)
    assert set(lives(world)) == {"later"}


def test_the_least_recently_touched_are_dropped_and_come_back(world, monkeypatch):
    # given: room for three
    one = world.submit(double, 1, id="case-0", delay_s=50)
    weight = world.processes[0].kernel.instances.find(1).definition.weight
    monkeypatch.setattr(instances, "WEIGHT_MAX", 3 * weight)
    # when
    for number in range(1, 6):
        world.submit(double, number, id=f"case-{number}", delay_s=50)
        if number < 4:
            one.pause()
            one.resume()
    # then
    assert set(lives(world)) == {"case-0", "case-4", "case-5"}
    world.run_until_idle()
    assert [world.get(f"case-{number}").info().output for number in range(6)] == [2, 2, 4, 6, 8, 10]


def test_without_any_room_a_turn_still_keeps_what_it_needs(world, monkeypatch):
    monkeypatch.setattr(instances, "WEIGHT_MAX", 0)
    found = [world.start(wide(10), id=f"case-{number}") for number in range(5)]
    world.run_until_idle()
    assert [instance.result() for instance in found] == [0] * 5
    assert len(lives(world)) <= 1
    assert world.processes[0].kernel.instances._weight >= 0


def test_the_weight_is_that_of_what_is_kept(world):
    for number in range(10):
        world.start(wide(3), id=f"case-{number}")
    world.advance(1)
    kept = world.processes[0].kernel.instances
    assert kept._weight == sum(live.definition.weight for live in kept._lives.values())


# --- Snapshots --------------------------------------------------------------------------------


@pytest.mark.parametrize("tail_bytes_min", [0, 300, 2_000])
def test_a_snapshot_and_the_tail_are_as_good_as_the_whole_journal(monkeypatch, tail_bytes_min):
    monkeypatch.setattr(instances, "TAIL_BYTES_MIN", tail_bytes_min)
    world = World(slots=2, processes=1)
    instance = world.start(wide(40), id="a")
    for step in range(300):
        if instance.status != "running":
            break
        (process,) = world.processes
        for one in list(process.performing)[:1]:
            process.perform(one)
        world.turn(process)
        if step % 7 == 0:  # forget all, and read it again
            world.crash(0)
            world.turn(world.processes[0])
        if instance.status == "running":
            world.processes[0].kernel.instances.clear()
            instance.pause()
            instance.resume()
            check_folds(world)
    world.run_until_idle()
    assert instance.result() == 0
    assert world.rows("select count(*) from snapshot") == [(1,)]
    world.close()


def test_snapshots_grow_further_apart_as_the_state_grows(world, monkeypatch):
    """Writing them stays in proportion to the journal: each is written when the tail is twice the last one."""
    monkeypatch.setattr(instances, "TAIL_BYTES_MIN", 1_000)
    sizes: list[int] = []
    process = world.processes[0]
    process.store.watch = lambda changes: sizes.extend(len(state) for *_, state in changes.snapshots)
    world.start(wide(300)).result()
    ((journal,),) = world.rows("select sum(length(event) + length(decisions)) from journal")
    assert len(sizes) >= 3
    assert sum(sizes) <= journal


def test_a_short_journal_gets_no_snapshot(world):
    world.start(wide(20)).result()
    assert world.rows("select count(*) from snapshot") == [(0,)]


def test_what_was_forgotten_of_a_journal_behind_ones_back_is_read_from_the_snapshot(monkeypatch):
    # given: a process that has not looked for a while
    monkeypatch.setattr(instances, "TAIL_BYTES_MIN", 0)
    with World(processes=2, slots=4) as world:
        first, second = world.processes
        case = world.at(first).submit(double, 1, id="case", delay_s=1_000)
        # when: another one journals and writes snapshots, and what they cover is forgotten
        world.at(second)
        for _ in range(4):
            case.pause()
            case.resume()
        world.clock.advance(100)
        assert world.prune(1.0) == 0
        assert world.rows("select min(seq) from journal") > [(1,)]
        # then
        world.at(first)
        case.pause()
        live = first.kernel.instances.find(1)
        assert live is not None
        assert_fold(plain_sql(world._store), live)
        assert world.rows("select count(*), count(distinct seq) from journal where seq > 8") == [(2, 2)]


def test_numbers_that_were_taken_long_ago_are_not_used_any_more(world):
    numbers = [world.submit(double, 1, id=f"case-{n}", delay_s=1)._view().number for n in range(2)]
    assert numbers == [1, 2]
    world.advance(hold.IDS_KEPT_S)
    late = world.submit(double, 1, id="late", delay_s=1)._view().number
    assert late > hold.INSTANCE_IDS_RESERVED
    # also when the clock was set back
    world.clock.advance(-3 * hold.IDS_KEPT_S)
    assert world.submit(double, 1, id="back", delay_s=1)._view().number > late + 1
