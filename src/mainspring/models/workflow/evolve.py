"""How a decision changes the state of a workflow: one row per decision, and nothing is chosen here."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mainspring.models.contract import ChildCompleted, ChildFailed, Event, Started, TaskCompleted, TaskLost, TimerFired
from mainspring.models.workflow import decisions as d
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.state import (
    ACTIVE,
    BROKEN,
    CANCELLED,
    COMPLETED,
    DONE,
    DROPPED,
    FAILED,
    FINAL,
    PAUSED,
    PENDING,
    RUNNING,
    SKIPPED,
    MapState,
    State,
)
from mainspring.models.workflow.wave import map_elements


def evolve(plan: Plan, state: State, event: Event, decision: Any, at: float) -> None:
    """Record one decision; chooses nothing."""
    _RECORD[type(decision)](plan, state, event, decision)


# --- The instance -----------------------------------------------------------------------------


def _accepted(plan: Plan, state: State, event: Started, decision: d.Accepted) -> None:
    state.status = RUNNING
    state.is_accepted = True
    state.priority = event.priority
    state.values[len(plan.keys) :] = plan.inputs.read(event.input)


def _begun(plan: Plan, state: State, event: Event, decision: d.Begun) -> None:
    state.is_begun = True
    state.update_calm()


def _paused(plan: Plan, state: State, event: Event, decision: d.Paused) -> None:
    state.status = PAUSED
    state.update_calm()


def _resumed(plan: Plan, state: State, event: Event, decision: d.Resumed) -> None:
    state.status = RUNNING
    state.update_calm()


def _stopped(plan: Plan, state: State, event: Event, decision: d.Stopped) -> None:
    state.withdrawn = []
    for index, status in enumerate(state.statuses):
        if status == ACTIVE:
            _withdraw(plan, state, index)
        if status not in FINAL:
            state.statuses[index] = DROPPED
            state.troubles += 1
    state.open = 0
    recount(plan, state, range(len(plan.keys)))
    state.update_calm()


def _failure_told(plan: Plan, state: State, event: Event, decision: d.FailureTold) -> None:
    state.failure = decision.error
    state.told += 1
    state.update_calm()


def _completed(plan: Plan, state: State, event: Event, decision: d.Completed) -> None:
    state.status = COMPLETED
    state.calm = False


def _failed(plan: Plan, state: State, event: Event, decision: d.Failed) -> None:
    _stopped(plan, state, event, d.Stopped())
    state.status = FAILED
    state.failure = decision.error


def _cancelled(plan: Plan, state: State, event: Event, decision: d.Cancelled) -> None:
    _stopped(plan, state, event, d.Stopped())
    state.status = CANCELLED
    state.reason = decision.reason
    state.failure = None
    state.calm = False


def _reopened(plan: Plan, state: State, event: Event, decision: d.Reopened) -> None:
    state.status = RUNNING
    state.opened += 1
    state.failure = None
    state.reason = ""
    state.update_calm()


# --- Nodes ------------------------------------------------------------------------------------


def _nodes_started(plan: Plan, state: State, event: Event, decision: d.NodesStarted) -> None:
    for key in decision.nodes:
        index = plan.index[key]
        state.statuses[index] = ACTIVE
        state.begun[index] = 1


def _node_completed(plan: Plan, state: State, event: Event, decision: d.NodeCompleted) -> None:
    index = plan.index[decision.node]
    if index in state.maps:
        of_map = state.maps.pop(index)
        state.counts[index] = of_map.count
        state.values[index] = of_map.output()
    elif type(event) is TaskCompleted or type(event) is ChildCompleted:
        state.values[index] = event.output
    if state.lost:
        _forget_losses(state, event)
    state.statuses[index] = DONE
    state.open -= 1
    waiting = state.waiting
    for child in plan.successors[index]:
        waiting[child] -= 1


def _node_failed(plan: Plan, state: State, event: Any, decision: d.NodeFailed) -> None:
    index = plan.index[decision.node]
    state.withdrawn = []
    if state.statuses[index] == ACTIVE and (index in state.maps or isinstance(event, TimerFired)):
        _withdraw(plan, state, index)
    if decision.error is None and isinstance(event, ChildFailed):
        state.child_failed.add(index)
    if state.lost:
        _forget_losses(state, event)
    state.failures[index] = decision.error or event.error
    _end_badly(plan, state, index, BROKEN, state.failed_above)
    state.calm = False


def _nodes_skipped(plan: Plan, state: State, event: Event, decision: d.NodesSkipped) -> None:
    for key in decision.nodes:
        _end_badly(plan, state, plan.index[key], SKIPPED, state.skipped_above)
    state.calm = False


def _nodes_cancelled(plan: Plan, state: State, event: Event, decision: d.NodesCancelled) -> None:
    for key in decision.nodes:
        _end_badly(plan, state, plan.index[key], DROPPED, state.failed_above)
    state.calm = False


def _end_badly(plan: Plan, state: State, index: int, status: int, above: dict[int, int]) -> None:
    state.statuses[index] = status
    state.open -= 1
    state.troubles += 1
    for child in plan.successors[index]:
        state.waiting[child] -= 1
        above[child] = above.get(child, 0) + 1


def _forget_losses(state: State, event: Any) -> None:
    state.lost.pop(getattr(event, "key", ""), None)


# --- Running again ----------------------------------------------------------------------------


def _nodes_reset(plan: Plan, state: State, event: Event, decision: d.NodesReset) -> None:
    state.withdrawn = []
    indexes = [plan.index[key] for key in decision.nodes]
    for index in indexes:
        if state.statuses[index] == ACTIVE:
            _withdraw(plan, state, index)
        _reopen(state, index, PENDING)
        state.values[index] = None
        state.maps.pop(index, None)
        state.counts.pop(index, None)
        if state.begun[index]:
            state.rounds[index] = state.rounds.get(index, 1) + 1
            state.begun[index] = 0
    _recount_around(plan, state, indexes)
    state.update_calm()


def _child_retried(plan: Plan, state: State, event: Event, decision: d.ChildRetried) -> None:
    index = plan.index[decision.node]
    _reopen(state, index, ACTIVE)
    _recount_around(plan, state, [index])
    state.update_calm()


def _map_reset(plan: Plan, state: State, event: Event, decision: d.MapReset) -> None:
    index = plan.index[decision.node]
    _reopen(state, index, ACTIVE)
    state.rounds[index] = state.rounds.get(index, 1) + 1
    state.maps[index] = state.maps[index].reset_copy()
    _recount_around(plan, state, [index])
    state.update_calm()


def _reopen(state: State, index: int, status: int) -> None:
    before = state.statuses[index]
    state.open += before in FINAL
    state.troubles -= before in FINAL and before != DONE
    state.statuses[index] = status
    state.failures.pop(index, None)
    state.child_failed.discard(index)


def _recount_around(plan: Plan, state: State, indexes: Iterable[int]) -> None:
    touched = dict.fromkeys(indexes)
    for index in list(touched):
        touched.update(dict.fromkeys(plan.successors[index]))
    recount(plan, state, touched)


def recount(plan: Plan, state: State, indexes: Iterable[int]) -> None:
    """Count the parents of these nodes afresh."""
    statuses = state.statuses
    for index in indexes:
        above = [statuses[parent] for parent in plan.parents[index]]
        state.waiting[index] = sum(status not in FINAL for status in above)
        _set_or_drop(state.failed_above, index, sum(status in (BROKEN, DROPPED) for status in above))
        _set_or_drop(state.skipped_above, index, sum(status == SKIPPED for status in above))


def _set_or_drop(counts: dict[int, int], index: int, count: int) -> None:
    if count:
        counts[index] = count
    else:
        counts.pop(index, None)


def _withdraw(plan: Plan, state: State, index: int) -> None:
    """Note under which keys a node runs, for the commands that take it back."""
    of_map = state.maps.get(index)
    if of_map is None:
        keys = [state.node_key(plan, index)]
    else:
        keys = [state.item_key(plan, index, item) for item in of_map.running_items()]
    state.withdrawn += [(index, key) for key in keys]
    if plan.nodes[index].deadline_s is not None:
        state.withdrawn.append((index, state.deadline_key(plan, index)))
    for key in keys if state.lost else ():
        state.lost.pop(key, None)


# --- Tasks and items --------------------------------------------------------------------------


def _task_retried(plan: Plan, state: State, event: Any, decision: d.TaskRetried) -> None:
    if isinstance(event, TaskLost):
        state.lost[event.key] = state.lost.get(event.key, 0) + 1


def _map_started(plan: Plan, state: State, event: Event, decision: d.MapStarted) -> None:
    index = plan.index[decision.node]
    state.statuses[index] = ACTIVE
    state.begun[index] = 1
    of_map = state.maps[index] = MapState(decision.count, state.rounds.get(index, 1))
    if plan.nodes[index].is_early:  # parents that still run may change what the list refers to
        of_map.elements = map_elements(plan.nodes[index], state.values)
        of_map.seen = {slot: state.values[slot] for slot in plan.argument_slots(index)}


def _items_started(plan: Plan, state: State, event: Event, decision: d.ItemsStarted) -> None:
    state.maps[plan.index[decision.node]].next = decision.first + decision.count


def _items_restarted(plan: Plan, state: State, event: Event, decision: d.ItemsRestarted) -> None:
    index = plan.index[decision.node]
    of_map = state.maps[index]
    for item in decision.items:
        of_map.redo.pop(item, None)
        of_map.rounds[item] = state.rounds.get(index, 1)


def _items_retried(plan: Plan, state: State, event: Event, decision: d.ItemsRetried) -> None:
    of_map = state.maps[plan.index[decision.node]]
    for item in decision.items:
        of_map.redo.pop(item, None)
        of_map.child_failed.discard(item)


def _item_completed(plan: Plan, state: State, event: Any, decision: d.ItemCompleted) -> None:
    of_map = state.maps[plan.index[decision.node]]
    of_map.results[decision.item] = event.output
    of_map.completed += 1
    if state.lost:
        _forget_losses(state, event)


def _item_failed(plan: Plan, state: State, event: Any, decision: d.ItemFailed) -> None:
    of_map = state.maps[plan.index[decision.node]]
    of_map.failures[decision.item] = decision.error or event.error
    if decision.error is None and isinstance(event, ChildFailed):
        of_map.child_failed.add(decision.item)
    if state.lost:
        _forget_losses(state, event)


_RECORD: dict[type, Callable[[Plan, State, Any, Any], None]] = {
    d.Accepted: _accepted,
    d.Begun: _begun,
    d.Paused: _paused,
    d.Resumed: _resumed,
    d.Stopped: _stopped,
    d.FailureTold: _failure_told,
    d.Completed: _completed,
    d.Failed: _failed,
    d.Cancelled: _cancelled,
    d.Reopened: _reopened,
    d.NodesStarted: _nodes_started,
    d.NodeCompleted: _node_completed,
    d.NodeFailed: _node_failed,
    d.NodesSkipped: _nodes_skipped,
    d.NodesCancelled: _nodes_cancelled,
    d.NodesReset: _nodes_reset,
    d.TaskRetried: _task_retried,
    d.ChildRetried: _child_retried,
    d.MapStarted: _map_started,
    d.ItemsStarted: _items_started,
    d.ItemsRestarted: _items_restarted,
    d.ItemsRetried: _items_retried,
    d.ItemCompleted: _item_completed,
    d.ItemFailed: _item_failed,
    d.MapReset: _map_reset,
}
