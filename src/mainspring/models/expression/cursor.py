"""A place in a list of tokens: looking ahead, moving on, and saying what was expected."""

from __future__ import annotations

from mainspring.models.expression.errors import ExpressionSyntaxError, LimitError
from mainspring.models.expression.lexer import Token, tokenize
from mainspring.models.expression.limits import Limits

SHOWN_MAX = 30
"""Characters of a token that a message shows."""


class Cursor:
    """Reads the tokens of one text from left to right."""

    def __init__(self, text: str, limits: Limits) -> None:
        if len(text) > limits.text_max:
            raise LimitError(f"the text has {len(text):,} characters; at most {limits.text_max:,} are allowed")
        self.text = text
        self.limits = limits
        self.tokens: list[Token] = tokenize(text)
        self.place = 0
        self.nested = 0

    @property
    def at(self) -> int:
        """The offset of the next token in the text."""
        return self.tokens[self.place][2]

    def sees(self, said: str) -> bool:
        """Whether the next token is this sign or word."""
        token = self.tokens[self.place]
        return token[1] == said and token[0] in ("sign", "word")

    def sees_pair(self, first: str, second: str) -> bool:
        """Whether the next two tokens are these words."""
        return self.sees(first) and self.tokens[self.place + 1][:2] == ("word", second)

    def accept(self, said: str) -> bool:
        """Move past this sign or word if it is next."""
        if self.sees(said):
            self.place += 1
            return True
        return False

    def expect(self, said: str, after: str) -> int:
        """Move past this sign or word, which must be next; returns where it stood."""
        if not self.sees(said):
            raise self.failure(f"expected '{said}' {after}")
        self.place += 1
        return self.tokens[self.place - 1][2]

    def failure(self, expected: str) -> ExpressionSyntaxError:
        """The error that tells what was expected here and what was found."""
        kind, _, start, end = self.tokens[self.place]
        shown = self.text[start : min(end, start + SHOWN_MAX)]
        found = "the end of the text" if kind == "end" else f"'{shown}'"
        return ExpressionSyntaxError(f"{expected}, found {found}", self.text, start)

    def deepen(self) -> None:
        """Go one bracket or keyword deeper; each level costs about two levels of tree."""
        self.nested += 2
        self.check_depth(self.nested)

    def check_depth(self, depth: int) -> None:
        """Refuse a tree that is deeper than the limit."""
        if depth > self.limits.depth_max:
            raise LimitError(f"the expression is nested deeper than {self.limits.depth_max} levels", self.text, self.at)
