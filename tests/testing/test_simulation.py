"""The simulation as users have it."""

from __future__ import annotations

import pytest

from mainspring import Context, Workflow, task
from mainspring.errors import EngineClosedError, InstanceFailedError, ResultTimeoutError, SettingInvalidError
from mainspring.testing import Simulation


@task
def double(value: int) -> int:
    return 2 * value


@task
async def late(value: int) -> int:
    return value


@task
def tell(context: Context) -> str:
    context.logger.info("working on it")
    return f"{context.instance} {context.key} {context.attempt}"


@pytest.fixture
def simulation():
    with Simulation() as made:
        yield made


def test_handlers_run_as_they_are_unless_something_is_said(simulation):
    assert simulation.submit(double, 4).result() == 8
    assert simulation.submit(late, 4).result() == 4


def test_a_handler_has_its_context(simulation):
    instance = simulation.submit(tell, id="a")
    assert instance.result() == "a task 1"
    assert [line.message for line in instance.logs()] == ["working on it"]


def test_stubs_answer_the_newest_first_and_as_often_as_was_said(simulation):
    simulation.stub(double, returns=0)
    simulation.stub(double, calls=lambda value: value + 1, times=2)
    simulation.stub(double, raises=ValueError("no"), times=1)
    with pytest.raises(InstanceFailedError, match="no"):
        simulation.submit(double, 4).result()
    assert [simulation.submit(double, 4).result() for _ in range(4)] == [5, 5, 0, 0]


def test_a_stub_is_held_to_the_handlers_types(simulation):
    simulation.stub(double, returns="eight")
    with pytest.raises(InstanceFailedError, match="PayloadInvalidError"):
        simulation.submit(double, 4).result()


def test_time_stands_still(simulation):
    start = simulation.clock.now()
    instance = simulation.submit(double, 4, delay_s=10)
    assert (instance.status, simulation.clock.now()) == ("running", start)
    simulation.advance(10)
    assert (instance.status, simulation.clock.now()) == ("completed", start + 10)


def test_what_takes_time_takes_it_side_by_side(simulation):
    simulation.stub(double, takes_s=30)
    start = simulation.clock.now()
    workflow = Workflow("wide")
    workflow.map(double, list(range(8)))
    assert simulation.start(workflow).result() == [2 * number for number in range(8)]
    assert simulation.clock.now() - start == 30


def test_waiting_for_what_will_never_come_says_so(simulation):
    instance = simulation.submit(double, 4)
    other = simulation.submit(double, 5, delay_s=5)
    other.pause()
    with pytest.raises(ResultTimeoutError):
        other.result()
    assert instance.result() == 8


def test_calls_are_told_in_order(simulation):
    simulation.submit(double, 1, id="a").result()
    simulation.submit(late, 2, id="b").result()
    assert [(call.instance, call.arguments) for call in simulation.calls()] == [
        ("a", {"value": 1}),
        ("b", {"value": 2}),
    ]
    assert [call.instance for call in simulation.calls(late)] == ["b"]


def test_the_same_seed_gives_the_same_run():
    runs = []
    for _ in range(2):
        with Simulation(processes=3, slots=1, seed=4) as simulation:
            workflow = Workflow("wide")
            workflow.map(double, list(range(20)))
            simulation.start(workflow).result()
            runs.append([(call.key, call.at) for call in simulation.calls()])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("when", ["now", "before_commit", "after_commit"])
def test_a_crash_loses_nothing(when):
    with Simulation(processes=2) as simulation:
        simulation.stub(double, takes_s=3)
        workflow = Workflow("chain")
        workflow.add(double, workflow.add(double, workflow.add(double, 1)))
        instance = simulation.start(workflow)
        for _ in range(4):
            simulation.crash(when=when)
            simulation.advance(2)
        assert instance.result() == 8


@pytest.mark.parametrize(("when", "count"), [("before_commit", 0), ("after_commit", 1)])
def test_who_asks_a_process_that_crashes_over_it_is_told(when, count):
    with Simulation() as simulation:
        simulation.crash(when=when)
        with pytest.raises(EngineClosedError, match="before the answer came"):
            simulation.submit(double, 4, id="once")
        assert len(simulation.list()) == count
        assert simulation.submit(double, 4, id="once").result() == 8
        assert len(simulation.calls(double)) == 1


@pytest.mark.parametrize(
    ("wrong", "words"), [({"processes": 0}, "processes must be"), ({"slots": -1}, "slots must be")]
)
def test_what_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(SettingInvalidError, match=words):
        Simulation(**wrong)


def test_a_crash_at_an_unknown_moment_is_refused(simulation):
    with pytest.raises(SettingInvalidError, match="before_commit"):
        simulation.crash(when="sometimes")
