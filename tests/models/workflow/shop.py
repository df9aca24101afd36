"""Handlers and a shorthand for the tests of the workflow model; nobody ever calls the handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mainspring.handler import Handler
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.model import WORKFLOW
from tests.models.driver import Driver


def fetch(url: str) -> dict[str, Any]:
    raise NotImplementedError


def clean(page: dict[str, Any]) -> list[str]:
    raise NotImplementedError


def count(word: str, factor: int = 1) -> int:
    raise NotImplementedError


def publish(parts: list[int]) -> None:
    raise NotImplementedError


def work(*inputs: Any) -> Any:
    raise NotImplementedError


def drive(workflow: Workflow, input: Any = None, instance: str = "report:7") -> Driver:
    """A started instance."""
    driver = Driver(WORKFLOW, workflow.deployable().document, resolver(workflow), instance)
    assert driver.start(input) is None
    return driver


def unasked(name: str) -> Handler[..., Any]:
    raise AssertionError(f"nobody should ask for {name}")


def resolver(workflow: Workflow) -> Callable[[str], Handler[..., Any]]:
    return lambda name: workflow.handlers[name]


def graph(name: str = "graph", **parents: str) -> Workflow:
    """Nodes by name with the names of their parents: `graph(a="", b="a", c="a b")`."""
    workflow = Workflow(name)
    for key, above in parents.items():
        workflow.node(key, work, {"*": [f"${parent}" for parent in above.split()]})
    return workflow
