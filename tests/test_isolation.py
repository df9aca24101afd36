"""Attempts that need too much, workers whose program is another one, and tasks that kill their workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mainspring import Engine, Process, Workflow, task
from mainspring.errors import HandlerInvalidError, InstanceFailedError, SettingInvalidError
from mainspring.handler import Handler
from mainspring.kernel.leases import LOST_COUNT_MAX
from mainspring.loading import load_workflow
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import new_schema
from tests.runtime.heavy import allocate, keep, kill_worker

ROOT = Path(__file__).parents[1]
MAIN = "import sys; from mainspring.cli import main; sys.exit(main())"
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")


@linux
def test_an_attempt_that_needs_too_much_memory_fails_and_says_so():
    with Engine("sqlite://", slots=1) as engine:
        assert engine.submit(allocate, 8).result(timeout_s=PATIENCE_S) == 8
        with pytest.raises(InstanceFailedError, match="needed more than its memory_max_mb of 64 MB") as caught:
            engine.submit(allocate, 300).result(timeout_s=PATIENCE_S)
        assert "TaskMemoryError" in str(caught.value)
        assert engine.submit(allocate, 8).result(timeout_s=PATIENCE_S) == 8


YAML = """
workflow: sizes
nodes:
  more: {task: "tests.runtime.heavy:allocate", arguments: {megabytes: 100}, memory_max_mb: 400}
  less: {task: "tests.runtime.heavy:keep", arguments: {megabytes: 300}, memory_max_mb: 80, after: [more]}
