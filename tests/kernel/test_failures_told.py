"""What `on_failure` is told, through a store."""

from __future__ import annotations

import pytest

from mainspring import Workflow, task
from mainspring.errors import InstanceFailedError
from tests.kernel.world import World, napping

TOLD: list[str] = []


@task
def tell(instance: str) -> None:
    TOLD.append(instance)


@task
def fail(value: object) -> None:
    raise ValueError("no")


@pytest.fixture
def workflow():
    made = Workflow("careful", on_failure=tell)
    child = made.add(napping(), key="nap")
    made.add(fail, child, key="fail")
    return made


@pytest.mark.parametrize("id", ["order/4711", None])
def test_the_instance_is_told_by_the_id_that_people_know(world: World, workflow, id):
    TOLD.clear()
    instance = world.start(workflow, id=id)
    with pytest.raises(InstanceFailedError):
        instance.result()
    [told] = TOLD
    assert told == instance.id
    assert id in (None, told)


def test_another_process_tells_the_same(world: World, workflow):
    TOLD.clear()
    instance = world.start(workflow, id="order/1")
    world.advance(5)
    world.crash(0)
    with pytest.raises(InstanceFailedError):
        instance.result()
    assert TOLD == ["order/1"]
