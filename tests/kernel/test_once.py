"""What is to be there once: unique keys, windows, debounce; and tasks that are not wanted any more."""

from __future__ import annotations

import pytest

from mainspring import Process, Retry, State, StateMachine, Workflow, task
from mainspring.errors import InstanceFailedError, SettingInvalidError
from mainspring.testing import Simulation
from tests.kernel.world import World, napping
from tests.postgres import OnPostgres


@task
def index(page: int) -> int:
    return page


@task
def other(page: int) -> int:
    return page


@task(retries=Retry.fixed(1, 60))
def stubborn(page: int) -> int:
    return page


def pages(world: Simulation) -> list[int]:
    """What was indexed, in order."""
    return [world.get(call.instance).result() for call in world.calls(index)]


# --- Unique ---------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_instance_while_it_lives():
    with Simulation() as world:
        world.stub(index, takes_s=10)
        first = world.submit(index, 1, unique="page")
        again = world.submit(index, 2, unique="page")
        assert (again.id, again.existed, first.existed) == (first.id, True, False)
        world.advance(11)
        third = world.submit(index, 3, unique="page")
        assert third.id != first.id
        world.advance(11)
        assert len(world.calls(index)) == 2


def test_within_the_window_it_counts_after_its_end_too():
    with Simulation() as world:
        first = world.submit(index, 1, unique="page", unique_s=60)
        world.advance(59)
        assert world.submit(index, 2, unique="page", unique_s=60).id == first.id
        world.advance(2)
        assert world.submit(index, 3, unique="page", unique_s=60).id != first.id


def test_a_key_is_one_of_its_definition():
    workflow = Workflow("pages")
    workflow.output(workflow.add(index, 1))
    with Simulation() as world:
        ids = {
            world.submit(index, 1, unique="page", unique_s=60).id,
            world.submit(other, 1, unique="page", unique_s=60).id,
            world.start(workflow, unique="page", unique_s=60).id,
        }
        assert len(ids) == 3
        assert world.start(workflow, unique="page", unique_s=60).id in ids


def test_several_processes_and_crashes_make_one():
    with Simulation(processes=3) as world:
        world.stub(index, takes_s=5)
        for number in range(9):
            world.processes.append(world.processes.pop(0))
            world.submit(index, number, unique="page")
        world.crash(1)
        world.run_until_idle()
        assert len({call.instance for call in world.calls(index)}) == 1


def test_what_is_forgotten_leaves_its_key():
    with World() as world:
        world.submit(index, 1, unique="page", unique_s=1_000)
        world.advance(10)
        assert world.prune(older_than_s=5) == 1
        assert world.rows("select * from once") == []
        assert not world.submit(index, 2, unique="page", unique_s=1_000).existed


# --- Debounce -------------------------------------------------------------------------------------


def test_the_last_of_a_burst_runs_once_it_is_quiet():
    with Simulation() as world:
        for number in range(4):
            world.submit(index, number, unique="page", debounce_s=10)
            world.advance(3)
        last = world.submit(index, 4, unique="page", debounce_s=10)
        world.advance(3)
        assert world.calls(index) == []
        world.advance(10)
        assert pages(world) == [4]
        assert last.result() == 4
        statuses = sorted(info.status for info in world.list())
        assert statuses == ["cancelled"] * 4 + ["completed"]


def test_one_that_has_begun_goes_on():
    with Simulation() as world:
        world.stub(index, takes_s=60)
        world.submit(index, 1, unique="page", debounce_s=5)
        world.advance(10)
        world.submit(index, 2, unique="page", debounce_s=5)
        world.run_until_idle()
        assert pages(world) == [1, 2]


class Thermostat(StateMachine):
    """It is under way, though no task was ever made for it."""

    cold = State(initial=True, after={"60s": "warm"})
    warm = State(final=True)


def queued() -> Workflow:
    """Its first step is done while the next one waits in a queue."""
    workflow = Workflow("queued")
    first = workflow.add(index, 1)
    workflow.output(workflow.add(other, 2, queue="closed", after=[first]))
    return workflow


@pytest.mark.parametrize(
    "definition",
    [napping(60.0), queued(), Thermostat, Process("waiting").start("s").wait("w", after="PT60S").end("e")],
    ids=["workflow that sleeps", "workflow whose next step waits", "machine", "process"],
)
@pytest.mark.parametrize("terms", [{"debounce_s": 5}, {}], ids=["debounced", "at once"])
@pytest.mark.parametrize("kind", [Simulation, OnPostgres])
def test_one_that_is_under_way_goes_on_though_nothing_runs_at_the_moment(kind, terms, definition):
    with kind() as world:
        world.queue("closed").pause("for a while")
        first = world.start(definition, unique="page", **terms)
        world.advance(6)
        again = world.start(definition, unique="page", debounce_s=5)
        last = world.start(definition, unique="page", debounce_s=5)
        world.advance(1)
        assert (first.status, again.status, last.status) == ("running", "cancelled", "running")
        world.advance(100)
        world.queue("closed").resume()
        world.advance(100)
        assert (first.status, last.status) == ("completed", "completed")


@pytest.mark.parametrize("kind", [Simulation, OnPostgres])
def test_one_that_was_paused_before_it_began_gives_way(kind):
    with kind() as world:
        first = world.start(napping(), unique="page", debounce_s=5)
        first.pause()
        world.start(napping(), unique="page", debounce_s=5)
        assert first.status == "cancelled"


# --- Expiry ---------------------------------------------------------------------------------------


def test_a_task_that_nobody_begins_in_time_fails_with_the_reason():
    with Simulation(queues=["none"]) as world:
        instance = world.submit(index, 1, expires_s=30, delay_s=10)
        world.advance(39)
        assert instance.status == "running"
        world.advance(2)
        with pytest.raises(InstanceFailedError, match="no worker had begun it 30 s after it could have begun"):
            instance.result()
        world.advance(100)
        assert world.calls(index) == []


def test_what_has_begun_does_not_expire_whatever_becomes_of_it():
    with Simulation() as world:
        world.stub(index, takes_s=60)
        slow = world.submit(index, 1, expires_s=30)
        world.stub(stubborn, raises=OSError("no luck"), times=1)
        tried = world.submit(stubborn, 2, expires_s=30)
        world.run_until_idle()
        assert slow.result() == 1
        assert tried.result() == 2


def test_an_instance_that_is_paused_expires_too():
    with Simulation(slots=1) as world:
        world.stub(other, takes_s=20)
        world.submit(other, 0)
        instance = world.submit(index, 1, expires_s=30)
        instance.pause()
        world.advance(40)
        assert instance.status == "failed"


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"unique_s": 5}, "say nothing without unique"),
        ({"debounce_s": 5}, "say nothing without unique"),
        ({"unique": ""}, "unique must be 1 to 200 printable characters"),
        ({"unique": "a", "unique_s": 0}, "unique_s must be seconds above 0"),
        ({"unique": "a", "debounce_s": -1}, "debounce_s must be seconds above 0"),
        ({"unique": "a", "debounce_s": 1, "unique_s": 1}, "not both"),
        ({"expires_s": 0}, "expires_s must be seconds above 0"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms, words):
    with Simulation() as world, pytest.raises(SettingInvalidError, match=words):
        world.submit(index, 1, **terms)
