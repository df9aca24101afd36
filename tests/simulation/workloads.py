"""Random definitions, whose outputs do not depend on what goes wrong underneath."""

from __future__ import annotations

import random
from typing import Any

from mainspring import Retry, Workflow, task
from mainspring.models.workflow import rules

PATIENT = Retry(
    max=1_000, delay_s=1.0, backoff=1.5, delay_s_max=20.0, jitter=0.5, not_on=("PermanentError", "PayloadInvalidError")
)
"""Retries that outlast whatever transient failures a seed has in store."""


class TransientError(Exception):
    """Raised by the simulation, in place of the handler; it passes."""


class PermanentError(Exception):
    """Raised by the handler itself; no retry helps."""


@task(retries=PATIENT)
def work(name: str, values: list[Any] | None = None, broken: bool = False) -> str:
    """Says what it was made of, so that the output of a workflow tells the whole way."""
    if broken:
        raise PermanentError(name)
    return f"{name}({','.join(str(value) for value in values or [])})"


@task(retries=PATIENT)
async def awork(name: str, value: Any = None) -> str:
    return f"{name}[{value}]"


@task(retries=PATIENT)
def count(name: str, size: int) -> list[int]:
    return list(range(size))


@task(retries=PATIENT)
def told(instance: str, failure: dict[str, Any]) -> str:
    return "told"


def always(**values: Any) -> bool:
    return True


def never(**values: Any) -> bool:
    return False


def random_workflow(chance: random.Random, name: str, depth: int = 0) -> Workflow:
    """Chains, fans, maps, joins, sleeps, children: a few nodes of each."""
    workflow = Workflow(
        name,
        failure_policy=chance.choice(("finish", "finish", "stop")),
        on_failure=told if chance.random() < 0.2 else None,
    )
    nodes: list[Any] = []
    for number in range(chance.randint(2, 6)):
        parents = chance.sample(nodes, min(len(nodes), chance.choice((0, 1, 1, 2, 3))))
        nodes.append(_random_node(chance, workflow, f"n{number}", parents, depth))
    workflow.output({node.name: node for node in nodes if workflow.nodes[node.name].rule is None and not depth})
    return workflow


def _random_node(chance: random.Random, workflow: Workflow, key: str, parents: list[Any], depth: int) -> Any:
    options: dict[str, Any] = {"key": key}
    if parents and chance.random() < 0.3:
        options["rule"] = chance.choice(sorted(rules.RULES))
    if chance.random() < 0.1:
        options["when"] = chance.choice((always, never))
    kind = chance.choices(("work", "async", "map", "sleep", "child"), (6, 4, 3, 2, 2 if depth < 2 else 0))[0]
    name = f"{workflow.name}.{key}"
    if kind == "sleep":
        return workflow.sleep(chance.choice((0, 1, 7, 100)), after=parents, **options)
    if kind == "child":
        child = random_workflow(chance, f"{workflow.name}-{key}", depth + 1)
        return workflow.add(child, after=parents, **options)
    if kind == "map":
        items = workflow.add(count, name, chance.choice((0, 1, 3, 5)), key=f"{key}-items", after=parents)
        concurrency = chance.choice((None, 1, 2))
        if depth < 2 and chance.random() < 0.15:
            child = Workflow(f"{workflow.name}-{key}-each")
            child.add(awork, "each", child.input("value", int))
            return workflow.map(child, items, concurrency=concurrency, key=key)
        return workflow.map(_each, items, name, concurrency=concurrency, key=key, **_some_options(chance))
    if kind == "async":
        value = parents[0] if parents and "rule" not in options else None
        return workflow.add(awork, name, value, after=parents, **_some_options(chance), **options)
    broken = chance.random() < 0.08
    values = parents if parents and "rule" not in options else []
    return workflow.add(work, name, values, broken, after=parents, **_some_options(chance), **options)


@task(retries=PATIENT)
def _each(value: int, name: str) -> str:
    return f"{name}:{value}"


def _some_options(chance: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if chance.random() < 0.2:
        options["priority"] = chance.randint(-2, 5)
    if chance.random() < 0.1:
        options["delay_s"] = chance.choice((0.5, 5.0, 60.0))
    if chance.random() < 0.1:
        options["timeout_s"] = 50.0
    if chance.random() < 0.1:
        options["deadline_s"] = 10_000_000.0
    return options
