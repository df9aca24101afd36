"""Tree to text: the shortest usual spelling, such that parsing it gives the same tree again."""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.decimals import text_of_number
from mainspring.models.expression.naming import CALLED_BY_KEYWORDS, is_plain, words_of
from mainspring.models.expression.operand_parser import COMPARISON, OR, POWER, SUM
from mainspring.models.expression.parser import PRECEDENCE
from mainspring.models.expression.type_parser import GENERIC_TYPES

NEGATION, TYPED, OPERAND = POWER + 1, POWER + 2, POWER + 3
"""Levels above the operators of two operands."""
OPEN = 0
"""The level of what extends to the right as far as it can: `if`, `for`, `some`, `function`."""

CALLED_NAMES = frozenset(map(" ".join, CALLED_BY_KEYWORDS))
ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\u000b", "\f": "\\u000c",
    "\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029",
}  # fmt: skip


def print_tree(node: tree.Node) -> str:
    """Write a tree as FEEL."""
    odd = _odd_names(node)
    return _inner(_enclosed(node, odd) if odd else node)


def _odd_names(node: tree.Node) -> set[str]:
    """The names with signs or keywords that the text of a tree would make known, `a-b` for example."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        match waiting.pop():
            case tree.Entry(key=name) | tree.Iterator(name=name) | tree.Parameter(name=name) as one:
                found |= set() if is_plain(name) else {name}
                waiting.extend(tree.children(one))
            case other:
                waiting.extend(tree.children(other))
    return found


def _enclosed(node: tree.Node, odd: set[str]) -> tree.Node:
    """The same tree, with parentheses around each name that would be read as the start of such a name."""
    parts = [
        tuple(_enclosed(each, odd) if isinstance(each, tree.Node) else each for each in part)
        if isinstance(part, tuple)
        else _enclosed(part, odd)
        if isinstance(part, tree.Node)
        else part
        for part in node.parts()
    ]
    copy: tree.Node = type(node)(node.at, *parts)
    match node:
        case tree.Name(name=name) | tree.Path(name=name) if name not in CALLED_NAMES:
            starts = any(each != name and each.startswith(name) for each in odd)
            return tree.Name(node.at, f"({_text(copy)})") if starts else copy
        case _:
            return copy


def describe(node: tree.Node) -> str:
    """Show a tree as an outline, one node a line, for people."""
    return "\n".join(_outline(node, ""))


def quote(text: str) -> str:
    """A string literal."""
    return f'"{"".join(ESCAPES.get(character, character) for character in text)}"'


def _outline(node: tree.Node, indent: str) -> list[str]:
    words = [str(part) for part in node.parts() if not isinstance(part, tree.Node | tuple) and part is not None]
    if isinstance(node, tree.Literal):
        words = [_text(node)]
    words += [str(part) for parts in node.parts() if type(parts) is tuple for part in parts if type(part) is str]
    lines = [f"{indent}{type(node).__name__} {' '.join(words)}".rstrip()]
    for child in tree.children(node):
        lines += _outline(child, indent + "  ")
    return lines


def _text(node: tree.Node) -> str:
    return _WRITERS[type(node)](node)


def _level(node: tree.Node) -> int:
    """How tightly the outermost operator of a node binds."""
    match node:
        case tree.Logic(operator=operator) | tree.Binary(operator=operator):
            return PRECEDENCE[operator]
        case tree.Between() | tree.In():
            return COMPARISON
        case tree.Negate():
            return NEGATION
        case tree.InstanceOf(type=tree.TypeName(name=name)) if name in GENERIC_TYPES:
            return OPEN  # a `<` behind it would look like the start of its own parameters
        case tree.InstanceOf():
            return TYPED
        case tree.If() | tree.For() | tree.Quantified() | tree.Lambda() | tree.Bound():
            return OPEN
        case _:
            return OPERAND


def _at(node: tree.Node, loosest: int) -> str:
    """A node as an operand: in parentheses when it binds less tightly than its place asks for."""
    text = _text(node)
    return text if _level(node) >= loosest else f"({text})"


def _literal(node: tree.Literal) -> str:
    value = node.value
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    return quote(value) if isinstance(value, str) else text_of_literal(value)


def text_of_literal(value: object) -> str:
    """A number as short as it can be written; an exponent keeps a huge one from becoming six thousand digits."""
    assert not isinstance(value, str)
    plain = text_of_number(value)  # type: ignore[arg-type]
    return plain if len(plain) <= 60 else str(value)


def _key(key: str) -> str:
    return key if is_plain(key) or words_of(key) else quote(key)


def _logic(node: tree.Logic) -> str:
    level = PRECEDENCE[node.operator]
    return f" {node.operator} ".join(_at(operand, level + 1) for operand in node.operands)


def _binary(node: tree.Binary) -> str:
    level = PRECEDENCE[node.operator]
    return f"{_at(node.left, level)} {node.operator} {_at(node.right, level + 1)}"


def _in(node: tree.In) -> str:
    value = _at(node.value, COMPARISON)
    if len(node.tests) == 1:
        test = node.tests[0]
        return f"{value} in {_text(test) if isinstance(test, tree.Bound) else _at(test, SUM)}"
    return f"{value} in ({', '.join(map(_text, node.tests))})"


def _span(node: tree.Span) -> str:
    opening, closing = "[" if node.start_included else "(", "]" if node.end_included else ")"
    start = _at(node.start, OPEN if node.start_included and not isinstance(node.start, tree.Bound) else OR)
    return f"{opening}{start}..{_at(node.end, SUM)}{closing}"


def _bound(node: tree.Bound) -> str:
    return f"{node.operator} {_at(node.operand, SUM)}"


def _tests(node: tree.Tests) -> str:
    if not node.tests:
        return "-"
    tests = ", ".join(map(_text, node.tests))
    return f"not({tests})" if node.negated else tests


def _call(node: tree.Call) -> str:
    texts = [_inner(argument) for argument in node.arguments]
    if node.names:
        texts = [f"{name}: {text}" for name, text in zip(node.names, texts, strict=True)]
    return f"{_at(node.function, OPERAND)}({', '.join(texts)})"


def _inner(node: tree.Node) -> str:
    """A node that a comma or a bracket ends; only a bare test needs parentheses there."""
    return f"({_text(node)})" if isinstance(node, tree.Bound) else _text(node)


def _iterators(iterators: tuple[tree.Iterator, ...]) -> str:
    return ", ".join(map(_text, iterators))


def _iterator(node: tree.Iterator) -> str:
    end = "" if node.end is None else f"..{_at(node.end, OR)}"
    return f"{node.name} in {_at(node.source, OR)}{end}"


def _parameter(node: tree.Parameter) -> str:
    return node.name if node.type is None else f"{node.name}: {_text(node.type)}"


def _joined(nodes: tuple[tree.Node, ...]) -> str:
    return ", ".join(map(_text, nodes))


_WRITERS: dict[type, Writer] = {
    tree.Literal: _literal,
    tree.At: lambda node: f"@{quote(node.value)}",
    tree.Name: lambda node: node.name,
    tree.Path: lambda node: f"{_at(node.source, OPERAND)}.{node.name}",
    tree.Filter: lambda node: f"{_at(node.source, OPERAND)}[{_inner(node.condition)}]",
    tree.Call: _call,
    tree.Negate: lambda node: f"-{_at(node.operand, NEGATION)}",
    tree.Binary: _binary,
    tree.Logic: _logic,
    tree.Between: lambda node: f"{_at(node.value, COMPARISON)} between {_at(node.low, SUM)} and {_at(node.high, SUM)}",
    tree.In: _in,
    tree.Span: _span,
    tree.Bound: _bound,
    tree.Tests: _tests,
    tree.InstanceOf: lambda node: f"{_at(node.value, OPERAND)} instance of {_text(node.type)}",
    tree.If: lambda node: f"if {_inner(node.condition)} then {_inner(node.then)} else {_inner(node.otherwise)}",
    tree.Iterator: _iterator,
    tree.For: lambda node: f"for {_iterators(node.iterators)} return {_inner(node.body)}",
    tree.Quantified: lambda node: f"{node.quantifier} {_iterators(node.iterators)} satisfies {_inner(node.condition)}",
    tree.Parameter: _parameter,
    tree.Lambda: lambda node: f"function({_joined(node.parameters)}) {_inner(node.body)}",
    tree.Items: lambda node: f"[{', '.join(map(_inner, node.items))}]",
    tree.Entry: lambda node: f"{_key(node.key)}: {_inner(node.value)}",
    tree.Entries: lambda node: f"{{{_joined(node.entries)}}}",
    tree.TypeName: lambda node: node.name,
    tree.TypeOf: lambda node: f"{node.name}<{_text(node.item)}>",
    tree.TypeEntries: lambda node: f"context<{_joined(node.entries)}>",
    tree.TypeFunction: lambda node: f"function<{_joined(node.parameters)}> -> {_text(node.result)}",
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Writer = Callable[[Any], str]
