"""Queues: limits, rates, pauses, ageing and turns, in worlds whose time is turned by hand."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from mainspring import task
from mainspring.errors import SettingInvalidError, StoreUnavailableError
from mainspring.kernel.queue import Candidate, Queue, QueueSettings
from mainspring.kernel.store import QueueRow, WaitingRow
from mainspring.testing import Simulation
from tests.kernel.world import World, failing, performing
from tests.postgres import OnPostgres


@task(queue="mail")
def mail(number: int) -> int:
    return number


@task(queue="mail")
def letter(number: int) -> int:
    return number


@task(queue="post")
def post(number: int) -> int:
    return number


@task
def plain(number: int) -> int:
    return number


def numbers(count: int) -> list[tuple[int]]:
    return [(number,) for number in range(count)]


def running(world: Simulation) -> int:
    return sum(len(process.performing) for process in world.processes)


def begun(world: Simulation) -> list[str]:
    return [call.instance for call in world.calls()]


# --- How many at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 3])
def test_a_limit_holds_for_all_workers_together(processes):
    with Simulation(processes=processes, slots=10) as world:
        world.queue("mail").limit(concurrency=4)
        world.stub(mail, takes_s=1)
        instances = world.submit_many(mail, numbers(20))
        seen = []
        while not all(instance.status == "completed" for instance in instances):
            seen.append(running(world))
            world.advance(0.5)
        assert max(seen) == 4
        assert len(world.calls(mail)) == 20


def test_a_limit_of_each_group_lets_others_by():
    with Simulation(slots=10) as world:
        world.queue("mail").limit(group_concurrency=2)
        world.stub(mail, takes_s=1)
        for group in ("a", "b"):
            world.submit_many(mail, numbers(8), group=group)
        world.submit_many(mail, numbers(1), group="c")
        world.advance(0.5)
        (process,) = world.processes
        groups = Counter(world.get(one.attempt.public_id).id for one in process.performing)
        assert sum(groups.values()) == 5, "two of a, two of b, one of c"
        world.run_until_idle()
        assert len(world.calls(mail)) == 17


def test_what_a_queue_keeps_back_is_in_nobodys_way():
    with World(slots=2) as world:
        world.queue("mail").limit(concurrency=1)
        world.stub(mail, takes_s=100)
        world.submit_many(mail, numbers(50), priority=9)
        world.submit(plain, 1)
        (process,) = world.processes
        assert performing(process)[0][1:] == (1, 1)
        world.advance(1)
        assert len(world.calls(plain)) == 1


def test_a_limit_that_is_set_while_tasks_wait_and_run_holds_from_then_on():
    with Simulation(slots=4) as world:
        world.stub(mail, takes_s=1)
        world.submit_many(mail, numbers(12))
        assert running(world) == 4
        world.queue("mail").limit(concurrency=1)
        world.advance(1.5)
        assert running(world) == 1
        world.queue("mail").limit()
        world.advance(0.1)
        assert running(world) == 4
        world.run_until_idle()
        assert len(world.calls(mail)) == 12


def test_a_worker_that_dies_gives_its_places_back():
    with Simulation(processes=2, slots=4, lease_s=10) as world:
        world.queue("mail").limit(concurrency=2)
        world.stub(mail, takes_s=3)
        world.submit_many(mail, numbers(4))
        world.crash()
        world.run_until_idle()
        assert sorted({call.instance for call in world.calls(mail)}) == sorted(set(begun(world)))
        assert all(info.status == "completed" for info in world.list().items)


def test_a_turn_that_breaks_takes_no_place():
    with World(slots=4) as world:
        (process,) = world.processes
        world.queue("mail").limit(concurrency=1, rate_per_s=1, burst=3)
        world.submit_many(mail, numbers(3))
        failing(process, "commit")
        with pytest.raises(StoreUnavailableError):
            world.queue("mail").limit(concurrency=2)
        assert len(performing(process)) == 1
        world.run_until_idle()
        assert len(world.calls(mail)) == 3


# --- How fast -----------------------------------------------------------------------------------


def test_a_rate_lets_a_burst_through_and_then_one_after_another():
    with Simulation(slots=100) as world:
        start = world.clock.now()
        world.queue("mail").limit(rate_per_s=2, burst=5)
        world.submit_many(mail, numbers(11))
        world.run_until_idle()
        times = [round(call.at - start, 6) for call in world.calls(mail)]
        assert times == [0, 0, 0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3]


def test_a_rate_is_shared_by_all_workers():
    with Simulation(processes=3, slots=100) as world:
        start = world.clock.now()
        world.queue("mail").limit(rate_per_s=10)
        world.submit_many(mail, numbers(40))
        world.run_until_idle()
        assert world.clock.now() - start == pytest.approx(3, abs=0.2), "ten at once, then thirty at ten a second"


def test_a_rate_is_no_higher_where_clocks_differ_by_a_little():
    """Of two who claim in turns, one reads the clock a little later than the other; that time must not come twice."""
    settings = msgspec.json.encode(QueueSettings(rate_per_s=100.0, burst=1)).decode()
    row, count = QueueRow(1, "mail", settings, 1.0, 0.0), 0
    waiting = WaitingRow(0, 0.0, 1, "task", 1, 0, 0, None, "{}", "mail-1")
    for step in range(1_000):
        line = Queue(row, {}, step * 0.001 + (0.005 if step % 2 else 0.0))
        if line.room:
            row, count = line.taken([Candidate(waiting)]), count + 1
    assert 95 <= count <= 102


def test_a_rate_goes_on_when_the_clock_was_set_back():
    with Simulation(processes=2, slots=100) as world:
        world.queue("mail").limit(rate_per_s=10, burst=1)
        world.submit(mail, 0)
        world.run_until_idle()
        world.clock.advance(-3_600)
        start = world.clock.now()
        world.submit_many(mail, numbers(20))
        world.run_until_idle()
        assert world.clock.now() - start == pytest.approx(2, abs=0.2)


def test_each_queue_keeps_its_own_account():
    """Two queues are claimed from in one turn, and what one lets through is not charged to the other."""
    with Simulation(slots=100) as world:
        start = world.clock.now()
        world.queue("mail").limit(rate_per_s=2, burst=1)
        world.queue("post").limit(rate_per_s=10, burst=1)
        world.submit_many(mail, numbers(5))
        world.submit_many(post, numbers(21))
        world.run_until_idle()
        times = {handler: [round(call.at - start, 6) for call in world.calls(handler)] for handler in (mail, post)}
        assert times[mail] == [0, 0.5, 1, 1.5, 2]
        assert times[post] == [round(0.1 * number, 6) for number in range(21)]


# --- Whether at all -----------------------------------------------------------------------------


def test_a_pause_lets_what_runs_end_and_nothing_begin():
    with Simulation(slots=2) as world:
        queue = world.queue("mail")
        world.stub(mail, takes_s=1)
        world.submit_many(mail, numbers(4))
        queue.pause("the relay is down")
        world.advance(60)
        assert len(world.calls(mail)) == 2
        assert (queue.settings.paused, queue.settings.reason) == (True, "the relay is down")
        queue.resume()
        world.run_until_idle()
        assert len(world.calls(mail)) == 4
        assert queue.settings.is_plain


# --- Who is next --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Simulation, OnPostgres])
def test_who_has_waited_long_is_more_urgent_than_he_was(kind):
    def order(**limits):
        with kind(slots=1) as world:
            world.queue("mail").limit(**limits)
            world.stub(mail, takes_s=10)
            world.submit(mail, 0, id="low", priority=0)
            for number in range(8):
                world.submit(mail, number, id=f"high-{number}", priority=3)
            world.submit(mail, 0, id="lowest", priority=-2)
            for number in range(8, 16):
                world.advance(10)
                world.submit(mail, number, id=f"high-{number}", priority=3)
            world.run_until_idle()
            return begun(world)

    assert order(concurrency=1)[-1] == "lowest"
    aged = order(concurrency=1, ageing_s=10)
    assert aged.index("lowest") < aged.index("high-14"), "which came more than 50 s later, and is 5 points higher"


def shares(world: Simulation, ended: int) -> Counter[str]:
    """How many of each group were among the first to begin."""
    return Counter(call.instance.partition("-")[0] for call in world.calls()[:ended])


def jain(counts: list[int]) -> float:
    """Jain's index of fairness: 1 where all get the same."""
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))


