"""The `${…}` expressions of older BPMN files (Jakarta Expression Language 3.0), read into the tree of FEEL.

Only conditions and values are understood: operators, properties, indexes and a table of the usual methods. What calls
into Java is refused. The tree then means what FEEL says it means, so a null stays null instead of becoming 0 or "".
"""

from __future__ import annotations

from collections.abc import Callable

from mainspring.models.expression import tree
from mainspring.models.expression.decimals import number_of_text
from mainspring.models.expression.errors import ExpressionSyntaxError, Fault, LimitError
from mainspring.models.expression.juel_methods import METHODS, indexed, is_empty
from mainspring.models.expression.lexer import is_word, number_end
from mainspring.models.expression.limits import Limits

SIGNS = ("==", "!=", "<=", ">=", "&&", "||", *"<>!+-*/%?:.,()[]")
WORDS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "and": "&&",
    "or": "||",
    "not": "!",
    "div": "/",
    "mod": "%",
}
"""Operators that are also written as words."""
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))
"""Operators from loose to tight."""
LOGIC = frozenset(("||", "&&"))
OPERATORS = {"==": "=", "||": "or", "&&": "and"}
"""How FEEL writes those that it writes differently."""
CONSTANTS = {"true": True, "false": False, "null": None}
SHOWN_MAX = 30
"""Characters of a token that a message shows."""
ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}

Token = tuple[str, str, int]


def parse_juel(text: str, limits: Limits, _names: tuple[str, ...] = ()) -> tree.Node:
    """Read `${…}`, `#{…}` or what stands between the braces; raises ExpressionSyntaxError."""
    if len(text) > limits.text_max:
        raise LimitError(f"the text has {len(text):,} characters; at most {limits.text_max:,} are allowed")
    parser = _Parser(text, limits)
    try:
        node = parser.choice()
    except RecursionError:
        raise LimitError("the expression is nested too deeply", text) from None
    if parser.peek()[0] != "end":
        raise parser.failure("expected an operator or the end of the expression")
    return node


