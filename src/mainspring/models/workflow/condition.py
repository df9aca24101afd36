"""Conditions: whether a node is to run, asked when its trigger rule says it may.

A text is an expression, and nothing but the values of the instance decides (`guard.py`); a callable is asked with
arguments, and must be here to be asked (`predicate.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from mainspring.models.contract import Failure
from mainspring.models.workflow.document import When
from mainspring.models.workflow.template import Values

if TYPE_CHECKING:
    from mainspring.models.workflow.guard import Guard


class Condition(Protocol):
    """A compiled condition."""

    @property
    def slots(self) -> tuple[int, ...]:
        """The values that it may look at."""

    def holds(self, values: Values) -> bool | Failure:
        """Whether the node is to run; a failure where the question cannot be answered."""


def read_guard(when: When, slots: Mapping[str, int]) -> Guard:
    """The guard of a condition that is an expression."""
    # The language of expressions takes half as long to load as all the rest, and most definitions have no text in it.
    guard: Guard = import_module("mainspring.models.workflow.guard").Guard(when, slots)
    return guard


def names_of(when: When, names: Mapping[str, int]) -> tuple[str, ...]:
    """Which of these names of inputs and nodes an expression reads."""
    return tuple(read_guard(when, names).known)