@pytest.mark.parametrize(("kind", "slots"), [(Simulation, 1), (Simulation, 3), (Simulation, 8), (OnPostgres, 8)])
def test_groups_take_turns_whatever_the_number_of_their_tasks(kind, slots):
    with kind(slots=slots) as world:
        world.queue("mail").limit(fair=True)
        world.stub(mail, takes_s=1)
        world.submit_many(mail, numbers(180), ids=[f"big-{number}" for number in range(180)], group="big")
        world.submit_many(letter, numbers(20), ids=[f"small-{number}" for number in range(20)], group="small")
        world.run_until_idle()
        assert jain(list(shares(world, 40).values())) >= 0.95
        assert len(world.calls()) == 200


def test_weights_share_out():
    with Simulation(slots=1) as world:
        world.queue("mail").limit(fair=True, weights={"gold": 3})
        world.stub(mail, takes_s=1)
        for group in ("gold", "iron"):
            world.submit_many(mail, numbers(40), ids=[f"{group}-{number}" for number in range(40)], group=group)
        world.run_until_idle()
        assert shares(world, 40) == {"gold": 30, "iron": 10}


def test_turns_go_on_from_where_another_process_left_them():
    with Simulation(processes=4, slots=1, seed=3) as world:
        world.queue("mail").limit(fair=True)
        world.stub(mail, takes_s=1)
        for group in ("a", "b", "c"):
            world.submit_many(mail, numbers(20), ids=[f"{group}-{number}" for number in range(20)], group=group)
        world.run_until_idle()
        assert jain(list(shares(world, 30).values())) >= 0.95


