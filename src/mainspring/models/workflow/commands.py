"""What a decision of a workflow asks of the kernel: one row per decision; decisions that ask for nothing have none."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mainspring.models.contract import (
    Cancel,
    CancelInstance,
    CancelTask,
    CancelTimer,
    Command,
    Complete,
    Event,
    Fail,
    HoldTasks,
    Pause,
    ReleaseTasks,
    Resume,
    RetryInstance,
    RetryTask,
    SetTimer,
    StartInstance,
    StartTask,
)
from mainspring.models.workflow import decisions as d
from mainspring.models.workflow.document import SLEEP
from mainspring.models.workflow.ending import FailureValues, with_nodes
from mainspring.models.workflow.plan import NodePlan, Plan
from mainspring.models.workflow.state import PAUSED, START_TIMER, MapState, State
from mainspring.models.workflow.wave import ItemValues, map_elements, sleep_seconds

Commands = Iterable[Command]

NONE: Commands = ()


def commands(plan: Plan, state: State, event: Event, decision: Any, at: float) -> Commands:
    """The outward part of a decision, given the state in which it has been recorded."""
    ask = _ASK.get(type(decision))
    return ask(plan, state, event, decision, at) if ask is not None else NONE


# --- The instance -----------------------------------------------------------------------------


def _accepted(plan: Plan, state: State, event: Event, decision: d.Accepted, at: float) -> Commands:
    return (SetTimer(START_TIMER, decision.begin_at),) if decision.begin_at else NONE


def _begun(plan: Plan, state: State, event: Event, decision: Any, at: float) -> Commands:
    return NONE if plan.timeout_s is None else (SetTimer(state.timeout_key(), at + plan.timeout_s),)


def _reopened(plan: Plan, state: State, event: Event, decision: d.Reopened, at: float) -> Commands:
    timer = _begun(plan, state, event, decision, at) if state.is_begun else NONE
    return (Resume(), ReleaseTasks(), *timer)


def _paused(plan: Plan, state: State, event: Event, decision: d.Paused, at: float) -> Commands:
    return (Pause(), HoldTasks())


def _resumed(plan: Plan, state: State, event: Event, decision: d.Resumed, at: float) -> Commands:
    return (Resume(), ReleaseTasks())


def _withdrawn(plan: Plan, state: State, event: Event, decision: Any, at: float) -> Commands:
    """Take back what ran when the decision ended it."""
    return [_take_back(plan.nodes[index], key) for index, key in state.withdrawn]


def _take_back(node: NodePlan, key: str) -> Command:
    if node.kind == SLEEP or "/deadline" in key:
        return CancelTimer(key)
    return CancelTask(key) if node.spec is not None else CancelInstance(key, "its node was ended")


def _failure_told(plan: Plan, state: State, event: Event, decision: d.FailureTold, at: float) -> Commands:
    handler = plan.on_failure
    assert handler is not None
    told = (state.instance, decision.error, with_nodes(plan, state.failures))
    payload = handler.arguments.render(FailureValues(plan, state.values, told))
    task = StartTask(state.telling_key(), handler.spec, payload, at, state.priority)
    return (task, HoldTasks()) if state.status == PAUSED else (task,)


def _completed(plan: Plan, state: State, event: Event, decision: d.Completed, at: float) -> Commands:
    done = Complete(plan.output.render(state.values))
    return (done,) if plan.timeout_s is None else (CancelTimer(state.timeout_key()), done)


def _failed(plan: Plan, state: State, event: Event, decision: d.Failed, at: float) -> Commands:
    return (Fail(decision.error),)


def _cancelled(plan: Plan, state: State, event: Event, decision: d.Cancelled, at: float) -> Commands:
    return (Cancel(decision.reason),)


# --- Nodes ------------------------------------------------------------------------------------


def _nodes_started(plan: Plan, state: State, event: Event, decision: d.NodesStarted, at: float) -> Commands:
    asked: list[Command] = []
    values, priority, nodes, index_of, rounds = state.values, state.priority, plan.nodes, plan.index, state.rounds
    for name in decision.nodes:
        index = index_of[name]
        node = nodes[index]
        key = state.node_key(plan, index) if rounds else name
        if node.spec is not None:
            asked.append(StartTask(key, node.spec, node.arguments.render(values), at + node.delay_s, priority))
        elif node.kind == SLEEP:
            asked.append(SetTimer(key, at + sleep_seconds(node, values)))
        else:
            asked.append(StartInstance(key, node.digest, node.arguments.render(values), priority))
        if node.deadline_s is not None:
            asked.append(SetTimer(state.deadline_key(plan, index), at + node.deadline_s))
    return asked


def _node_completed(plan: Plan, state: State, event: Event, decision: d.NodeCompleted, at: float) -> Commands:
    index = plan.index[decision.node]
    return NONE if plan.nodes[index].deadline_s is None else (CancelTimer(state.deadline_key(plan, index)),)


def _node_failed(plan: Plan, state: State, event: Event, decision: d.NodeFailed, at: float) -> Commands:
    asked = list(_withdrawn(plan, state, event, decision, at))
    index = plan.index[decision.node]
    if plan.nodes[index].deadline_s is not None and state.begun[index] and not asked:
        asked.append(CancelTimer(state.deadline_key(plan, index)))
    return asked


def _task_retried(plan: Plan, state: State, event: Any, decision: d.TaskRetried, at: float) -> Commands:
    again = RetryTask(event.key, decision.ready_at)
    return (again, HoldTasks()) if state.status == PAUSED else (again,)


def _child_retried(plan: Plan, state: State, event: Event, decision: d.ChildRetried, at: float) -> Commands:
    index = plan.index[decision.node]
    return (RetryInstance(state.node_key(plan, index)),)


# --- Items of a map ---------------------------------------------------------------------------


def _map_started(plan: Plan, state: State, event: Event, decision: Any, at: float) -> Commands:
    index = plan.index[decision.node]
    deadline_s = plan.nodes[index].deadline_s
    return NONE if deadline_s is None else (SetTimer(state.deadline_key(plan, index), at + deadline_s),)


def _items_started(plan: Plan, state: State, event: Event, decision: d.ItemsStarted, at: float) -> Commands:
    index = plan.index[decision.node]
    return _start_items(plan, state, index, range(decision.first, decision.first + decision.count), at)


def _items_restarted(plan: Plan, state: State, event: Event, decision: d.ItemsRestarted, at: float) -> Commands:
    return _start_items(plan, state, plan.index[decision.node], decision.items, at)


def _items_retried(plan: Plan, state: State, event: Event, decision: d.ItemsRetried, at: float) -> Commands:
    index = plan.index[decision.node]
    return [RetryInstance(state.item_key(plan, index, item)) for item in decision.items]


def _start_items(plan: Plan, state: State, index: int, items: Iterable[int], at: float) -> Commands:
    node, of_map, slot = plan.nodes[index], state.maps[index], plan.item_slot
    values = state.values if of_map.seen is None else of_map.seen
    elements = elements_of(plan, state, index, of_map)
    render, ready_at, priority, spec = node.arguments.render, at + node.delay_s, state.priority, node.spec
    asked: list[Command] = []
    for item in items:
        payload = render(ItemValues(values, slot, elements[item], item))
        key = state.item_key(plan, index, item)
        if spec is not None:
            asked.append(StartTask(key, spec, payload, ready_at, priority))
        else:
            asked.append(StartInstance(key, node.digest, payload, priority))
    return asked


def elements_of(plan: Plan, state: State, index: int, of_map: MapState) -> Any:
    """The list a map is over, read once and kept while the map lasts."""
    if of_map.elements is None:
        of_map.elements = map_elements(plan.nodes[index], state.values)
    return of_map.elements


_ASK: dict[type, Callable[[Plan, State, Any, Any, float], Commands]] = {
    d.Accepted: _accepted,
    d.Begun: _begun,
    d.Reopened: _reopened,
    d.Paused: _paused,
    d.Resumed: _resumed,
    d.Stopped: _withdrawn,
    d.FailureTold: _failure_told,
    d.Completed: _completed,
    d.Failed: _failed,
    d.Cancelled: _cancelled,
    d.NodesStarted: _nodes_started,
    d.NodeCompleted: _node_completed,
    d.NodeFailed: _node_failed,
    d.NodesReset: _withdrawn,
    d.TaskRetried: _task_retried,
    d.ChildRetried: _child_retried,
    d.MapStarted: _map_started,
    d.MapReset: _map_started,
    d.ItemsStarted: _items_started,
    d.ItemsRestarted: _items_restarted,
    d.ItemsRetried: _items_retried,
}
