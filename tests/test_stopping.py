"""What an engine leaves behind when it stops: every task that has not ended can be taken by the next one."""

from __future__ import annotations

import threading

import apsw
import pytest

from mainspring import Engine, task
from tests.patience import PATIENCE_S

entered, let_go = threading.Event(), threading.Event()


@task(name="stopping.blocked")
def blocked() -> None:
    entered.set()
    let_go.wait(PATIENCE_S)


@pytest.fixture(autouse=True)
def fresh_events():
    entered.clear()
    let_go.clear()
    yield
    let_go.set()


def leased(path) -> list[str]:
    return [key for (key,) in apsw.Connection(str(path)).execute("select key from task where owner > 0")]


def test_stopping_at_once_fills_no_slot_that_it_frees(tmp_path):
    # Given one slot, a task that fills it, and others that wait for it
    path = tmp_path / "store.db"
    engine = Engine(f"sqlite:///{path}", slots=1)
    engine.submit_many(blocked, [()] * 3)
    assert entered.wait(PATIENCE_S)
    # When the engine is stopped without waiting
    engine.stop()
    # Then nothing is leased to it any more
    assert leased(path) == []


def test_a_task_of_a_worker_that_nobody_knows_runs_again(tmp_path):
    # Given a task that is leased to a worker which left no trace
    path = tmp_path / "store.db"
    engine = Engine(f"sqlite:///{path}", slots=0)
    instance = engine.submit(blocked)
    engine.close()
    apsw.Connection(str(path)).execute("update task set owner = 77, leased_at = 1, attempt = 1, token = 1")
    # When another engine opens the store
    let_go.set()
    with Engine(f"sqlite:///{path}", slots=1) as engine:
        engine.register(blocked)
        # Then it takes the task as lost, and runs it as the second attempt
        again = engine.get(instance.id)
        assert again.wait(PATIENCE_S) == "completed"
        assert [attempt.outcome for attempt in again.timeline()[0].attempts] == ["lost", "completed"]


def test_a_closed_engine_leaves_one_file(tmp_path):
    # Given an engine that has written
    path = tmp_path / "store.db"
    let_go.set()
    with Engine(f"sqlite:///{path}") as engine:
        engine.submit(blocked).result(PATIENCE_S)
    # When it is closed, then its log is part of the file again
    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]
