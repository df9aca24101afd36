"""How an instance ends, once all its nodes have, or once nothing more is to begin.

1. A node that failed is *handled* when a child whose trigger rule reacts to failure (`any_failed`, `all_failed`) ran
   and completed.  While such a child may still do so, the failure counts as handled.
2. With an unhandled failure the instance fails, of the first one.  `on_failure` is told before.
3. Nodes that were cancelled by request, and were left so when others ran anew, leave the instance cancelled.
4. Otherwise it completes, if its output can be put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Raw, json, structs

from mainspring.errors import PayloadInvalidError
from mainspring.models.contract import Failure
from mainspring.models.retry import failure_of
from mainspring.models.workflow.decisions import (
    Cancelled,
    Completed,
    Failed,
    FailureTold,
    Stopped,
    WorkflowDecision,
)
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.rules import CANCEL
from mainspring.models.workflow.state import ACTIVE, DONE, DROPPED, PENDING
from mainspring.models.workflow.template import DataError, Values
from mainspring.models.workflow.wave import Wave

STOP = "stop"
"""The failure policy that begins nothing more after the first unhandled failure."""

NAMES_MAX = 10
"""Nodes and items that a message names; there may be thousands."""


def settle(wave: Wave) -> list[WorkflowDecision]:
    """The decisions of a wave that has spread, with the end of the instance if this is it."""
    if wave.is_held:
        return wave.decisions()
    if wave.plan.failure_policy == STOP:
        error = first_unhandled(wave)
        if error is not None:
            return [*wave.ends(), *stop(wave, error)]
    if wave.open:
        return wave.decisions()
    return [*wave.decisions(), *_end(wave)]


def stop(wave: Wave, error: Failure) -> list[WorkflowDecision]:
    """Cancel what has not ended, and fail."""
    stopped: list[WorkflowDecision] = [Stopped()] if wave.open else []
    return [*stopped, _fail(wave, error)]


def _end(wave: Wave) -> list[WorkflowDecision]:
    error = first_unhandled(wave)
    if error is not None:
        return [_fail(wave, error)]
    left = left_cancelled(wave)
    if left:
        return [Cancelled(f"{names(left)} had been cancelled, and not run anew")]
    error = output_failure(wave)
    return [Completed() if error is None else _fail(wave, error)]


def _fail(wave: Wave, error: Failure) -> WorkflowDecision:
    plan = wave.plan
    if plan.on_failure is None:
        return Failed(error)
    told = (wave.state.instance, error, with_nodes(plan, wave.failures()))
    try:
        plan.on_failure.arguments.render(FailureValues(plan, wave, told))
    except DataError as wrong:
        return Failed(structs.replace(error, message=f"{error.message} (and on_failure could not be told: {wrong})"))
    return FailureTold(error)


def first_unhandled(wave: Wave) -> Failure | None:
    """The first failure that nobody handles, with the name of its node."""
    for index, error in wave.failures().items():
        if not _is_handled(wave, index):
            return error if error.node else structs.replace(error, node=wave.plan.keys[index])
    return None


def _is_handled(wave: Wave, index: int) -> bool:
    nodes = wave.plan.nodes
    return any(
        nodes[child].reacts_to_failure and wave.status(child) in (PENDING, ACTIVE, DONE)
        for child in wave.plan.successors[index]
    )


def left_cancelled(wave: Wave) -> list[str]:
    """Nodes that are cancelled though nothing above them failed."""
    plan = wave.plan
    return [
        plan.keys[index]
        for index in (range(len(plan.keys)) if wave.state.troubles else ())
        if wave.status(index) == DROPPED and wave.verdict(index) != CANCEL
    ]


def output_failure(wave: Wave) -> Failure | None:
    """Why the output of the instance cannot be put together."""
    plan = wave.plan
    if not plan.is_output_fallible:
        return None
    try:
        plan.output.render(wave)
    except DataError as error:
        return failure_of(PayloadInvalidError(f"output of workflow {plan.name!r}", str(error)))
    return None


def names(items: Iterable[object]) -> str:
    """Some names for a message, and how many there are besides."""
    texts = [str(item) for item in items]
    more = len(texts) - NAMES_MAX
    return ", ".join(texts[:NAMES_MAX]) + (f" and {more:,} more" if more > 0 else "")


class FailureValues:
    """The values, followed by what `on_failure` is told: instance, failure, and the failures of nodes."""

    __slots__ = ("slot", "told", "values")

    def __init__(self, plan: Plan, values: Values, told: tuple[str, Failure, list[Failure]]) -> None:
        self.values = values
        self.slot = plan.slot_count
        self.told = told

    def __getitem__(self, slot: int) -> bytes | Raw | None:
        return self.values[slot] if slot < self.slot else json.encode(self.told[slot - self.slot])


def with_nodes(plan: Plan, failures: Mapping[int, Failure]) -> list[Failure]:
    """Failures of nodes, each with its node's key."""
    return [structs.replace(error, node=plan.keys[index], traceback="") for index, error in failures.items()]
