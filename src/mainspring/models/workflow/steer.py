"""What follows when somebody steers: cancel, pause, resume, retry, rerun."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mainspring.models.contract import (
    CancelRequested,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
)
from mainspring.models.workflow.decisions import (
    Begun,
    Cancelled,
    ChildRetried,
    MapReset,
    NodesReset,
    Paused,
    Reopened,
    Resumed,
    WorkflowDecision,
)
from mainspring.models.workflow.ending import NAMES_MAX, settle
from mainspring.models.workflow.items import more
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.state import (
    ACTIVE,
    BROKEN,
    CANCELLED,
    COMPLETED,
    CREATED,
    DROPPED,
    ENDED,
    FINAL,
    INSTANCE_STATUSES,
    NODE_STATUSES,
    PAUSED,
    RUNNING,
    State,
)
from mainspring.models.workflow.wave import Wave

Decisions = Sequence[WorkflowDecision] | Refusal


def cancel(plan: Plan, state: State, event: CancelRequested, at: float) -> Decisions:
    """Nothing more is begun, and what runs is taken back."""
    if state.status == CANCELLED:
        return ()
    if state.status in ENDED:
        return Refusal(f"it has {INSTANCE_STATUSES[state.status]} already; there is nothing left to cancel")
    return (Cancelled(event.reason),)


def pause(plan: Plan, state: State, event: PauseRequested, at: float) -> Decisions:
    """Nothing more is begun until it is resumed; what runs goes on, and its outcome is kept."""
    if state.status == PAUSED:
        return ()
    if state.status != RUNNING:
        return Refusal(f"it is {INSTANCE_STATUSES[state.status]}; only what is running can be paused")
    return (Paused(),)


def resume(plan: Plan, state: State, event: ResumeRequested, at: float) -> Decisions:
    """Begin what has become ready meanwhile."""
    if state.status == RUNNING:
        return ()
    if state.status != PAUSED:
        return Refusal(f"it is {INSTANCE_STATUSES[state.status]}; only what is paused can be resumed")
    return (Resumed(), *_go_on(plan, state))


def _go_on(plan: Plan, state: State) -> list[WorkflowDecision]:
    if not state.is_begun or state.failure is not None:
        return []
    wave = Wave(plan, state)
    wave.is_held = False
    for index, of_map in state.maps.items():
        if state.statuses[index] == ACTIVE:
            for decision in more(of_map, plan.keys[index], plan.nodes[index].concurrency, of_map.running):
                wave.note(decision)
    wave.consider_all()
    return settle(wave)


# --- Running again ----------------------------------------------------------------------------


def retry(plan: Plan, state: State, event: RetryRequested, at: float) -> Decisions:
    """Run again what failed or was cancelled; maps and children go on where they stood."""
    if state.status in (CREATED, COMPLETED):
        return Refusal(f"it is {INSTANCE_STATUSES[state.status]}; only what has failed or was cancelled can be retried")
    refusal = _refusal(state)
    if refusal is not None:
        return refusal
    again = [index for index, status in enumerate(state.statuses) if status in (BROKEN, DROPPED)]
    if not again:
        return Refusal("no node of it has failed or was cancelled, so there is nothing to retry")
    kept = _going_on(plan, state, again)
    child = next((index for index in kept if index not in state.maps), None)
    if state.status == PAUSED and child is not None:
        return Refusal(f"it is paused; resume it before its child {plan.keys[child]!r} retries")
    return _run_again(plan, state, reset=[index for index in again if index not in kept], kept=kept)


def signal(plan: Plan, state: State, event: Signal, at: float) -> Decisions:
    """A workflow waits for its tasks, not for events."""
    return Refusal(f"it is a workflow, which takes no event {event.name!r}; state machines do")


def rerun(plan: Plan, state: State, event: RerunRequested, at: float) -> Decisions:
    """Run a node again, and all that depends on it."""
    index = plan.index.get(event.node)
    if index is None:
        more_keys = f" and {len(plan.keys) - NAMES_MAX:,} more" if len(plan.keys) > NAMES_MAX else ""
        return Refusal(f"it has no node {event.node!r}; there are {', '.join(plan.keys[:NAMES_MAX])}{more_keys}")
    refusal = _refusal(state)
    if refusal is not None:
        return refusal
    if state.statuses[index] not in FINAL:
        return Refusal(
            f"node {event.node!r} is {NODE_STATUSES[state.statuses[index]]}; only what has ended can run again"
        )
    return _run_again(plan, state, reset=[node for node in descendants(plan, index) if state.statuses[node]], kept=())


def _refusal(state: State) -> Refusal | None:
    if not state.is_accepted:
        return Refusal("its input was never accepted, so there is nothing to run again; start another one")
    if state.is_telling:
        return Refusal("it is about to fail, and on_failure is being told; ask again when it has failed")
    return None


def _going_on(plan: Plan, state: State, again: Iterable[int]) -> frozenset[int]:
    """Maps and children that go on where they stood, because nothing above them runs anew."""
    anew = frozenset(again)
    return frozenset(
        index
        for index in anew
        if (index in state.maps or index in state.child_failed) and anew.isdisjoint(plan.parents[index])
    )


def _run_again(plan: Plan, state: State, reset: Sequence[int], kept: Iterable[int]) -> list[WorkflowDecision]:
    wave = Wave(plan, state)
    wave.is_held = state.status == PAUSED
    if state.status in ENDED:
        wave.note(Reopened())
    if not state.is_begun:
        wave.note(Begun())
    if reset:
        wave.note(NodesReset(tuple([plan.keys[index] for index in reset])))
    wave.reopen(reset, kept)
    for index in sorted(kept):
        _go_on_with(wave, index)
    for index in reset:
        wave.consider(index)
    wave.spread()
    return settle(wave)


def _go_on_with(wave: Wave, index: int) -> None:
    plan, state = wave.plan, wave.state
    key, of_map = plan.keys[index], state.maps.get(index)
    if of_map is None:
        wave.note(ChildRetried(key))
        return
    wave.note(MapReset(key))
    if not wave.is_held:
        for decision in more(of_map.reset_copy(), key, plan.nodes[index].concurrency, running=0):
            wave.note(decision)


def descendants(plan: Plan, index: int) -> list[int]:
    """A node and all that depends on it, nearest first."""
    found = {index: None}
    for node in (queue := [index]):
        for child in plan.successors[node]:
            if child not in found:
                found[child] = None
                queue.append(child)
    return list(found)
