"""What `mainspring.classic` promises: its words, over the engine."""

from __future__ import annotations

import itertools
import threading

import pytest

from mainspring import classic
from mainspring.errors import DefinitionInvalidError, DefinitionNotFoundError, EngineClosedError, ResultTimeoutError
from tests.patience import PATIENCE_S


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    return None if request.param == "memory" else f"sqlite:///{tmp_path / 'classic.db'}"


@pytest.fixture
def file(tmp_path):
    return f"sqlite:///{tmp_path / 'classic.db'}"


def pipeline(engine: classic.WorkflowEngine, *steps: str, dependencies: bool = True) -> classic.Workflow:
    """Tasks one after the other, or side by side, whose types are their ids."""
    workflow = engine.create_workflow("wf", "steps")
    for step in steps:
        workflow.add_task(classic.Task(step, step, step))
    if dependencies:
        for task_id, before in zip(steps[1:], steps, strict=False):
            workflow.add_dependency(task_id, before)
    return workflow


def events(engine: classic.WorkflowEngine) -> list[tuple[str, str]]:
    return [(entry["event"], entry["task_id"]) for entry in engine.execution_history]


class Blocking:
    """A handler that waits until it may go on."""

    def __init__(self) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()

    def __call__(self, data) -> None:
        self.inside.set()
        assert self.go_on.wait(PATIENCE_S)


def noting(seen: list[str], word: str):
    def handler(data):
        seen.append(word)
        return word

    return handler


def in_threads(work, count: int = 1) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def refused(kind: type[Exception], call, *args) -> None:
    with pytest.raises(kind):
        call(*args)


# --- Running ----------------------------------------------------------------------------------


def test_a_handler_gets_its_input_data_and_what_its_dependencies_returned(url):
    seen = []

    def add(data):
        seen.append(data)
        return sum(data["numbers"]) + data["plus"]

    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("read", lambda data: [data["from"], 1, 2])
        engine.register_task_handler("sum", add)
        workflow = engine.create_workflow("wf", "data")
        workflow.add_task(classic.Task("total", "sum", "sum", {"plus": 10, "price": "$5"}))
        workflow.add_task(classic.Task("numbers", "read", "read", {"from": 7}))
        workflow.add_dependency("total", "numbers")

        assert engine.execute_workflow("wf") is True

        assert seen == [{"plus": 10, "price": "$5", "numbers": [7, 1, 2]}]
        assert workflow.tasks["total"].output_data == 20


def test_before_it_runs_everything_waits(url):
    with classic.WorkflowEngine(url) as engine:
        workflow = pipeline(engine, "a", "b")

        task = workflow.tasks["a"]

        assert (workflow.status, workflow.started_at, workflow.completed_at) == (
            classic.WorkflowStatus.CREATED,
            None,
            None,
        )
        assert (task.status, task.output_data, task.error_message, task.started_at, task.completed_at) == (
            classic.TaskStatus.PENDING,
            None,
            None,
            None,
            None,
        )
        assert engine.execution_history == []


def test_while_it_runs_what_is_done_can_be_seen(url):
    step = Blocking()
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", lambda data: "done")
        engine.register_task_handler("b", step)
        engine.register_task_handler("c", lambda data: None)
        workflow = pipeline(engine, "a", "b", "c")
        refused(ResultTimeoutError, engine.execute_workflow, "wf", 0.01)
        assert step.inside.wait(PATIENCE_S)

        statuses = [task.status.value for task in workflow.tasks.values()]

        assert workflow.status is classic.WorkflowStatus.RUNNING
        assert statuses == ["completed", "running", "pending"]
        assert workflow.tasks["a"].output_data == "done"
        step.go_on.set()


def test_executed_again_it_runs_again(url):
    numbers = itertools.count(1)
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("count", lambda data: next(numbers))
        workflow = pipeline(engine, "count")

        assert engine.execute_workflow("wf") is True
        first = workflow.run
        assert engine.execute_workflow("wf") is True

        assert workflow.tasks["count"].output_data == 2
        assert workflow.run is not first
        assert events(engine) == [("started", "count"), ("completed", "count")] * 2
        assert len({entry["instance_id"] for entry in engine.execution_history}) == 2


def test_a_retried_task_may_still_complete_its_workflow(url):
    tries = []

    def flaky(data):
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("reset by peer")

    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("flaky", flaky)
        workflow = engine.create_workflow("wf", "flaky")
        workflow.add_task(classic.Task("a", "a", "flaky", retries=2))

        assert engine.execute_workflow("wf", timeout_s=PATIENCE_S) is True

        assert workflow.tasks["a"].error_message is None


# --- Failing ----------------------------------------------------------------------------------


def test_after_a_failure_every_task_tells_what_became_of_it(url):
    def fail(data):
        raise ValueError("no price")

    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", lambda data: 1)
        engine.register_task_handler("b", fail)
        for step in "cd":
            engine.register_task_handler(step, lambda data: None)
        workflow = pipeline(engine, "a", "b", "c", "d")

        assert engine.execute_workflow("wf") is False

        broken, dropped = workflow.tasks["b"], workflow.tasks["c"]
        assert [task.status.value for task in workflow.tasks.values()] == [
            "completed",
            "failed",
            "cancelled",
            "cancelled",
        ]
        assert broken.error_message == "ValueError: no price"
        times = [broken.started_at, broken.completed_at, workflow.completed_at]
        assert times == sorted(time for time in times if time)
        assert (dropped.started_at, dropped.completed_at, dropped.error_message) == (None, None, None)
        assert events(engine) == [
            ("started", "a"),
            ("completed", "a"),
            ("started", "b"),
            ("failed", "b"),
            ("cancelled", "c"),
            ("cancelled", "d"),
        ]


