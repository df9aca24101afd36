"""What follows when an item of a map ends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from msgspec import structs

from mainspring.models.contract import ChildCompleted, Failure, TaskCompleted
from mainspring.models.workflow.decisions import (
    ItemCompleted,
    ItemFailed,
    ItemsRestarted,
    ItemsRetried,
    ItemsStarted,
    WorkflowDecision,
)
from mainspring.models.workflow.ending import STOP, names, settle
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.state import PAUSED, MapState, State
from mainspring.models.workflow.wave import Wave


def completed(
    plan: Plan, state: State, index: int, item: int, event: TaskCompleted | ChildCompleted
) -> Sequence[WorkflowDecision]:
    """An item has returned."""
    of_map, key = state.maps[index], plan.keys[index]
    done = ItemCompleted(key, item)
    if of_map.completed + len(of_map.failures) + 1 < of_map.count:
        return (done, *_next(plan, state, index))
    wave = Wave(plan, state)
    wave.note(done)
    if of_map.failures:
        wave.fail(index, items_failure(of_map.failures, of_map.count))
    else:
        wave.complete(index, lambda: of_map.output_with(item, event.output))
    wave.spread()
    return settle(wave)


def failed(
    plan: Plan, state: State, index: int, item: int, error: Failure, is_of_event: bool
) -> Sequence[WorkflowDecision]:
    """An item has failed for good: the others finish, unless the workflow is to stop at the first failure."""
    of_map, key = state.maps[index], plan.keys[index]
    broken = ItemFailed(key, item) if is_of_event else ItemFailed(key, item, error)
    if plan.failure_policy != STOP and of_map.completed + len(of_map.failures) + 1 < of_map.count:
        return (broken, *_next(plan, state, index))
    wave = Wave(plan, state)
    wave.note(broken)
    wave.fail(index, items_failure({**of_map.failures, item: error}, of_map.count))
    wave.spread()
    return settle(wave)


def _next(plan: Plan, state: State, index: int) -> Sequence[WorkflowDecision]:
    """The item that takes the place of one that ended."""
    of_map = state.maps[index]
    if state.status == PAUSED or (of_map.next == of_map.count and not of_map.redo):
        return ()
    return more(of_map, plan.keys[index], plan.nodes[index].concurrency, running=of_map.running - 1)


def more(of_map: MapState, key: str, concurrency: int | None, running: int) -> Sequence[WorkflowDecision]:
    """As many items as may run beside those that do: first those that are to run again, then the next ones."""
    free = of_map.count if concurrency is None else max(0, concurrency - running)
    decisions: list[WorkflowDecision] = []
    again = list(islice(of_map.redo, free))
    retried = tuple(item for item in again if item in of_map.child_failed)
    restarted = tuple(item for item in again if item not in of_map.child_failed)
    if retried:
        decisions.append(ItemsRetried(key, retried))
    if restarted:
        decisions.append(ItemsRestarted(key, restarted))
    count = min(free - len(again), of_map.count - of_map.next)
    if count > 0:
        decisions.append(ItemsStarted(key, of_map.next, count))
    return decisions


def items_failure(failures: dict[int, Failure], count: int) -> Failure:
    """The failure of a map: which items failed, and the story of the first."""
    first = min(failures)
    error = failures[first]
    which = names(sorted(failures))
    noun = "item" if len(failures) == 1 else "items"
    message = f"{noun} {which} of {count:,} failed; item {first}: {error.message or error.type}"
    return structs.replace(error, message=message)
