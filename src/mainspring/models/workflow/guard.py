"""Guards: conditions that are expressions, of which nothing but the values of the instance decides.

The names in a guard are inputs and nodes.  A value is decoded when the evaluation asks for it, so a guard that looks at
a number costs nothing for the megabytes beside it.  It is strict: what has no answer is a failure with its place.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

from msgspec import json

from mainspring.errors import ConditionFailedError
from mainspring.models.contract import Failure
from mainspring.models.expression import tree
from mainspring.models.expression.builtins import builtin_names
from mainspring.models.expression.errors import EvaluationError, ExpressionError
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.program import Expression, compile_text
from mainspring.models.expression.runtime import Plan
from mainspring.models.expression.values import show
from mainspring.models.retry import failure_of
from mainspring.models.workflow.document import FEEL, When
from mainspring.models.workflow.template import Values

TEXT_LENGTH_MAX = 10_000
"""Characters; a condition that fills pages is a program, and belongs into a task."""

STEPS_MAX = 250_000
"""Some 60 ms; a condition is asked within a turn, and every other instance waits for it."""

LIMITS = Limits(text_max=TEXT_LENGTH_MAX, steps_max=STEPS_MAX)

NAME_LENGTH_MAX = 200
"""Of a key; no name in a text is longer."""

SHOWN_MAX = 60
"""Characters of a text that begin a message."""

CHANGING = ("now", "today", "random number")
"""Functions whose answer is not in the instance."""

FUNCTIONS = tuple(builtin_names())
"""What a call may have meant that calls nothing."""

_PIECE = re.compile(r"[A-Za-z0-9_]+|-|[^\sA-Za-z0-9_-]+")
_HANDLER = re.compile(r"[\w.]+:[\w.]+")

_decode = json.Decoder(float_hook=Decimal).decode


class Guard:
    """A compiled expression; a `Condition`.  One that cannot be compiled fails whatever it guards."""

    __slots__ = ("called", "expression", "known", "problems", "text", "unknown")
    functions = FUNCTIONS

    def __init__(self, when: When, slots: Mapping[str, int]) -> None:
        """`slots`: where the values of inputs and nodes are."""
        self.text = when.test
        self.expression: Expression | None = None
        self.known: dict[str, int] = {}
        """The slots of the names that it may read."""
        self.unknown: dict[str, int] = {}
        """Names that nothing has, with their places in the text."""
        self.called: dict[str, int] = {}
        """Names of functions, with their places."""
        self.problems: list[str] = []
        """Why it cannot serve, apart from unknown names."""
        try:
            self.expression = compiled = _compile(when, slots)
        except ExpressionError as error:
            hint = "; a Python predicate is {test: …, language: python}" if _HANDLER.fullmatch(self.text) else ""
            self.problems.append(f"{error}{hint}")
            return
        self.known = {name: slots[name] for name in sorted(compiled.names) if name in slots}
        self.called = _called(compiled.tree)
        needed = sorted(compiled.needed.items(), key=itemgetter(1))
        self.unknown = {name: at for name, at in needed if name not in slots}
        self.problems += [
            self.told(f"{name}() is not for conditions, which only the values of the instance decide", at)
            for name, at in self.called.items()
            if name in CHANGING
        ]

    @property
    def slots(self) -> tuple[int, ...]:
        """The values that it may look at."""
        return tuple(self.known.values())

    def holds(self, values: Values) -> bool | Failure:
        """Whether it is true; a failure where it is neither true nor false."""
        expression = self.expression
        if expression is None:
            return self._failure(self.problems[0])
        try:
            answer = expression(_Read(self.known, values))
            if type(answer) is bool:
                return answer
            return self._failure(self.told(f"expected true or false, found {show(answer)}", expression.tree.at))
        except ExpressionError as error:
            return self._failure(str(error))
        except Exception as error:  # noqa: BLE001 - decide must not raise, whatever a text finds in the data
            return self._failure(f"{type(error).__name__}: {error}")

    def told(self, message: str, at: int) -> str:
        """A message with its place in the text."""
        return str(EvaluationError(message, self.text, at))

    def _failure(self, reason: str) -> Failure:
        text = " ".join(self.text.split())
        shown = text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
        return failure_of(ConditionFailedError(f"when {shown}: {reason}"))


class _Read(dict[str, Any]):
    """What an evaluation has read, by name; each value is decoded when it is first asked for."""

    __slots__ = ("slots", "values_by_slot")

    def __init__(self, slots: Mapping[str, int], values: Values) -> None:
        super().__init__()
        self.slots, self.values_by_slot = slots, values

    def __missing__(self, name: str) -> Any:
        raw = self.values_by_slot[self.slots[name]]  # KeyError: as any mapping of inputs
        value = self[name] = None if raw is None else _decode(raw)
        return value


def _compile(when: When, known: Container[str]) -> Expression:
    plan = Plan(when.test, strict=True, clock=None, random=None, limits=LIMITS)
    return compile_text(plan, language=when.language, names=hyphened(when.test, known) if when.language == FEEL else ())


def hyphened(text: str, known: Container[str]) -> tuple[str, ...]:
    """The known names with a hyphen that a text may mean: `a-b` is a difference only where nothing has that name.

    Only what the text has is looked for, since a definition may have a hundred thousand names.
    """
    pieces = _PIECE.findall(text[: TEXT_LENGTH_MAX + 1])
    found: dict[str, None] = {}
    for start, name in enumerate(pieces):
        if not (name[0].isalpha() or name[0] == "_"):
            continue
        for piece in pieces[start + 1 : start + NAME_LENGTH_MAX]:
            if piece != "-" and (name[-1] != "-" or not _is_word(piece)):
                break
            name += piece
            if len(name) > NAME_LENGTH_MAX:
                break
            if name in known:
                found[name] = None
    return tuple(found)


def _is_word(piece: str) -> bool:
    return piece[0].isalnum() or piece[0] == "_"


def _called(root: tree.Node) -> dict[str, int]:
    """Names that are called, and where first."""
    found: dict[str, int] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
            found.setdefault(node.function.name, node.function.at)
        waiting += reversed(list(tree.children(node)))
    return found
