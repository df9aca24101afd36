"""Operands: literals, names, brackets and the constructs that start with a keyword (DMN 1.5, section 10.3.1.2).

What stands inside them is an expression again, which `parser.py` reads; it builds on this class.
"""

from __future__ import annotations

from collections.abc import Callable

from mainspring.models.expression import tree
from mainspring.models.expression.cursor import Cursor
from mainspring.models.expression.decimals import number_of_text
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.naming import KEYWORDS, Scope, is_name_part, plain_length, spell
from mainspring.models.expression.type_parser import parse_type

OR, AND, COMPARISON, SUM, PRODUCT, POWER = range(1, 7)
"""How tightly operators bind."""
HINTS = {
    "=": "expected an expression (equality is written with one '=')",
    "'": "expected an expression (strings stand in double quotes)",
}
"""What people mean who come from other languages."""
CLOSERS = frozenset(")]},")
"""Signs that tell a `]` at the start of an operand from the start of a range: something before it is missing."""
CONSTANTS = {"null": None, "true": True, "false": False}

Reader = Callable[[], tree.Node]


class OperandParser(Cursor):
    """One method per construct; each reads it and returns its node."""

    def __init__(self, text: str, limits: Limits, names: tuple[str, ...]) -> None:
        super().__init__(text, limits)
        self.scope = Scope(names)
        self.in_interval_end = False

    def expression(self, loosest: int = OR) -> tree.Node:
        """An expression whose operators bind at least as tightly as `loosest`."""
        raise NotImplementedError

    def test(self, loosest: int) -> tree.Node:
        """A comparison without its left side, or an expression."""
        raise NotImplementedError

    def nest(self, read: Reader) -> tree.Node:
        """Read something in brackets, one level deeper."""
        self.deepen()
        interval, self.in_interval_end = self.in_interval_end, False
        node = read()
        self.in_interval_end = interval
        self.nested -= 2
        return node

    def primary(self) -> tree.Node:
        """A literal, a name, brackets, or a construct that starts with a keyword."""
        kind, said, at, _ = self.tokens[self.place]
        if kind == "word":
            return self.worded(said, at)
        read = {"(": self.parenthesis, "[": self.list_or_range, "]": self.open_range, "{": self.context}.get(said)
        if kind == "sign" and read is not None:
            return self.nest(read)
        if kind in ("sign", "end"):
            raise self.failure(HINTS.get(said, "expected an expression"))
        if kind == "number":
            return self.number(said, at)
        self.place += 1
        return tree.At(at, said) if kind == "at" else tree.Literal(at, said)

    def number(self, said: str, at: int) -> tree.Node:
        """A number (rule 37)."""
        try:
            node = tree.Literal(at, number_of_text(said))
        except Fault as fault:
            raise self.failure(str(fault)) from None
        self.place += 1
        return node

    def worded(self, said: str, at: int) -> tree.Node:
        """What starts with a word."""
        name, count = self.scope.find(self.tokens, self.place)
        length = plain_length(self.tokens, self.place)
        if count > length:
            self.place += count
            return tree.Name(at, name)
        if length:
            self.place += length
            return tree.Name(at, spell(self.tokens, self.place - length, self.place))
        self.place += 1
        if said in CONSTANTS:
            return tree.Literal(at, CONSTANTS[said])
        read = {
            "if": self.choice,
            "for": self.loop,
            "function": self.definition,
            **dict.fromkeys(("some", "every"), self.quantified),
        }.get(said)
        if read is None:
            self.place -= 1
            raise self.failure("expected an expression")
        return self.nest(read)

    def property_name(self) -> str:
        """The name after a point."""
        name, count = self.scope.find_property(self.tokens, self.place)
        length = plain_length(self.tokens, self.place)
        if max(count, length) == 0:
            raise self.failure("expected the name of a property after '.'")
        self.place += max(count, length)
        return name if count > length else spell(self.tokens, self.place - length, self.place)

    def parenthesis(self) -> tree.Node:
        """An expression in parentheses, an open range `(1..5]`, or a test as a value `(< 5)`."""
        at = self.expect("(", "here")
        node = self.test(OR)
        if self.sees(".."):
            return self.range_from(at, node, start_included=False)
        self.expect(")", "to close the parenthesis")
        return node

    def list_or_range(self) -> tree.Node:
        """`[1, 2]` or `[1..2]` (rules 7 and 54)."""
        at = self.expect("[", "here")
        items: list[tree.Node] = []
        while not self.accept("]"):
            if items:
                self.expect(",", "or ']' after an element of a list")
            items.append(self.expression())
            if len(items) == 1 and self.sees(".."):
                return self.range_from(at, items[0], start_included=True)
        return tree.Items(at, tuple(items))

    def open_range(self) -> tree.Node:
        """`]1..2]`, another spelling of `(1..2]`."""
        kind, said, _, _ = self.tokens[self.place + 1]
        if kind == "end" or said in CLOSERS:
            raise self.failure("expected an expression")
        at = self.expect("]", "here")
        return self.range_from(at, self.expression(SUM), start_included=False)

    def range_from(self, at: int, start: tree.Node, *, start_included: bool) -> tree.Node:
        """The rest of a range after its start."""
        self.expect("..", "after the start of a range")
        self.in_interval_end = True
        end = self.expression(SUM)
        self.in_interval_end = False
        if self.accept("]"):
            return tree.Span(at, start, end, start_included, True)
        if self.accept(")") or self.accept("["):
            return tree.Span(at, start, end, start_included, False)
        raise self.failure("expected ']', ')' or '[' after the end of a range")

    def context(self) -> tree.Node:
        """`{key: expression, …}` (rule 57)."""
        at = self.expect("{", "here")
        known = len(self.scope.known)
        entries: list[tree.Entry] = []
        while not self.accept("}"):
            if entries:
                self.expect(",", "or '}' after an entry of a context")
            entry_at, key = self.at, self.key()
            entries.append(tree.Entry(entry_at, key, self.expression()))
            self.scope.declare(key)
        self.scope.keys += self.scope.known[known:]
        del self.scope.known[known:]
        return tree.Entries(at, tuple(entries))

    def key(self) -> str:
        """The key of an entry and its colon; a name may hold any sign that names may hold."""
        if self.tokens[self.place][0] == "string":
            self.place += 1
            key = self.tokens[self.place - 1][1]
        else:
            start = self.place
            while is_name_part(self.tokens[self.place]):
                self.place += 1
            if self.tokens[start][0] != "word":
                self.place = start
                raise self.failure("expected the key of an entry (a name or a string) or '}'")
            key = spell(self.tokens, start, self.place)
        self.expect(":", "after the key of an entry")
        return key

    def arguments(self) -> tuple[tuple[tree.Node, ...], tuple[str, ...]]:
        """Arguments by position or by name, and the closing parenthesis (rules 41 to 44)."""
        values: list[tree.Node] = []
        names: list[str] = []
        named = bool(self.label_length())
        while not self.accept(")"):
            if values:
                self.expect(",", "or ')' after an argument")
            if named:
                names.append(self.label())
            values.append(self.nest(self.expression))
        return tuple(values), tuple(names)

    def label_length(self) -> int:
        """How many tokens make up the name of an argument here; 0 when no `name:` follows."""
        end = self.place
        while self.tokens[end][0] == "word" or (end > self.place and is_name_part(self.tokens[end])):
            end += 1
        return end - self.place if self.tokens[end][1] == ":" else 0

    def label(self) -> str:
        """The name of an argument and its colon."""
        length = self.label_length()
        if not length:
            raise self.failure("expected the name of an argument: either all have names or none has")
        self.place += length + 1
        return spell(self.tokens, self.place - length - 1, self.place - 1)

    # --- Constructs with keywords

    def choice(self) -> tree.Node:
        """`if … then … else …` (rule 47)."""
        at = self.tokens[self.place - 1][2]
        condition = self.expression()
        self.expect("then", "after the condition of 'if'")
        then = self.expression()
        self.expect("else", "after the 'then' part of 'if'")
        return tree.If(at, condition, then, self.expression())

    def loop(self) -> tree.Node:
        """`for … return …` (rule 46)."""
        at, known = self.tokens[self.place - 1][2], len(self.scope.known)
        iterators = self.iterators()
        self.expect("return", "after the iterators of 'for'")
        body = self.expression()
        del self.scope.known[known:]
        return tree.For(at, iterators, body)

    def quantified(self) -> tree.Node:
        """`some … satisfies …` and `every … satisfies …` (rule 48)."""
        _, said, at, _ = self.tokens[self.place - 1]
        known = len(self.scope.known)
        iterators = self.iterators()
        self.expect("satisfies", f"after the iterators of '{said}'")
        condition = self.expression()
        del self.scope.known[known:]
        return tree.Quantified(at, said, iterators, condition)

    def iterators(self) -> tuple[tree.Iterator, ...]:
        """`name in list` or `name in start..end`, with commas between them."""
        iterators: list[tree.Iterator] = []
        while not iterators or self.accept(","):
            at, name = self.at, self.local_name("in")
            self.expect("in", "after the name of an iterator")
            source = self.expression()
            end = self.expression() if self.accept("..") else None
            iterators.append(tree.Iterator(at, name, source, end))
            self.scope.declare(name)
        return tuple(iterators)

    def local_name(self, *ends: str) -> str:
        """A new name, up to one of these words or signs."""
        start = self.place
        while is_name_part(self.tokens[self.place]) and self.tokens[self.place][1] not in ends:
            self.place += 1
        if start == self.place or self.tokens[start][0] != "word" or self.tokens[start][1] in KEYWORDS:
            self.place = start
            raise self.failure("expected a name")
        return spell(self.tokens, start, self.place)

    def definition(self) -> tree.Node:
        """`function(name: type, …) body` (rule 55); a body outside of FEEL is refused."""
        at, known = self.tokens[self.place - 1][2], len(self.scope.known)
        self.expect("(", "after 'function'")
        parameters: list[tree.Parameter] = []
        while not self.accept(")"):
            if parameters:
                self.expect(",", "or ')' after a parameter")
            parameter_at, name = self.at, self.local_name()
            parameters.append(tree.Parameter(parameter_at, name, parse_type(self) if self.accept(":") else None))
            self.scope.declare(name)
        if self.sees("external"):
            raise self.failure("external functions are refused: expected an expression as the function's body")
        body = self.expression()
        del self.scope.known[known:]
        return tree.Lambda(at, tuple(parameters), body)