"""


@linux
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("is_here", [True, False], ids=["taken at once", "claimed by another"])
def test_a_node_says_how_much_memory_its_attempts_may_take(tmp_path, kind, is_here):
    """More than the handler says of itself, or less."""
    (tmp_path / "sizes.yaml").write_text(YAML)
    url = f"sqlite:///{tmp_path}/store.db" if kind == "sqlite" else new_schema()
    with Engine(url, slots=int(is_here)) as engine, Engine(url, slots=int(not is_here)):
        instance = engine.start(load_workflow(tmp_path / "sizes.yaml"))
        with pytest.raises(InstanceFailedError, match="needed more than its memory_max_mb of 80 MB") as caught:
            instance.result(timeout_s=PATIENCE_S)
        assert "TaskMemoryError" in str(caught.value)
        assert [(node.key, node.status) for node in instance.nodes()] == [("more", "completed"), ("less", "failed")]


@linux
@pytest.mark.parametrize(
    ("kind", "is_here"),
    [("sqlite", True), ("postgres", False)],
    ids=["sqlite, taken at once", "postgres, claimed by another"],
)
def test_a_service_of_a_process_says_how_much_memory_its_attempts_may_take(tmp_path, kind, is_here):
    """More than the handler says of itself, or less: then it stops with an incident, and goes on with what fits."""
    process = Process("sizes").start("s").service("more", allocate, memory_max_mb=400, result="got")
    process = process.script("grow", "300", result="megabytes").service("less", keep, memory_max_mb=80).end("e")
    url = f"sqlite:///{tmp_path}/store.db" if kind == "sqlite" else new_schema()
    with Engine(url, slots=int(is_here)) as engine, Engine(url, slots=int(not is_here)):
        case = engine.start(process, {"megabytes": 100})
        (incident,) = wait_until(case.incidents, "it stops")
        assert (incident.element, incident.type) == ("less", "TaskMemoryError")
        assert "needed more than its memory_max_mb of 80 MB" in incident.message
        case.resolve("less", data={"megabytes": 8})
        result = case.result(timeout_s=PATIENCE_S)
    assert (result["got"], result["megabytes"]) == (100, 8)


def test_a_limit_of_memory_that_cannot_be_kept_fails_the_attempt(tmp_path):
    """Whoever has the handler runs it in a thread, which the one who starts the workflow does not know."""
    url = f"sqlite:///{tmp_path}/store.db"
    wf = Workflow("sizes")
    wf.node("n", "print", {"number": 1}, memory_max_mb=64)
    with Engine(url, slots=0) as engine, Engine(url) as other:
        other.register(stranger, "print")
        with pytest.raises(InstanceFailedError, match="'print': memory_max_mb takes effect with isolation") as caught:
            engine.start(wf).result(timeout_s=PATIENCE_S)
    assert "SettingInvalidError" in str(caught.value)


@linux
def test_a_process_that_has_grown_is_replaced():
    with Engine("sqlite://", slots=1, recycle_mb=40) as engine:
        pids = [engine.submit(keep, size).result(timeout_s=PATIENCE_S) for size in (60, 1, 60, 1)]
    assert pids[0] == pids[1] == pids[2], "what the first attempt has loaded stays"
    assert pids[3] != pids[2]


def test_a_process_is_replaced_after_so_many_attempts():
    with Engine("sqlite://", slots=1, recycle_attempts=2) as engine:
        pids = [engine.submit(keep, 0).result(timeout_s=PATIENCE_S) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest.mark.parametrize("options", [{"recycle_attempts": 0}, {"recycle_mb": 0}])
def test_settings_that_make_no_sense(options):
    with pytest.raises(SettingInvalidError, match="recycle_attempts"):
        Engine("sqlite://", **options)


def test_memory_is_limited_in_processes_only():
    with pytest.raises(HandlerInvalidError, match='isolation="process"'):
        task(memory_max_mb=5)(lambda: 1)
    with pytest.raises(SettingInvalidError, match="memory_max_mb must be megabytes above 0"):
        task(memory_max_mb=0)


def stranger(number: int) -> int:
    return number


def test_an_attempt_of_a_worker_without_the_handler_goes_to_one_that_has_it(tmp_path):
    """The older program offers it, and then cannot import it."""
    url = f"sqlite:///{tmp_path}/store.db"

    def gone(number: int) -> int:
        raise AssertionError(number)

    gone.__module__, gone.__qualname__ = "older_program", "gone"
    with Engine(url, name="older") as older:
        older.register(Handler(gone, isolation="process"))
        instance = older.submit("older_program:gone", number=7)
        other = older.submit("older_program:gone", number=8)
        wait_until(lambda: "TaskFailed" in [entry.kind for entry in instance.journal()], "the older one fails")
        with Engine(url, name="newer") as newer:
            newer.register(stranger, "older_program:gone")
            assert [one.result(timeout_s=PATIENCE_S) for one in (instance, other)] == [7, 8]
        failed = [entry for entry in instance.journal() if entry.kind == "TaskFailed"]
    assert len(failed) == 1, "it was asked once, and takes no more of them"
    assert "HandlerUnknownError" in str(failed[0].event)


def test_a_handler_by_another_name_that_processes_cannot_import_goes_to_a_worker_that_can(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"

    def gone(number: int) -> int:
        raise AssertionError(number)

    gone.__module__, gone.__qualname__ = "older_program", "gone"
    with Engine(url, name="older") as older:
        older.register(Handler(gone, isolation="process"), "shrink")
        instance = older.submit("shrink", number=7)
        wait_until(lambda: "TaskFailed" in [entry.kind for entry in instance.journal()], "the older one fails")
        # It has learned of it: nobody here takes the next one.
        other = older.submit("shrink", number=8)
        wait_until(lambda: "no worker" in str([one.reasons for one in older.why(other.id)]), "it is told why")
        with Engine(url, name="newer") as newer:
            newer.register(stranger, "shrink")
            assert [one.result(timeout_s=PATIENCE_S) for one in (instance, other)] == [7, 8]
        failures = [entry.event for one in (instance, other) for entry in one.journal() if entry.kind == "TaskFailed"]
    assert len(failures) == 1
    assert "handler 'shrink' cannot be found: a process of its own must be able to import it as" in str(failures[0])


@pytest.mark.slow
def test_a_task_that_kills_its_workers_fails_with_the_story(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    with Engine(url, slots=0) as engine:
        instance = engine.submit(kill_worker)
        for number in range(LOST_COUNT_MAX):
            command = [sys.executable, "-c", MAIN, "worker", "tests.runtime.heavy", "--store", url]
            worker = subprocess.run(
                command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, timeout=PATIENCE_S, check=False,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
            assert worker.returncode == -9, number
        with Engine(url), pytest.raises(InstanceFailedError, match="died at attempt 10, as others had before"):
            instance.result(timeout_s=PATIENCE_S)
