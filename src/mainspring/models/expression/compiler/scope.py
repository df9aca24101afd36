"""Where names stand while a tree is compiled, and what the compiled closures share.

A local name has a slot of the frame. Inside a filter a name may also be an entry of the element at hand, which only the
evaluation can tell; so a name resolves to the elements to ask first, and where to look when none of them has it.
"""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.builtins import find_builtin
from mainspring.models.expression.errors import ExpressionSyntaxError, Fault
from mainspring.models.expression.functions import Native
from mainspring.models.expression.limits import NODES_PER_STEP
from mainspring.models.expression.runtime import FIRST_SLOT, Plan, report

ELEMENT = ""
"""The name of a layer that stands for the element of a filter."""
PARTIAL = "partial"
"""The name of what a loop has made so far; the slots in `growing` hold such lists."""
TESTED = "?"
"""The name of the value that unary tests are about."""


class Scope:
    """The names that are visible at the place that is being compiled."""

    __slots__ = ("growing", "layers", "names", "needed", "node_count", "plan", "rules", "slot_count")

    def __init__(self, plan: Plan, rules: Rules) -> None:
        self.plan = plan
        self.rules = rules
        self.layers: list[tuple[str, int]] = []
        self.names: dict[str, None] = {}
        self.needed: dict[str, int] = {}
        """Names that only the inputs can give, for no element is asked first, and where they are first read."""
        self.node_count = 0
        """Nodes compiled so far; the difference is the size of what lies between two places."""
        self.slot_count = 0
        self.growing: set[int] = set()

    def code(self, node: tree.Node) -> Code:
        """Compile a node."""
        self.node_count += 1
        return self.rules[type(node)](node, self)

    def steps_since(self, node_count: int) -> int:
        """What it costs to evaluate the nodes that were compiled since."""
        return (self.node_count - node_count) // NODES_PER_STEP

    def push(self, name: str) -> int:
        """Make a local name visible from here on, or an element with `ELEMENT`; returns its slot."""
        slot = FIRST_SLOT + self.slot_count
        self.slot_count += 1
        self.layers.append((name, slot))
        return slot

    def pop(self, count: int = 1) -> None:
        """Hide the names pushed last."""
        del self.layers[len(self.layers) - count :]

    def resolve(self, name: str) -> tuple[tuple[int, ...], int | None]:
        """The slots of the elements to ask, innermost first, and the slot of the local name if there is one."""
        elements: list[int] = []
        for known, slot in reversed(self.layers):
            if known == name:
                return tuple(elements), slot
            if known == ELEMENT:
                elements.append(slot)
        return tuple(elements), None

    def local(self, node: tree.Node) -> int | None:
        """The slot of a node that is just a local name, as the variable of a loop is."""
        elements, slot = self.resolve(node.name) if isinstance(node, tree.Name) else ((), None)
        return None if elements or slot in self.growing else slot

    def input_key(self, node: tree.Node) -> str | None:
        """The name of a node that is nothing but an input, known to no filter and no local name."""
        if not isinstance(node, tree.Name) or self.resolve(node.name) != ((), None):
            return None
        return node.name

    def builtin(self, name: str) -> Native | None:
        """The built-in function of this name, if no local name hides it."""
        return None if self.resolve(name)[1] is not None else find_builtin(name)

    def failing(self, at: int, fault: Fault) -> Code:
        """The code of something that can never work: refused now if strict, else null with a warning."""
        plan = self.plan
        if plan.strict:
            raise ExpressionSyntaxError(str(fault), plan.text, at)
        return lambda frame: report(frame, plan, at, fault)


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mainspring.models.expression.runtime import Code

    Rules = dict[type, Callable[[Any, Scope], Code]]
