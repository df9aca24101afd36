"""What an evaluation carries along: its frame, what is left of its limits, and the warnings it has gathered.

A frame is a list: the mapping of inputs, the Run or None, then one slot for each local name. The Run is made when
something first needs it, because the comparisons that most guards consist of need none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mainspring.models.expression.errors import EvaluationError, Fault, LimitError, LocatedWarning
from mainspring.models.expression.limits import Budget, Limits

Frame = list[object]
Code = Callable[[Frame], object]
Clock = Callable[[], datetime]
Random = Callable[[], float]

INPUTS, RUN, FIRST_SLOT = 0, 1, 2
STOPS = (Fault, LimitError)
"""What a node that can meet either catches, to tell its place with `report`."""
FAULT_STEPS = 4
"""What finding a fault costs: its message, and the way to the node that reports it."""
WARNINGS_MAX = 100
"""Warnings that one evaluation keeps; a loop over a million wrong values has a million."""


class Plan:
    """What is the same for every evaluation of one expression."""

    __slots__ = ("clock", "limits", "random", "strict", "text")

    def __init__(self, text: str, *, strict: bool, clock: Clock | None, random: Random | None, limits: Limits) -> None:
        self.text = text
        self.strict = strict
        self.clock = clock
        self.random = random
        self.limits = limits


class Run(Budget):
    """One evaluation."""

    __slots__ = ("plan", "warnings")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.limits)
        self.plan = plan
        self.warnings: list[LocatedWarning] = []


def running(frame: Frame, plan: Plan) -> Run:
    """The Run of a frame."""
    run = frame[RUN]
    if run is None:
        run = frame[RUN] = Run(plan)
    assert isinstance(run, Run)
    return run


def report(frame: Frame, plan: Plan, at: int, fault: Fault | LimitError) -> object:
    """Turn a fault into null with a warning, or raise it where the expression is strict; a limit always raises."""
    if isinstance(fault, LimitError):
        raise fault if fault.warning.text else LimitError(fault.warning.message, plan.text, at) from None
    if plan.strict:
        raise EvaluationError(str(fault), plan.text, at) from None
    run = running(frame, plan)
    run.spend(FAULT_STEPS)
    if len(run.warnings) < WARNINGS_MAX:
        run.warnings.append(LocatedWarning(str(fault), plan.text, at))
    return None
