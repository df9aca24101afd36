"""What can go wrong with an expression: in its text, in its evaluation, or by its size.

Three situations, one class each. All of them know the text and the place, and show both with a caret.
`Fault` never leaves the package: operators and functions raise it without knowing where they stand,
and the node that called them turns it into a located `LocatedWarning`.
"""

from __future__ import annotations

from mainspring.errors import InvalidError

LINE_SHOWN_MAX = 120
"""Characters of a source line that a message shows; a longer line is cut around its place."""


class Fault(Exception):
    """An operation has no value for its operands; the message says why, the catcher knows where."""


class LocatedWarning:
    """One located reason for a null: what was wrong, and where in the text."""

    __slots__ = ("message", "offset", "text")

    def __init__(self, message: str, text: str, offset: int) -> None:
        self.message = message
        self.text = text
        self.offset = offset

    @property
    def line(self) -> int:
        """The line of the place, counted from 1."""
        return self.text.count("\n", 0, self.offset) + 1

    @property
    def column(self) -> int:
        """The column of the place, in characters counted from 1."""
        return self.offset - self.text.rfind("\n", 0, self.offset)

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"

    def __repr__(self) -> str:
        return f"<LocatedWarning {self}>"

    def excerpt(self) -> str:
        """Show the line of the place with a caret below it."""
        start = self.text.rfind("\n", 0, self.offset) + 1
        end = self.text.find("\n", self.offset)
        line = self.text[start : end if end >= 0 else len(self.text)].replace("\t", " ")
        place = self.offset - start
        left = max(0, place - LINE_SHOWN_MAX // 2)
        return f"    {line[left : left + LINE_SHOWN_MAX].rstrip()}\n    {' ' * (place - left)}^"


class ExpressionError(InvalidError):
    """An expression cannot be used as it is written, or has no value for its input."""

    def __init__(self, message: str, text: str = "", offset: int = 0) -> None:
        self.warning = LocatedWarning(message, text, offset)
        super().__init__(f"{self.warning}\n{self.warning.excerpt()}" if text else message)

    @property
    def line(self) -> int:
        """The line of the place, counted from 1."""
        return self.warning.line

    @property
    def column(self) -> int:
        """The column of the place, in characters counted from 1."""
        return self.warning.column


class ExpressionSyntaxError(ExpressionError):
    """The text is not an expression of its language."""


class EvaluationError(ExpressionError):
    """A strict expression met an error that the standard would turn into null."""


class LimitError(ExpressionError):
    """The text or its evaluation is larger than its limits allow."""
