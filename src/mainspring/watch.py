"""Watching an instance: its state kept up to date by reading only what was added to its journal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mainspring.errors import InstanceNotFoundError
from mainspring.history import fold_decisions, start_fold
from mainspring.instance import Info, info_of
from mainspring.kernel.lifecycle import ENDED
from mainspring.kernel.reader import PAGE_MAX, InstanceView, Reader, TaskView
from mainspring.looking import Looking
from mainspring.models.contract import Event, Failure, NodeView, TaskCompleted, TaskFailed, TaskLost

Times = Mapping[str, tuple[float, float]]
"""By node: the first start and the last end of an attempt."""

RETRY_TAG = "retry"
"""What every model calls the decision to try a task again."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An attempt that has ended."""

    at: float
    key: str
    attempt: int
    outcome: str
    """`completed`, `failed` or `lost`."""
    failure: Failure | None
    retry_at: float | None
    """When it is tried again; None: it is not."""
    started_at: float
    finished_at: float


class Watch:
    """What an instance looks like, as of the last `advance`."""

    def __init__(self, reader: Reader, view: InstanceView) -> None:
        self._reader = reader
        self._fold = start_fold(reader, view)
        self.view = view
        self.times: dict[str, tuple[float, float]] = {}
        self.attempts: dict[str, int] = {}
        """By task: how many have ended, where it was more than one."""

        self.failures: dict[str, Happening] = {}
        """By node: its last task that failed for good; under `on_failure` that of the handler which is told."""

    @classmethod
    def of(cls, looking: Looking, id: str) -> Watch:
        """Of the instance of that id; raises `InstanceNotFoundError`."""
        view = looking.reader.find_instance(id)
        if view is None:
            raise InstanceNotFoundError(id)
        return cls(looking.reader, view)

    def advance(self, before: float = math.inf) -> list[Happening]:
        """Read what was added, by whatever process, and return the attempts that have ended since.

        What was recorded at `before`, in seconds since 1970, or later is left for the next call.
        """
        view = self._reader.find_instance(self.view.public_id)
        if view is not None:  # it may have been pruned meanwhile
            self.view = view
        fold = self._fold
        happenings: list[Happening] = []
        while rows := self._reader.list_entries(self.view.number, after=fold.seq, limit=PAGE_MAX):
            for row in rows:
                if row.at >= before:
                    return happenings
                event, decisions = fold_decisions(fold, row)
                happening = happening_of(row.at, event, decisions)
                if happening is not None:
                    happenings.append(happening)
                    self._note(happening)
            if len(rows) < PAGE_MAX:
                break
        return happenings

    def _note(self, happening: Happening) -> None:
        if happening.attempt > 1:
            self.attempts[happening.key] = happening.attempt
        node = node_of(happening.key)
        if happening.outcome == "completed":
            self.failures.pop(node, None)
        elif happening.retry_at is None:
            self.failures[node] = happening
        start, end = self.times.get(node, (happening.started_at, happening.finished_at))
        self.times[node] = (min(start, happening.started_at), max(end, happening.finished_at))

    @property
    def is_over(self) -> bool:
        return self.view.status in ENDED

    @property
    def status(self) -> str:
        return self.view.status

    @property
    def info(self) -> Info:
        return info_of(self.view)

    @property
    def document(self) -> bytes:
        """Its definition, as the store keeps it."""
        return self._reader.definition_of(self.view.number).document

    def children(self) -> list[Watch]:
        """Of the instances that it started; each must be advanced."""
        return [Watch(self._reader, view) for view in self.child_views()]

    def child_views(self) -> list[InstanceView]:
        """What `children` would watch."""
        if not self._fold.model.children(self._fold.plan):
            return []
        return self._reader.list_children(self.view.number)

    def nodes(self) -> list[NodeView]:
        return list(self._fold.model.nodes(self._fold.plan, self._fold.state))

    def tasks(self, limit: int) -> list[TaskView]:
        """What runs, the longest first, and then what waits."""
        return self._reader.list_tasks(self.view.number, limit)


class Family:
    """An instance and all that it starts, each watched until it is over."""

    def __init__(self, reader: Reader, root: Watch, since: float) -> None:
        """What was recorded before `since`, in seconds since 1970, has been told."""
        self._reader = reader
        self._since = since
        self._root = root
        self._open: dict[int, tuple[str, Watch]] = {root.view.number: ("", root)}
        """By number: what stands before its keys, as in a timeline."""

        self._known: set[int] = set()

    def advance(self) -> list[Happening]:
        """The attempts that have ended since, with keys like `parts/3/page` in those that were started."""
        happenings: list[Happening] = []
        waiting = list(self._open.items())
        while waiting:
            number, (place, watch) = waiting.pop()
            happenings += [replace(each, key=place + each.key) for each in watch.advance()]
            waiting += self._newcomers(place, watch)
            if watch.is_over and watch is not self._root:
                self._open.pop(number, None)
        return sorted(happenings, key=lambda each: each.at)

    def _newcomers(self, place: str, watch: Watch) -> list[tuple[int, tuple[str, Watch]]]:
        newcomers = []
        for view in watch.child_views():
            if view.number in self._known:
                continue
            if view.ended_at is not None and view.ended_at < self._since:
                self._known.add(view.number)
                continue
            child = Watch(self._reader, view)
            child.advance(before=self._since)
            self._known.add(view.number)  # only now, for the store may be away in between
            self._open[view.number] = (f"{place}{view.parent_key}/", child)
            newcomers.append((view.number, self._open[view.number]))
        return newcomers


def happening_of(at: float, event: Event, decisions: list[object]) -> Happening | None:
    """What an entry says about an attempt; None: it is about something else."""
    match event:
        case TaskCompleted():
            outcome, failure, finished_at = "completed", None, event.finished_at
        case TaskFailed():
            outcome, failure, finished_at = "failed", event.error, event.finished_at
        case TaskLost():
            outcome, failure, finished_at = "lost", None, at
        case _:
            return None
    retry_at = None if outcome == "completed" else _retry_at(decisions)
    return Happening(at, event.key, event.attempt, outcome, failure, retry_at, event.started_at, finished_at)


def _retry_at(decisions: list[object]) -> float | None:
    for decision in decisions:
        if getattr(type(decision), "__struct_config__").tag == RETRY_TAG:  # noqa: B009 - mypy knows no such attribute
            return float(getattr(decision, "ready_at"))  # noqa: B009
    return None


def node_of(key: str) -> str:
    """The node that a task belongs to: `parts/3#2` is the second round of an item of `parts`."""
    return re.split("[/#]", key, maxsplit=1)[0]
