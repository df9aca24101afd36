"""The imperative vocabulary of distributed tasks."""

from __future__ import annotations

import pytest

from mainspring import classic
from mainspring.classic.distributed import WorkerBusyError, WorkerNotFoundError
from tests.postgres import new_schema


@pytest.fixture(params=["memory", "file", "postgresql"])
def scheduler(request, tmp_path):
    urls = {"memory": lambda: None, "file": lambda: f"sqlite:///{tmp_path / 'tasks.db'}", "postgresql": new_schema}
    url = urls[request.param]()
    with classic.DistributedTaskScheduler(url) as made:
        yield made


def task_of(worker):
    task = worker.current_task
    return task and (task.task_id, task.task_type, task.data)


def test_each_worker_gets_the_first_task_that_it_can_do(scheduler):
    both, mailer = classic.Worker("both", ["print", "mail"]), classic.Worker("mailer", ["mail"])
    scheduler.register_worker(both)
    scheduler.register_worker(mailer)
    low = scheduler.submit_task("mail", {"to": "ann"})
    high = scheduler.submit_task("mail", {"to": "bob"}, priority=5)
    assert scheduler.assign_tasks() == 2
    assert task_of(both) == (high, "mail", {"to": "bob"})
    assert task_of(mailer) == (low, "mail", {"to": "ann"})
    assert scheduler.get_task_status(low)["status"] == "running"
    assert scheduler.get_task_status(low)["assigned_worker"] == "mailer"
    assert scheduler.get_worker_status()["both"]["status"] == "busy"
    assert scheduler.assign_tasks() == 0


def test_a_failure_is_told(scheduler):
    worker = classic.Worker("one", ["print"])
    scheduler.register_worker(worker)
    task = scheduler.submit_task("print")
    scheduler.assign_tasks()
    worker.fail_task("no paper")
    told = scheduler.get_task_status(task)
    assert (told["status"], told["assigned_worker"]) == ("failed", "one")
    assert "no paper" in told["error"]
    assert scheduler.get_worker_status()["one"]["failed_tasks"] == 1


def test_a_worker_that_leaves_gives_its_task_back(scheduler):
    scheduler.register_worker(classic.Worker("one", ["print"]))
    task = scheduler.submit_task("print")
    scheduler.assign_tasks()
    scheduler.unregister_worker("one")
    assert scheduler.get_task_status(task)["status"] == "pending"
    other = classic.Worker("other", ["print"])
    scheduler.register_worker(other)
    scheduler.assign_tasks()
    assert task_of(other) == (task, "print", None)


def test_mistakes_are_told(scheduler):
    worker = classic.Worker("one", ["print"])
    scheduler.register_worker(worker)
    with pytest.raises(WorkerBusyError, match="'one' has no task"):
        worker.complete_task()
    with pytest.raises(WorkerNotFoundError, match="ghost"):
        scheduler.unregister_worker("ghost")
    scheduler.submit_task("print")
    scheduler.assign_tasks()
    with pytest.raises(WorkerBusyError, match="let it end first"):
        scheduler.register_worker(classic.Worker("one", ["mail"]))


def test_what_waits_is_there_after_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path / 'tasks.db'}"
    with classic.DistributedTaskScheduler(url) as scheduler:
        scheduler.register_worker(classic.Worker("one", ["print"]))
        task = scheduler.submit_task("print", {"page": 1})
        scheduler.assign_tasks()
    with classic.DistributedTaskScheduler(url) as scheduler:
        assert scheduler.get_task_status(task)["status"] == "pending"
        worker = classic.Worker("two", ["print"])
        scheduler.register_worker(worker)
        scheduler.assign_tasks()
        worker.complete_task("done")
        assert scheduler.get_task_status(task)["result"] == "done"
