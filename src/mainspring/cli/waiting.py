"""Tasks that are ready and that nobody has taken.

Seen by their age: a worker that is there now may have left by the time they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.looking import Looking
from mainspring.watch import Watch, node_of

WAITED_LONG_S = 10.0
"""A worker that is free takes a task within a fraction of a second."""
TASKS_MAX = 1_000
"""Of an instance; those that run come first, so that no more are needed to see who waits."""
INSTANCES_MAX = 200
"""Looked at in a whole store."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A handler that nobody takes up."""

    handler: str
    count: int
    """Tasks that wait for it, of those that were looked at."""
    waited_s: float
    """The longest of them."""
    instance: str = ""
    """Whose task that is; empty: nobody has looked."""

    @property
    def tasks(self) -> str:
        return "1 task waits" if self.count == 1 else f"{self.count:,} tasks wait"


def waiting_since(tasks: Iterable[Any], now: float) -> dict[str, float]:
    """By node: since when its first task has been ready, where none of its tasks runs."""
    since: dict[str, float] = {}
    busy = set()
    for task in tasks:
        node = node_of(task.key)
        if task.running:
            busy.add(node)
        elif not task.held and task.ready_at <= now:
            since[node] = min(task.ready_at, since.get(node, now))
    return {node: at for node, at in since.items() if node not in busy}


def strangers_of(watches: Iterable[Watch], now: float, waited_s: float) -> list[Stranger]:
    """Handlers of which no task runs, and some have been ready for that long."""
    waits: dict[str, list[tuple[float, str]]] = {}
    busy = set()
    for watch in watches:
        for task in watch.tasks(TASKS_MAX):
            if task.running:
                busy.add(task.handler)
            elif not task.held and task.ready_at <= now:
                waits.setdefault(task.handler, []).append((now - task.ready_at, watch.view.public_id))
    return [
        Stranger(handler, len(tasks), *max(tasks))
        for handler, tasks in waits.items()
        if handler not in busy and max(tasks)[0] >= waited_s
    ]


def strangers_in(looking: Looking, now: float, waited_s: float) -> list[Stranger]:
    """Those of the newest instances of a store."""
    page = looking.list(status=("created", "running"), children=True, limit=INSTANCES_MAX)
    return strangers_of([Watch.of(looking, info.id) for info in page], now, waited_s)


def family_of(watch: Watch) -> Sequence[Watch]:
    """An instance and those that it started."""
    return [watch, *(child for child in watch.children()[:INSTANCES_MAX] if not child.is_over)]
