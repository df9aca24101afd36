"""What this process offers to run: its handlers, for the queues it serves, where its labels meet what is required."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from mainspring.errors import SettingInvalidError

Label = bool | int | float | str

LABEL = re.compile(r"[^\W\d][\w.-]{0,99}")


Where = TypeVar("Where")


class Offer(Generic[Where]):
    """Asked once for each distinct need of tasks, so that what cannot run here is never in the way.

    `place`: by handler and executor, where such a task runs here.  `labels`: by name, such as `{"gpu": True,
    "memory_gb": 16, "region": "eu"}`.  `queues`: those that it serves; None: all.  Raises `SettingInvalidError`.
    """

    def __init__(
        self,
        place: Callable[[str, str], Where | None],
        *,
        labels: Mapping[str, Label] | None = None,
        queues: Collection[str] | None = None,
    ) -> None:
        problem = _problem(labels, queues)
        if problem:
            raise SettingInvalidError(problem)
        self._place = place
        self.labels = dict(labels or {})
        self.queues = None if queues is None else frozenset(queues)

    def __call__(self, handler: str, queue: str, requires: str, executor: str) -> Where | None:
        """Where such a task runs here; None: nowhere."""
        if self.queues is not None and queue not in self.queues:
            return None
        if requires and not holds(requires, self.labels):
            return None
        return self._place(handler, executor)


def _problem(labels: Any, queues: Any) -> str:
    """What makes no sense of an offer; empty: nothing."""
    if labels is not None and not isinstance(labels, Mapping):
        return f"labels must be a dict such as {{'gpu': True, 'region': 'eu'}}, not {labels!r:.80}"
    for name, value in (labels or {}).items():
        if not isinstance(name, str) or LABEL.fullmatch(name) is None:
            return f"a label's name is a word, perhaps with dots and hyphens, not {name!r:.80}"
        if not isinstance(value, Label):
            return f"label {name!r} must be true, false, a number or a text, not {value!r:.80}"
    if queues is None:
        return ""
    if isinstance(queues, str) or not all(isinstance(queue, str) and queue for queue in queues) or not queues:
        return f"queues must be a list of names such as ['default', 'mail'], not {queues!r:.80}"
    return ""


def holds(requires: str, labels: Mapping[str, Label]) -> bool:
    """As `models.requirement` says; the language of expressions loads with the first task that requires something."""
    return bool(import_module("mainspring.models.requirement").holds(requires, labels))
