"""Tokens to tree: the grammar of FEEL (DMN 1.5, section 10.3.1.2) by precedence climbing.

From loose to tight: `or`, `and`, comparison with `between` and `in`, sum, product, power, negation, `instance of`, then
paths, filters and calls. The numbers of the rules are those of the standard.
"""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.errors import LimitError
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.operand_parser import (
    AND,
    COMPARISON,
    OR,
    POWER,
    PRODUCT,
    SUM,
    OperandParser,
    Reader,
)
from mainspring.models.expression.type_parser import parse_type

PRECEDENCE = {
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "between", "in"), COMPARISON),
    "or": OR,
    "and": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "**": POWER,
}
COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
OPENERS = frozenset(("(", "[", "]", "{", "-"))
"""Signs that can start an expression."""


def parse(text: str, limits: Limits | None = None, names: tuple[str, ...] = ()) -> tree.Node:
    """Read one expression; raises ExpressionSyntaxError with what was expected, or LimitError."""
    parser = Parser(text, limits or Limits(), names)
    return parser.whole(parser.expression)


def parse_unary(text: str, limits: Limits | None = None, names: tuple[str, ...] = ()) -> tree.Node:
    """Read unary tests (rule 17): a hyphen, tests with commas between them, or `not(…)` around such."""
    parser = Parser(text, limits or Limits(), names)
    return parser.whole(parser.unary_tests)


class Parser(OperandParser):
    """Operators and tests around operands; each method reads a construct and returns its node."""

    def whole(self, read: Reader) -> tree.Node:
        """Read the whole text with one method."""
        try:
            node = read()
        except RecursionError:
            raise LimitError("the expression is nested too deeply", self.text, self.at) from None
        if self.tokens[self.place][0] != "end":
            raise self.failure("expected an operator or the end of the expression")
        return node

    # --- Operators

    def expression(self, loosest: int = OR) -> tree.Node:
        """An expression whose operators bind at least as tightly as `loosest`."""
        return self.infix(self.prefix(), loosest)

    def infix(self, left: tree.Node, loosest: int) -> tree.Node:
        """The operators after an operand, with their right operands."""
        while True:
            kind, said, at, _ = self.tokens[self.place]
            level = PRECEDENCE.get(said, 0) if kind in ("sign", "word") else 0
            if level < loosest or not level:
                return left
            self.place += 1
            left = self.operation(at, said, level, left)
            self.check_depth(left.depth)

    def operation(self, at: int, said: str, level: int, left: tree.Node) -> tree.Node:
        """One operator with its right side."""
        if level <= AND:
            return self.logic(at, said, level, left)
        if said == "between":
            low = self.expression(SUM)
            self.expect("and", "between the two ends of 'between'")
            return tree.Between(at, left, low, self.expression(SUM))
        if said == "in":
            return tree.In(at, left, self.in_tests())
        return tree.Binary(at, said, left, self.expression(level + 1))

    def logic(self, at: int, said: str, level: int, left: tree.Node) -> tree.Node:
        """All operands of one chain of `and` or of `or`."""
        operands = [left, self.expression(level + 1)]
        while self.accept(said):
            operands.append(self.expression(level + 1))
        return tree.Logic(at, said, tuple(operands))

    def prefix(self) -> tree.Node:
        """An operand with the signs before it: negation binds more tightly than a power (rule 24)."""
        signs = []
        while self.sees("-"):
            signs.append(self.at)
            self.place += 1
            self.check_depth(len(signs))
        node = self.typed(self.postfix(self.primary()))
        for at in reversed(signs):
            node = tree.Negate(at, node)
        return node

    def typed(self, node: tree.Node) -> tree.Node:
        """`instance of` behind an operand, if it follows (rule 49)."""
        at = self.at
        if not self.sees_pair("instance", "of"):
            return node
        self.place += 2
        return tree.InstanceOf(at, node, parse_type(self))

    def postfix(self, node: tree.Node) -> tree.Node:
        """The paths, filters and arguments after an operand (rules 40, 45 and 52)."""
        while True:
            at = self.at
            if self.accept("."):
                node = tree.Path(at, node, self.property_name())
            elif self.sees("(") and not isinstance(node, tree.Bound):
                self.place += 1
                node = tree.Call(at, node, *self.arguments())
            elif self.sees("[") and not self.closes_interval():
                self.place += 1
                node = tree.Filter(at, node, self.nest(self.expression))
                self.expect("]", "after the condition of a filter")
            else:
                return node
            self.check_depth(node.depth)

    def closes_interval(self) -> bool:
        """Whether a `[` ends a range (`[1..5[`) and starts no filter: nothing that could be a condition follows."""
        if not self.in_interval_end:
            return False
        kind, said, _, _ = self.tokens[self.place + 1]
        if kind == "word":
            return said in ("and", "or", "then", "else", "return", "satisfies", "in", "between", "instance")
        return kind == "end" or (kind == "sign" and said not in OPENERS) or said == "]"

    # --- Tests

    def unary_tests(self) -> tree.Node:
        """A hyphen, `not(tests)`, or tests (rules 12 to 17)."""
        at = self.at
        if self.sees("-") and self.tokens[self.place + 1][0] == "end":
            self.place += 1
            return tree.Tests(at, (), False)
        if self.sees("not") and self.tokens[self.place + 1][1] == "(":
            self.place += 2
            tests = self.tests(COMPARISON)
            self.expect(")", "after the tests of 'not'")
            return tree.Tests(at, tests, True)
        return tree.Tests(at, self.tests(OR), False)

    def tests(self, loosest: int) -> tuple[tree.Node, ...]:
        """Tests with commas between them."""
        tests = [self.test(loosest)]
        while self.accept(","):
            tests.append(self.test(loosest))
        return tuple(tests)

    def test(self, loosest: int) -> tree.Node:
        """One test: a comparison without its left side, or an expression."""
        kind, said, at, _ = self.tokens[self.place]
        if kind == "sign" and said in COMPARISONS:
            self.place += 1
            return tree.Bound(at, said, self.expression(SUM))
        return self.expression(loosest)

    def in_tests(self) -> tuple[tree.Node, ...]:
        """The tests after `in`: one, or several in parentheses."""
        if not self.sees("("):
            return (self.test(SUM),)
        return self.group()

    def group(self) -> tuple[tree.Node, ...]:
        """Tests in parentheses; a single one may turn out to be the first operand of an expression."""
        self.deepen()
        at = self.expect("(", "here")
        tests = [self.test(OR)]
        if self.sees(".."):
            tests = [self.range_from(at, tests[0], start_included=False)]
        else:
            while self.accept(","):
                tests.append(self.test(OR))
            self.expect(")", "to close the tests of 'in'")
        self.nested -= 2
        return (self.infix(self.typed(self.postfix(tests[0])), SUM),) if len(tests) == 1 else tuple(tests)
