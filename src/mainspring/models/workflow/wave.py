"""What spreads from nodes that end: skips and cancellations travel downstream, what is ready begins.

A wave is drawn on top of a state without touching it; what it finds is handed out as decisions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Raw, json

from mainspring.errors import PayloadInvalidError
from mainspring.models.contract import Failure
from mainspring.models.retry import failure_of
from mainspring.models.workflow.decisions import (
    ItemsStarted,
    MapStarted,
    NodeCompleted,
    NodeFailed,
    NodesCancelled,
    NodesSkipped,
    NodesStarted,
    WorkflowDecision,
)
from mainspring.models.workflow.plan import NodePlan, Plan
from mainspring.models.workflow.rules import CANCEL, RUN, SKIP
from mainspring.models.workflow.state import ACTIVE, BROKEN, DONE, DROPPED, FINAL, PAUSED, PENDING, SKIPPED, State
from mainspring.models.workflow.template import NULL, DataError, Values, kind_of, read_elements

SLEEP_S_MAX = 100 * 365 * 86_400.0
"""A century: longer is a mistake, and would overflow dates."""


class Wave:
    """The state as it will be, while it is being decided."""

    def __init__(self, plan: Plan, state: State) -> None:
        self.plan = plan
        self.state = state
        self.open = state.open
        self.is_held = state.status == PAUSED or not state.is_begun
        """Nothing begins and nothing ends while the instance is paused; outcomes are recorded."""
        self._statuses: dict[int, int] = {}
        self._counts: dict[int, list[int]] = {}
        """Waiting, failed and skipped parents, of nodes whose parents' statuses change in this wave."""
        self._outputs: dict[int, Callable[[], bytes | Raw]] = {}
        self._ended: deque[int] = deque()
        self._first: list[WorkflowDecision] = []
        self._skipped: list[str] = []
        self._cancelled: list[str] = []
        self._started: list[str] = []
        self._maps: list[WorkflowDecision] = []
        self._failed: dict[int, Failure] = {}
        self._mended: set[int] = set()

    # --- The state as seen from here ----------------------------------------------------------

    def __getitem__(self, slot: int) -> bytes | Raw | None:
        """A value, also one that this wave adds; so templates and conditions can be filled in from a wave."""
        output = self._outputs.get(slot)
        return self.state.values[slot] if output is None else output()

    def status(self, index: int) -> int:
        return self._statuses.get(index, self.state.statuses[index])

    def failures(self) -> dict[int, Failure]:
        """All nodes that have failed, in the order in which they did."""
        before = {index: error for index, error in self.state.failures.items() if index not in self._mended}
        return before | self._failed

    # --- What is told to it -------------------------------------------------------------------

    def note(self, decision: WorkflowDecision) -> None:
        """A decision that comes before what spreads."""
        self._first.append(decision)

    def set_inputs(self, inputs: list[Raw | None]) -> None:
        """The inputs, before they are recorded."""
        for number, value in enumerate(inputs):
            self._outputs[len(self.plan.keys) + number] = _constant(value)

    def complete(self, index: int, output: Callable[[], bytes | Raw]) -> None:
        """A node completes."""
        self.note(NodeCompleted(self.plan.keys[index]))
        self._outputs[index] = output
        self._end(index, DONE)

    def fail(self, index: int, error: Failure, is_of_event: bool = False) -> None:
        """A node fails for good."""
        key = self.plan.keys[index]
        self.note(NodeFailed(key) if is_of_event else NodeFailed(key, error))
        self._failed[index] = error
        self._end(index, BROKEN)

    def reopen(self, anew: Iterable[int], kept: Iterable[int]) -> None:
        """Nodes that are to run anew, and nodes that go on where they stood."""
        touched: dict[int, None] = {}
        for indexes, status in ((anew, PENDING), (kept, ACTIVE)):
            for index in indexes:
                self.open += self.status(index) in FINAL
                self._statuses[index] = status
                self._mended.add(index)
                touched[index] = None
                touched.update(dict.fromkeys(self.plan.successors[index]))
                if status == PENDING:
                    self._outputs[index] = _null
        for index in touched:  # each once: a wide join has many parents
            self._recount(index)

    def _end(self, index: int, status: int) -> None:
        self.open -= 1
        self._statuses[index] = status
        self._ended.append(index)

    # --- Spreading ----------------------------------------------------------------------------

    def spread(self) -> None:
        """Follow the consequences to their end."""
        while self._ended:
            index = self._ended.popleft()
            column = _COLUMN.get(self.status(index))
            for child in self.plan.successors[index]:
                if self.status(child) == PENDING:
                    counts = self._counts_of(child)
                    counts[0] -= 1
                    if column is not None:
                        counts[column] += 1
                    self.consider(child)

    def consider(self, index: int) -> None:
        """Ask the trigger rule of a pending node."""
        if self.status(index) != PENDING:
            return
        node = self.plan.nodes[index]
        verdict = self.verdict(index)
        if verdict == RUN:
            if not self.is_held:
                self._begin(index, node)
        elif verdict == SKIP:
            self._skip(index)
        elif verdict == CANCEL:
            self._cancelled.append(node.key)
            self._end(index, DROPPED)

    def verdict(self, index: int) -> int:
        """What the trigger rule of a node says."""
        node = self.plan.nodes[index]
        waiting, failed, skipped = self._counts_of(index)
        return node.rule(node.parent_count - waiting - failed - skipped, failed, skipped, waiting)

    def consider_all(self) -> None:
        """Ask for all nodes: after a start, a pause or a reset."""
        for index in range(len(self.plan.keys)):
            self.consider(index)
        self.spread()

    def _skip(self, index: int) -> None:
        self._skipped.append(self.plan.keys[index])
        self._end(index, SKIPPED)

    def _begin(self, index: int, node: NodePlan) -> None:
        if node.condition is not None:
            holds = node.condition.holds(self)
            if isinstance(holds, Failure):
                return self.fail(index, holds)
            if not holds:
                return self._skip(index)
        if node.is_fallible:
            try:
                self._begin_with_data(index, node)
            except DataError as error:
                self.fail(index, failure_of(PayloadInvalidError(f"node {node.key!r}", str(error))))
            return None
        self._start(index, node)
        return None

    def _start(self, index: int, node: NodePlan) -> None:
        self._statuses[index] = ACTIVE
        self._started.append(node.key)

    def _begin_with_data(self, index: int, node: NodePlan) -> None:
        """Begin a node that its data may contradict; raises `DataError`."""
        if node.over is not None:
            self._begin_map(index, node)
            return
        if node.seconds is not None:
            sleep_seconds(node, self)
        else:
            node.arguments.render(self)
        self._start(index, node)

    def _begin_map(self, index: int, node: NodePlan) -> None:
        elements = map_elements(node, self)
        if node.arguments.is_fallible:
            self._check_items(node, elements)
        self._maps.append(MapStarted(node.key, len(elements)))
        if not elements:
            self._maps.append(NodeCompleted(node.key))
            self._outputs[index] = _empty
            self._end(index, DONE)
            return
        self._statuses[index] = ACTIVE
        self._maps.append(ItemsStarted(node.key, 0, min(len(elements), node.concurrency or len(elements))))

    def _check_items(self, node: NodePlan, elements: list[Raw]) -> None:
        for number, element in enumerate(elements):
            try:
                node.arguments.render(ItemValues(self, self.plan.item_slot, element, number))
            except DataError as error:
                raise DataError(f"item {number}: {error}") from None

    # --- Counting -----------------------------------------------------------------------------

    def _counts_of(self, index: int) -> list[int]:
        counts = self._counts.get(index)
        if counts is None:
            state = self.state
            failed, skipped = state.failed_above.get(index, 0), state.skipped_above.get(index, 0)
            counts = self._counts[index] = [state.waiting[index], failed, skipped]
        return counts

    def _recount(self, index: int) -> None:
        counts = self._counts[index] = [0, 0, 0]
        for parent in self.plan.parents[index]:
            status = self.status(parent)
            if status not in FINAL:
                counts[0] += 1
            elif status != DONE:
                counts[_COLUMN[status]] += 1

    # --- What came of it ----------------------------------------------------------------------

    def ends(self) -> list[WorkflowDecision]:
        """Decisions about what has ended, without what would begin."""
        decisions = list(self._first)
        if self._skipped:
            decisions.append(NodesSkipped(tuple(self._skipped)))
        if self._cancelled:
            decisions.append(NodesCancelled(tuple(self._cancelled)))
        return decisions

    def decisions(self) -> list[WorkflowDecision]:
        """All of them."""
        decisions = self.ends()
        decisions += self._maps
        if self._started:
            decisions.append(NodesStarted(tuple(self._started)))
        return decisions


