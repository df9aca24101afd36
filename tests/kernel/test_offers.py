"""Labels and queues: a task goes to a process that offers what it requires, and is never in the way of others."""

from __future__ import annotations

import pytest

from mainspring import Engine, Workflow, task
from mainspring.errors import DefinitionInvalidError, SettingInvalidError
from mainspring.testing import Simulation


@task(requires="gpu and memory_gb >= 16")
def train(epochs: int) -> int:
    return epochs


@task(queue="mail")
def mail(number: int) -> int:
    return number


@task
def plain(number: int) -> int:
    return number


def begun(world: Simulation) -> list[str]:
    return [call.handler.rpartition(":")[2] for call in world.calls()]


def test_what_is_required_decides():
    with Simulation(labels={"gpu": True, "memory_gb": 24}) as world:
        assert world.submit(train, 3).result() == 3
    with Simulation(labels={"gpu": True, "memory_gb": 8}) as world:
        world.submit(train, 3)
        world.advance(60)
        assert begun(world) == []


def test_a_process_takes_from_the_queues_it_serves():
    with Simulation(queues=["default"]) as world:
        world.submit(mail, 1)
        world.submit(plain, 2)
        world.advance(60)
        assert begun(world) == ["plain"]


def test_what_nobody_here_may_run_is_not_in_the_way():
    """However urgent it is, and however much of it there is."""
    with Simulation(slots=1, queues=["default"]) as world:
        world.submit_many(mail, [(number,) for number in range(5_000)], priority=9)
        world.submit_many(plain, [(number,) for number in range(5)])
        world.run_until_idle()
        assert begun(world) == ["plain"] * 5


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ({"labels": ["gpu"]}, "labels must be a dict"),
        ({"labels": {"a b": True}}, "a label's name is a word"),
        ({"labels": {"gpu": None}}, "label 'gpu' must be true, false, a number or a text"),
        ({"queues": "mail"}, "queues must be a list"),
        ({"queues": []}, "queues must be a list"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(offer, words):
    with pytest.raises(SettingInvalidError, match=words):
        Engine("sqlite://", **offer)


def test_a_requirement_that_is_no_expression_is_refused_before_anything_is_stored():
    @task(requires="gpu and")
    def broken() -> None: ...

    with Simulation() as world:
        with pytest.raises(SettingInvalidError, match=r"requires: .*line 1, column 8"):
            world.submit(broken)
        workflow = Workflow("broken")
        workflow.add(broken, key="node")
        with pytest.raises(DefinitionInvalidError, match=r"(?s)node.*requires: .*line 1, column 8"):
            world.start(workflow)