def _inside(text: str) -> tuple[int, int]:
    """Where the expression starts and ends: between the braces, if there are any."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if text[start : start + 2] not in ("${", "#{"):
        return start, end
    if text[end - 1] != "}":
        raise ExpressionSyntaxError("expected '}' at the end", text, end)
    return start + 2, end - 1


def _tokenize(text: str) -> list[Token]:
    place, end = _inside(text)
    tokens: list[Token] = []
    while place < end:
        if text[place].isspace():
            place += 1
            continue
        kind, said, following = _token(text, place, end)
        tokens.append((kind, said, place))
        place = following
    return [*tokens, ("end", "", end)]


def _token(text: str, place: int, end: int) -> tuple[str, str, int]:
    character = text[place]
    if character.isalpha() or character == "_":
        following = _while(text, place, end, lambda each: each.isalnum() or each == "_")
        word = text[place:following]
        if not is_word(word):
            raise ExpressionSyntaxError(f"{word[:SHOWN_MAX]!r} is not a name", text, place)
        return ("sign", WORDS[word], following) if word in WORDS else ("word", word, following)
    if character.isascii() and character.isdigit():
        following = number_end(text, place)
        return "number", text[place:following], following
    if character in "\"'":
        return _string(text, place, end)
    sign = next((sign for sign in SIGNS if text.startswith(sign, place)), "")
    if not sign:
        raise ExpressionSyntaxError(f"the character {character!r} has no meaning here", text, place)
    return "sign", sign, place + len(sign)


def _while(text: str, place: int, end: int, belongs: Callable[[str], bool]) -> int:
    while place < end and belongs(text[place]):
        place += 1
    return place


def _string(text: str, start: int, end: int) -> tuple[str, str, int]:
    pieces: list[str] = []
    place = start + 1
    while place < end and text[place] != text[start]:
        escaped = ESCAPES.get(text[place + 1 : place + 2]) if text[place] == "\\" else None
        pieces.append(text[place] if escaped is None else escaped)
        place += 1 if escaped is None else 2
    if place >= end:
        raise ExpressionSyntaxError("this string is not closed", text, start)
    return "string", "".join(pieces), place + 1


class _Parser:
    """Reads one expression; one method per level."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.tokens = _tokenize(text)
        self.place = 0
        self.nested = 0

    def peek(self) -> Token:
        return self.tokens[self.place]

    def accept(self, *signs: str) -> str:
        """The sign that was next, if it is one of these."""
        kind, said, _ = self.peek()
        if kind != "sign" or said not in signs:
            return ""
        self.place += 1
        return said

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise self.failure(f"expected '{sign}'")

    def failure(self, expected: str) -> ExpressionSyntaxError:
        kind, said, at = self.peek()
        found = "the end of the expression" if kind == "end" else f"'{said[:SHOWN_MAX]}'"
        return ExpressionSyntaxError(f"{expected}, found {found}", self.text, at)

    def choice(self) -> tree.Node:
        """`condition ? then : otherwise`."""
        self.nested += 1
        if self.nested * 2 > self.limits.depth_max:
            raise LimitError(f"the expression is nested deeper than {self.limits.depth_max} levels", self.text)
        node = self.operation(0)
        at = self.peek()[2]
        if self.accept("?"):
            then = self.choice()
            self.expect(":")
            node = tree.If(at, node, then, self.choice())
        self.nested -= 1
        return node

    def operation(self, level: int) -> tree.Node:
        """Operators of one level, from left to right."""
        if level == len(LEVELS):
            return self.prefix()
        left = self.operation(level + 1)
        at = self.peek()[2]
        if LEVELS[level][0] in LOGIC:
            return self.chain(at, level, left)
        while sign := self.accept(*LEVELS[level]):
            left = _operation(at, sign, left, self.operation(level + 1))
            at = self.peek()[2]
            if left.depth > self.limits.depth_max:
                raise LimitError(f"the expression is nested deeper than {self.limits.depth_max} levels", self.text, at)
        return left

    def chain(self, at: int, level: int, left: tree.Node) -> tree.Node:
        """All operands of one chain of `&&` or of `||`, which are one level of the tree."""
        operands = [left]
        while self.accept(*LEVELS[level]):
            operands.append(self.operation(level + 1))
        return tree.Logic(at, OPERATORS[LEVELS[level][0]], tuple(operands)) if len(operands) > 1 else left

    def prefix(self) -> tree.Node:
        """`!`, `-` and `empty` before an operand."""
        signs: list[tuple[str, int]] = []
        while True:
            _, said, at = self.peek()
            if not self.accept("!", "-") and not (said == "empty" and self._is_empty_operator()):
                break
            signs.append((said, at))
        node = self.postfix(self.operand())
        if len(signs) + node.depth > self.limits.depth_max:
            raise LimitError(f"the expression is nested deeper than {self.limits.depth_max} levels", self.text)
        for said, at in reversed(signs):
            node = _prefixed(at, said, node)
        return node

    def _is_empty_operator(self) -> bool:
        """Move past the word `empty` when it is an operator: an operand follows."""
        kind, said, _ = self.tokens[self.place + 1] if self.peek()[0] == "word" else ("end", "", 0)
        if kind == "end" or (kind == "sign" and said != "("):
            return False
        self.place += 1
        return True

    def operand(self) -> tree.Node:
        kind, said, at = self.peek()
        if self.accept("("):
            node = self.choice()
            self.expect(")")
            return node
        if kind in ("sign", "end"):
            raise self.failure("expected an expression")
        self.place += 1
        if kind == "number":
            return self._number(said, at)
        if kind == "string":
            return tree.Literal(at, said)
        return tree.Literal(at, CONSTANTS[said]) if said in CONSTANTS else tree.Name(at, said)

    def _number(self, said: str, at: int) -> tree.Node:
        try:
            return tree.Literal(at, number_of_text(said))
        except Fault as fault:
            raise ExpressionSyntaxError(str(fault), self.text, at) from None

    def postfix(self, node: tree.Node) -> tree.Node:
        """Properties, methods and indexes behind an operand."""
        while sign := self.accept(".", "[", "("):
            at = self.tokens[self.place - 1][2]
            if sign == "(":
                called = f"the function '{node.name}'" if isinstance(node, tree.Name) else "a function of Java"
                raise ExpressionSyntaxError(f"{called} cannot be called; only methods of values can", self.text, at)
            node = self.member(at, node) if sign == "." else self.index(at, node)
            if node.depth > self.limits.depth_max:
                raise LimitError(f"the expression is nested deeper than {self.limits.depth_max} levels", self.text, at)
        return node

    def member(self, at: int, source: tree.Node) -> tree.Node:
        """`.name`, or a method that FEEL has a function for."""
        kind, name, name_at = self.peek()
        if kind != "word":
            raise self.failure("expected a name after '.'")
        self.place += 1
        if not self.accept("("):
            return tree.Path(at, source, name)
        arguments: list[tree.Node] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.choice())
        count, translate = METHODS.get(name, (-1, None))
        if translate is None or len(arguments) != count:
            known = ", ".join(sorted(METHODS))
            raise ExpressionSyntaxError(
                f"the method '{name}' with {len(arguments)} arguments cannot be called; known are {known}",
                self.text,
                name_at,
            )
        return translate(at, source, arguments)

    def index(self, at: int, source: tree.Node) -> tree.Node:
        """`['key']`, or `[0]` counted from 0."""
        inside = self.choice()
        self.expect("]")
        return indexed(at, source, [inside])


def _operation(at: int, sign: str, left: tree.Node, right: tree.Node) -> tree.Node:
    if sign == "%":
        return tree.Call(at, tree.Name(at, "modulo"), (left, right), ())
    return tree.Binary(at, OPERATORS.get(sign, sign), left, right)


def _prefixed(at: int, said: str, operand: tree.Node) -> tree.Node:
    if said == "-":
        return tree.Negate(at, operand)
    if said == "!":
        return tree.Call(at, tree.Name(at, "not"), (operand,), ())
    return is_empty(at, operand)