def test_after_a_failure_it_can_be_executed_again(url):
    broken = True

    def handler(data):
        if broken:
            raise ValueError("not yet")

    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", handler)
        workflow = pipeline(engine, "a")
        assert engine.execute_workflow("wf") is False

        broken = False

        assert engine.execute_workflow("wf") is True
        assert workflow.tasks["a"].error_message is None


# --- After a restart --------------------------------------------------------------------------


def test_on_a_file_the_same_program_runs_once_more(file):
    for _ in range(2):
        seen: list[str] = []
        with classic.WorkflowEngine(file) as engine:
            engine.register_task_handler("a", noting(seen, "a"))
            workflow = pipeline(engine, "a")
            assert workflow.status is classic.WorkflowStatus.CREATED
            assert engine.execute_workflow("wf") is True
        assert seen == ["a"]


def test_an_interrupted_run_goes_on_where_it_was(file):
    seen: list[str] = []
    step = Blocking()
    engine = classic.WorkflowEngine(file)
    engine.register_task_handler("a", noting(seen, "first"))
    engine.register_task_handler("b", step)
    pipeline(engine, "a", "b")
    waiting = in_threads(lambda: refused(EngineClosedError, engine.execute_workflow, "wf"))
    assert step.inside.wait(PATIENCE_S)
    engine.engine.close(drain_s=0.0)
    step.go_on.set()
    join(waiting)

    with classic.WorkflowEngine(file) as engine:
        engine.register_task_handler("a", noting(seen, "second"))
        engine.register_task_handler("b", lambda data: data["a"])
        workflow = pipeline(engine, "a", "b")

        assert engine.execute_workflow("wf", timeout_s=PATIENCE_S) is True

        assert seen == ["first"]
        assert workflow.tasks["b"].output_data == "first"
        assert [event for event in events(engine) if event[0] == "completed"] == [
            ("completed", "a"),
            ("completed", "b"),
        ]


# --- From several threads ---------------------------------------------------------------------


def test_threads_that_execute_one_workflow_join_one_run(url):
    step = Blocking()
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", step)
        pipeline(engine, "a")

        join(in_threads(lambda: refused(ResultTimeoutError, engine.execute_workflow, "wf", 0.2), count=4))
        assert step.inside.wait(PATIENCE_S)

        assert events(engine) == [("started", "a")]
        step.go_on.set()


def test_threads_run_different_workflows_side_by_side(url):
    inside = threading.Barrier(3, timeout=PATIENCE_S)
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("meet", lambda data: inside.wait())
        for name in "abc":
            engine.create_workflow(name, name).add_task(classic.Task("t", "t", "meet"))
        names, results = iter("abc"), list[bool]()

        join(in_threads(lambda: results.append(engine.execute_workflow(next(names))), count=3))

        assert results == [True] * 3
        assert {entry["workflow_id"] for entry in engine.execution_history} == {"a", "b", "c"}


# --- Refusals ---------------------------------------------------------------------------------


def test_a_dependency_names_tasks_that_are_there(url):
    with classic.WorkflowEngine(url) as engine:
        workflow = pipeline(engine, "a", "b")

        with pytest.raises(DefinitionInvalidError, match="no task 'ghost'"):
            workflow.add_dependency("a", "ghost")
        with pytest.raises(DefinitionInvalidError, match="no task 'ghost'"):
            workflow.add_dependency("ghost", "a")

        assert workflow.tasks["a"].dependencies == []


def test_all_that_is_wrong_is_said_at_once(url):
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", lambda data: None)
        workflow = pipeline(engine, "a", "b")
        workflow.add_dependency("a", "b")

        with pytest.raises(DefinitionInvalidError, match=r"(?s)no handler for 'b'.*cycle: (a -> b -> a|b -> a -> b)"):
            engine.execute_workflow("wf")

        assert workflow.status is classic.WorkflowStatus.CREATED


def test_one_id_is_one_thing(url):
    with classic.WorkflowEngine(url) as engine:
        workflow = pipeline(engine, "a")

        with pytest.raises(DefinitionInvalidError, match="'a' already"):
            workflow.add_task(classic.Task("a", "once more", "a"))
        with pytest.raises(DefinitionInvalidError, match="'wf'"):
            engine.create_workflow("wf", "once more")


def test_an_unknown_workflow_is_named_with_those_there_are(url):
    with classic.WorkflowEngine(url) as engine:
        pipeline(engine, "a")

        with pytest.raises(DefinitionNotFoundError, match=r"'ghost'.*wf"):
            engine.execute_workflow("ghost")


def test_who_waits_too_briefly_may_wait_again(url):
    step = Blocking()
    with classic.WorkflowEngine(url) as engine:
        engine.register_task_handler("a", step)
        workflow = pipeline(engine, "a")

        for _ in range(2):
            with pytest.raises(ResultTimeoutError, match="wait again"):
                engine.execute_workflow("wf", timeout_s=0.05)
        assert step.inside.wait(PATIENCE_S)

        assert events(engine) == [("started", "a")]
        step.go_on.set()
        assert workflow.run.instance is not None
        assert workflow.run.instance.wait(PATIENCE_S) == "completed"