_COLUMN = {BROKEN: 1, DROPPED: 1, SKIPPED: 2}
"""Where a parent that ended so is counted; one that completed is what remains."""


def _constant(value: bytes | Raw | None) -> Callable[[], bytes | Raw]:
    return lambda: NULL if value is None else value


def _null() -> bytes:
    return NULL


def _empty() -> bytes:
    return b"[]"


class ItemValues:
    """The values, with an element of a map and its position."""

    __slots__ = ("element", "number", "slot", "values")

    def __init__(self, values: Values, slot: int, element: bytes | Raw, number: int) -> None:
        self.values, self.slot, self.element, self.number = values, slot, element, number

    def __getitem__(self, slot: int) -> bytes | Raw | None:
        if slot < self.slot:
            return self.values[slot]
        return self.element if slot == self.slot else b"%d" % self.number


def map_elements(node: NodePlan, values: Wave | list[bytes | Raw | None]) -> list[Raw]:
    """The list that a map is over; raises `DataError`."""
    assert node.over is not None
    text = node.over.holes[0].text if len(node.over.holes) == 1 else "its list"
    return read_elements(node.over.render(values), f"map over {text}")


def sleep_seconds(node: NodePlan, values: Wave | list[bytes | Raw | None]) -> float:
    """How long a sleep is; raises `DataError`."""
    assert node.seconds is not None
    text = node.seconds.render(values)
    if kind_of(text) != "a number":
        raise DataError(f"sleep: expected seconds, found {kind_of(text)}")
    seconds = json.decode(text, type=float)
    if not 0 <= seconds <= SLEEP_S_MAX:
        raise DataError(f"sleep: {seconds:g} s is not between 0 and {SLEEP_S_MAX:g}")
    return seconds