def test_more_groups_than_one_claim_looks_at_all_get_their_turn():
    with Simulation(slots=3) as world:
        world.queue("mail").limit(fair=True, concurrency=3)
        world.stub(mail, takes_s=1)
        for number in range(700):
            world.submit(mail, number, group=f"tenant-{number:03}")
        world.run_until_idle()
        assert len(world.calls(mail)) == 700


def test_within_a_group_the_most_urgent_comes_first():
    with Simulation(slots=1) as world:
        world.queue("mail").limit(fair=True)
        world.stub(mail, takes_s=1)
        for name, priority in (("runs", 0), ("low", -1), ("high", 5)):
            world.submit(mail, 1, id=name, priority=priority, group="a")
        world.run_until_idle()
        assert begun(world) == ["runs", "high", "low"]


def test_children_are_of_the_group_of_their_parent():
    from mainspring import Workflow

    inner = Workflow("inner")
    inner.output(inner.add(mail, 1))
    outer = Workflow("outer")
    outer.output(outer.add(inner))
    with World(slots=1) as world:
        world.queue("mail").limit(group_concurrency=1)
        world.stub(mail, takes_s=5)
        world.start(outer, group="tenant")
        assert [row[0] for row in world.rows("select group_key from task")] == ["tenant"]


# --- Bad settings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"concurrency": 0}, "concurrency must be a whole number from 1, not 0"),
        ({"concurrency": 1.5}, "Expected `int | null`, got `float` - at `\\$.concurrency`"),
        ({"rate_per_s": 0}, "rate_per_s must be a number above 0"),
        ({"burst": 3}, "burst says nothing without rate_per_s"),
        ({"weights": {"a": 2}}, "weights say nothing"),
        ({"fair": True, "weights": {"a": 0}}, "the weight of group 'a' must be a whole number from 1, not 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_and_change_nothing(limits, words):
    with Simulation() as world:
        world.queue("mail").limit(concurrency=3)
        with pytest.raises(SettingInvalidError, match=f"queue 'mail': .*{words}"):
            world.queue("mail").limit(**limits)
        assert world.queue("mail").settings.concurrency == 3
