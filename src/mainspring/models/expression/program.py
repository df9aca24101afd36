"""A compiled expression: what it needs, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mainspring.models.expression import tree
from mainspring.models.expression.compiler.rules import RULES
from mainspring.models.expression.compiler.scope import Scope
from mainspring.models.expression.errors import ExpressionError, Fault, LimitError, LocatedWarning
from mainspring.models.expression.juel import parse_juel
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.parser import parse, parse_unary
from mainspring.models.expression.printer import describe, print_tree
from mainspring.models.expression.runtime import FIRST_SLOT, RUN, Frame, Plan, Run, report
from mainspring.models.expression.standard import READY, adopt, release

Inputs = Mapping[str, object]
Reader = Callable[[str, Limits, tuple[str, ...]], tree.Node]

LANGUAGES: dict[str, Reader] = {"feel": parse, "juel": parse_juel}
"""The languages of expressions, and what reads them."""


def compile_text(plan: Plan, *, language: str, names: tuple[str, ...]) -> Expression:
    """Compile the plan's text; `names` are known inputs whose names hold signs or keywords."""
    if language not in LANGUAGES:
        raise ExpressionError(f"there is no expression language {language!r}; known are {', '.join(LANGUAGES)}")
    return Expression(LANGUAGES[language](plan.text, plan.limits, names), plan)


def compile_unary(plan: Plan, *, names: tuple[str, ...]) -> UnaryTests:
    """Compile the plan's text as unary tests."""
    return UnaryTests(parse_unary(plan.text, plan.limits, names), plan)


class Result:
    """The value of an expression, and the located reasons for each null in it that came from an error."""

    __slots__ = ("value", "warnings")

    def __init__(self, value: object, warnings: tuple[LocatedWarning, ...]) -> None:
        self.value = value
        self.warnings = warnings

    def __repr__(self) -> str:
        return f"Result({self.value!r}, warnings={list(map(str, self.warnings))!r})"


class Expression:
    """A compiled expression; call it with a mapping of inputs, or with inputs by name."""

    __slots__ = ("_code", "_plan", "_slots", "names", "needed", "tree")

    def __init__(self, node: tree.Node, plan: Plan) -> None:
        """Compile a tree; raises ExpressionSyntaxError when the plan is strict and a part can never work."""
        scope = Scope(plan, RULES)
        try:
            self._code = scope.code(node)
        except RecursionError:
            raise LimitError("the expression is nested too deeply", plan.text) from None
        self._plan = plan
        self._slots = [None] * scope.slot_count
        self.tree = node
        self.names = frozenset(scope.names)
        """What it may read from its inputs, entries of a filter's elements among them."""
        self.needed = scope.needed
        """What it can have from its inputs only, with the place of each."""

    @property
    def text(self) -> str:
        """The text that was compiled."""
        return self._plan.text

    @property
    def strict(self) -> bool:
        """Whether an error raises instead of giving null."""
        return self._plan.strict

    def __repr__(self) -> str:
        return f"<Expression {print_tree(self.tree)}>"

    def __call__(self, inputs: Inputs | None = None, /, **names: object) -> Any:
        """The value for these inputs; raises EvaluationError if strict, and LimitError in any case."""
        if inputs is None:
            inputs = names
        elif names:
            inputs = {**inputs, **names}
        frame: Frame = [inputs, None, *self._slots]
        try:
            value = self._code(frame)
            return value if type(value) in READY else release(value)
        except (Fault, LimitError, RecursionError) as stop:
            return self._stopped(frame, stop)

    def evaluate(self, inputs: Inputs | None = None, /, **names: object) -> Result:
        """The value for these inputs together with the warnings."""
        return self._evaluate([{**(inputs or {}), **names} if names else inputs or {}, None, *self._slots])

    def _evaluate(self, frame: Frame) -> Result:
        try:
            value = release(self._code(frame))
        except (Fault, LimitError, RecursionError) as stop:
            value = self._stopped(frame, stop)
        run = frame[RUN]
        return Result(value, tuple(run.warnings) if isinstance(run, Run) else ())

    def _stopped(self, frame: Frame, stop: Exception) -> object:
        """What stops an evaluation between its nodes: a limit, or something without a meaning deep in an input."""
        if isinstance(stop, Fault):
            return report(frame, self._plan, 0, stop)
        if isinstance(stop, LimitError):
            raise LimitError(stop.warning.message, self.text, stop.warning.offset) from None
        raise LimitError("the evaluation is nested too deeply", self.text) from None

    def to_text(self) -> str:
        """The expression in its usual spelling, as FEEL."""
        return print_tree(self.tree)

    def outline(self) -> str:
        """The tree, one node a line."""
        return describe(self.tree)


class UnaryTests(Expression):
    """Compiled unary tests; call them with the value to test."""

    __slots__ = ()

    def __call__(self, value: object = None, inputs: Inputs | None = None, /, **names: object) -> Any:
        """Whether the value passes."""
        return self.evaluate(value, inputs, **names).value

    def evaluate(self, value: object = None, inputs: Inputs | None = None, /, **names: object) -> Result:
        """Whether the value passes, together with the warnings."""
        frame: Frame = [{**(inputs or {}), **names}, None, *self._slots]
        try:
            frame[FIRST_SLOT] = adopt(value)
        except Fault as fault:
            report(frame, self._plan, 0, fault)
        return self._evaluate(frame)


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from typing import Any
