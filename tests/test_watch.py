"""Watching an instance while it runs."""

from __future__ import annotations

import time

from mainspring import Context, Engine, Retry, Workflow, task
from mainspring.watch import Watch, node_of


@task(retries=Retry.fixed(2, 0.01))
def square(number: int, context: Context) -> int:
    if number == 2 and context.attempt == 1:
        raise ConnectionError("no route to host")
    return number * number


def squares() -> Workflow:
    workflow = Workflow("squares")
    workflow.map(square, workflow.input("numbers", list[int]), key="parts")
    return workflow


def test_what_was_added_is_read_once(tmp_path):
    with Engine(f"sqlite:///{tmp_path / 'watch.db'}") as engine:
        instance = engine.start(squares(), {"numbers": [1, 2, 3]})
        view = engine.reader.find_instance(instance.id)
        assert view is not None
        watch, happenings = Watch(engine.reader, view), []
        while not watch.is_over:
            happenings += watch.advance()
            time.sleep(0.005)
        assert watch.advance() == []

        assert sorted((each.key, each.attempt, each.outcome) for each in happenings) == [
            ("parts/0", 1, "completed"),
            ("parts/1", 1, "failed"),
            ("parts/1", 2, "completed"),
            ("parts/2", 1, "completed"),
        ]
        (failed,) = [each for each in happenings if each.outcome == "failed"]
        assert failed.failure is not None
        assert failed.failure.message == "no route to host"
        assert failed.retry_at is not None
        (node,) = watch.nodes()
        assert (node.key, node.status, node.completed, node.total) == ("parts", "completed", 3, 3)
        assert set(watch.times) == {"parts"}


def test_the_node_of_a_task():
    assert [node_of(key) for key in ("page", "page#2", "parts/3", "parts/3#2")] == ["page", "page", "parts", "parts"]
