"""What the fields of a definition say by themselves, whatever other nodes there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import msgspec
from msgspec import json

from mainspring.handler import executor_problem
from mainspring.models.retry import RETRIES_MAX, Retry
from mainspring.models.workflow.document import RESERVED, SLEEP, WORKFLOW, Node
from mainspring.models.workflow.rules import NEEDS_PARENTS, RULES
from mainspring.models.workflow.template import NAME
from mainspring.models.workflow.wave import SLEEP_S_MAX

POLICIES = ("finish", "stop")

KEY_LENGTH_MAX = 200
"""A key is in every row that a node leaves."""

_NAME = re.compile(NAME)

_OF_TASKS = ("retries", "timeout_s", "delay_s", "priority", "queue", "requires", "executor", "memory_max_mb")

NOT_FOR: dict[str, tuple[str, ...]] = {
    SLEEP: ("arguments", "map", "concurrency", "deadline_s", *_OF_TASKS),
    WORKFLOW: _OF_TASKS,
    "task": (),
}
"""Fields that mean nothing for a kind of node."""


def name_problems(name: str, noun: str) -> Iterator[str]:
    """What is wrong with the name of a node or an input."""
    if not _NAME.fullmatch(name) or len(name) > KEY_LENGTH_MAX:
        yield f"{noun} {name!r}: a name is a letter or _, then letters, digits, _ and -, and not too long"
    if name in RESERVED:
        yield f"{noun} {name!r}: {', '.join(sorted(RESERVED))} are taken; choose another name"


def kind_problems(node: Node) -> Iterator[str]:
    """What a node is, and the fields that do not belong to that."""
    said = [name for name in ("task", "workflow", "sleep") if getattr(node, name) is not None]
    if len(said) != 1:
        given = f"has {' and '.join(said)}" if said else "has none of them"
        yield f"a node is one of task, workflow and sleep; this one {given}"
        return
    for field in NOT_FOR[node.kind]:
        if getattr(node, field) not in (None, {}):
            yield f"{field} means nothing for a node that is a {node.kind}"
    if node.concurrency is not None and node.map is None and node.kind != SLEEP:
        yield "concurrency is for maps; this node has no map"
    if isinstance(node.sleep, str) and not node.sleep.startswith("$"):
        yield f"sleep is seconds or a reference to them, not {node.sleep!r}"
    if _is_number(node.sleep) and not 0 <= node.sleep <= SLEEP_S_MAX:
        yield f"sleep must be between 0 and {SLEEP_S_MAX:g} seconds, not {node.sleep:g}"


def rule_problems(rule: str | None, has_parents: bool) -> Iterator[str]:
    """Whether there is such a rule, and it says something of this node."""
    if rule is None:
        return
    if rule not in RULES:
        close = get_close_matches(rule, RULES, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(RULES)}"
        yield f"unknown rule {rule!r}, {hint}"
    elif rule in NEEDS_PARENTS and not has_parents:
        yield f"rule {rule!r} says nothing of a node that depends on no other"


def number_problems(node: Any) -> Iterator[str]:
    """Numbers that make no sense."""
    for field in ("timeout_s", "deadline_s", "memory_max_mb"):
        value = getattr(node, field, None)
        if value is not None and not value > 0:
            yield f"{field} must be above 0, not {value:g}"
    delay_s = getattr(node, "delay_s", None)
    if delay_s is not None and not delay_s >= 0:
        yield f"delay_s must not be negative, as {delay_s:g} is"
    concurrency = getattr(node, "concurrency", None)
    if concurrency is not None and concurrency < 1:
        yield f"concurrency must be at least 1, not {concurrency}"
    if isinstance(node.retries, Retry):
        yield from node.retries.problems()
    elif node.retries is not None and not 0 <= node.retries <= RETRIES_MAX:
        yield f"retries: {node.retries} is not between 0 and {RETRIES_MAX:,}"


def requirement_problems(node: Any) -> Iterator[str]:
    """A requirement that is no expression, and an executor that there is not."""
    requires = getattr(node, "requires", None)
    if requires:
        # Most definitions require nothing, and need not load the language of expressions for it.
        problem = import_module("mainspring.models.requirement").problem_of(requires)
        if problem:
            yield f"requires: {problem}"
    problem = executor_problem(getattr(node, "executor", None) or "")
    if problem:
        yield problem


def form_problem(part: Any) -> str:
    """Why a part of a definition is not built of what it should be; empty if it is."""
    try:
        json.decode(json.encode(part), type=type(part))
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        return str(error)
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
