"""Processes that have the handlers of a definition, but not all of its code."""

from __future__ import annotations

import pytest

from mainspring import Workflow
from mainspring.errors import HandlerUnknownError
from mainspring.kernel import instances
from mainspring.kernel.records import Tell
from mainspring.models.contract import PauseRequested, ResumeRequested
from tests.kernel.world import double, performing


def is_small(value: int) -> bool:
    return value < 10


@pytest.fixture
def workflow():
    """A definition with a condition."""
    made = Workflow("conditional")
    first = made.add(double, 1, key="first", retries=3)
    made.output(made.add(double, first, key="last", when=(is_small, first)))
    return made


@pytest.fixture
def blind(world):
    """A process that can run tasks but finds no conditions."""
    one, _ = world.processes
    resolve = one.kernel.definitions._resolve
    one.kernel.definitions._resolve = unknown

    def see() -> None:
        one.kernel.definitions._resolve = resolve
        one.pump.offer()

    one.see = see
    return one


def unknown(name):
    raise HandlerUnknownError(name, "not here")


def events(world) -> list[str]:
    return [kind for (kind,) in world.rows("select kind from event order by ready_at, key")]


def test_what_is_started_here_begins_where_it_is_hosted(world, blind, workflow):
    instance = world.at(blind).start(workflow)
    assert events(world) == ["Started"]
    assert instance.status == "running"
    world.turn(world.processes[1])
    assert events(world) == []
    assert instance.result() == 4


def test_an_expression_needs_no_code(world, blind):
    made = Workflow("guarded")
    first = made.add(double, 1, key="first")
    made.output(made.add(double, first, key="last", when="first < 10"))
    instance = world.at(blind).start(made)
    assert instance.result() == 4


def test_requests_wait_in_their_order(world, blind, workflow):
    instance = world.at(blind).start(workflow)
    for number in range(11):
        (instance.resume if number % 2 else instance.pause)()
    assert events(world)[0] == "Started"
    world.advance(0)
    kinds = world.kinds(instance)
    assert kinds[:4] == ["Started", "PauseRequested", "ResumeRequested", "PauseRequested"]
    assert instance.status == "paused"


def test_a_resumption_does_not_overtake_a_pause_that_waits_in_line(world, blind, workflow):
    # given: a workflow that both host, with a child that only the other one does
    parent = Workflow("parent")
    parent.output(parent.add(workflow, key="child"))
    host = world.processes[1]
    instance = world.at(host).start(parent)
    (child,) = [each for each in world.list(children=True) if each.id != instance.id]
    # when: the pause of the child is left in line, and the host resumes both before it looks at it
    world.at(blind)
    instance.pause()
    assert events(world) == ["PauseRequested"]
    world.at(host)
    instance.resume()
    world.run_until_idle()
    # then
    assert (instance.status, world.get(child.id).status) == ("completed", "completed")


def test_requests_keep_their_order_when_the_clock_is_set_back(world, blind, workflow):
    world.stub(double, takes_s=10)
    instance = world.at(world.processes[1]).start(workflow)
    world.at(blind)
    world.clock.advance(5)
    instance.pause()
    world.clock.advance(-3)
    instance.resume()
    world.run_until_idle()
    assert [kind for kind in world.kinds(instance) if "Requested" in kind] == ["PauseRequested", "ResumeRequested"]
    assert instance.status == "completed"


@pytest.mark.parametrize("fails", [False, True])
def test_an_outcome_from_a_process_that_does_not_host_reaches_one_that_does(world, blind, workflow, fails):
    # given: the task runs where the definition cannot be understood
    other = world.processes[1]
    other.kernel.placement._free_total = 0
    instance = world.at(other).start(workflow)
    world.turn(blind)
    assert performing(blind) == [("first", 1, 1)]
    # when
    if fails:
        blind.performing[0].stub.raises = ValueError("once")
    world.perform(blind)
    # then: the outcome waits for the other process, and the task is nobody's
    assert events(world) == ["TaskFailed" if fails else "TaskCompleted"]
    assert [owner for _, owner, _, _ in world.tasks()] == [-1]
    assert blind.kernel.placement.attempts() == []
    world.run_until_idle()
    assert instance.result() == 4
    assert world.tasks() == []


def test_a_lost_task_is_dealt_with_where_it_is_hosted(world, blind, workflow):
    other = world.processes[1]
    instance = world.at(other).start(workflow)
    assert performing(other) == [("first", 1, 1)]
    world.crash(0)
    world.turn(blind)
    assert events(world) == ["TaskLost"]
    world.run_until_idle()
    assert instance.result() == 4


def test_a_process_that_finds_the_code_later_goes_on(world, blind, workflow):
    instance = world.at(blind).start(workflow)
    blind.see()
    world.turn(blind)
    assert performing(blind) == [("first", 1, 1)]
    world.run_until_idle()
    assert instance.result() == 4


def test_what_was_looked_at_before_the_code_was_found_is_looked_at_anew(world, blind, workflow, monkeypatch):
    monkeypatch.setattr(instances, "WEIGHT_MAX", 0)
    instance = world.at(blind).start(workflow)
    # when: one turn meets the instance before and after it learns of the code
    blind.pump.call(Tell(instance.id, PauseRequested()))
    blind.pump.call(Tell(instance.id, ResumeRequested()))
    blind.see()
    world.turn(blind)
    # then
    world.run_until_idle()
    assert instance.result() == 4


def test_events_that_nobody_here_can_take_wake_nobody(world, blind, workflow):
    world.processes.remove(world.processes[1])
    world.start(workflow)
    world.run_until_idle()
    before = blind.pump.commits
    world.advance(5)
    assert blind.pump.commits - before <= 2
    assert events(world) == ["Started"]


# --- Stores that a newer mainspring uses as well ----------------------------------------------


def plant(world, model: str, document: str, kind: str) -> None:
    """What another program may have written: an instance with a due event."""
    execute = world._store._connection.execute
    execute(
        "insert into definition (id, model, name, version, digest, document, created_at)"
        " values (99, ?, 'new', 1, 'd', ?, 0)",
        (model, document),
    )
    execute(
        "insert into instance (id, public_id, definition, status, priority, created_at)"
        " values (999, 'new:999', 99, 'running', 0, 0)"
    )
    execute("insert into event values (999, 't', 0, ?, '{\"key\": \"t\"}')", (kind,))


@pytest.mark.parametrize(
    ("model", "document", "kind"),
    [
        ("oracle", "{}", "TimerFired"),
        ("task", '{"task": "x", "colour": "blue"}', "TimerFired"),
        ("task", '{"task": "x"}', "StarsAligned"),
    ],
    ids=["model", "document", "event"],
)
def test_what_a_newer_program_has_written_harms_nobody(world, model, document, kind):
    plant(world, model, document, kind)
    assert world.submit(double, 4).result() == 8
    world.advance(100)
    assert world.rows("select kind from event where instance = 999") == [(kind,)]
    assert world.get("new:999").status == "running"
