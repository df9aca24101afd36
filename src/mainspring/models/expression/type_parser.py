"""The types after `instance of` and after a parameter (DMN 1.5, rules 49, 66 and section 10.3.2.9)."""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.cursor import Cursor
from mainspring.models.expression.naming import is_name_part, plain_length, spell

LONG_TYPES = (
    ("days", "and", "time", "duration"),
    ("years", "and", "months", "duration"),
    ("date", "and", "time"),
)
"""Types whose names hold a keyword."""

GENERIC_TYPES = frozenset(("list", "range", "context", "function"))
"""Types that may say of what, in angle brackets."""

SIMPLE_TYPES = frozenset(
    ("Any", "Null", "number", "string", "boolean", "date", "time", "context", *map(" ".join, LONG_TYPES))
)


def parse_type(cursor: Cursor) -> tree.Node:
    """Read one type."""
    cursor.deepen()
    node = _generic(cursor) or _simple(cursor)
    cursor.nested -= 2
    return node


def _generic(cursor: Cursor) -> tree.Node | None:
    """A type with types in angle brackets; None when none starts here."""
    kind, said, at, _ = cursor.tokens[cursor.place]
    if kind != "word" or said not in GENERIC_TYPES or cursor.tokens[cursor.place + 1][1] != "<":
        return None
    cursor.place += 2
    if said in ("list", "range"):
        item = parse_type(cursor)
        cursor.expect(">", f"after the type of '{said}<'")
        return tree.TypeOf(at, said, item)
    if said == "context":
        return tree.TypeEntries(at, _entries(cursor))
    parameters: list[tree.Node] = []
    while not cursor.accept(">"):
        if parameters:
            cursor.expect(",", "or '>' after the type of a parameter")
        parameters.append(parse_type(cursor))
    cursor.expect("->", "after the parameters of a function type")
    return tree.TypeFunction(at, tuple(parameters), parse_type(cursor))


def _entries(cursor: Cursor) -> tuple[tree.Entry, ...]:
    entries: list[tree.Entry] = []
    while not cursor.accept(">"):
        if entries:
            cursor.expect(",", "or '>' after the type of an entry")
        start, at = cursor.place, cursor.at
        while is_name_part(cursor.tokens[cursor.place]):
            cursor.place += 1
        if start == cursor.place or cursor.tokens[start][0] != "word":
            cursor.place = start
            raise cursor.failure("expected the name of an entry")
        name = spell(cursor.tokens, start, cursor.place)
        cursor.expect(":", "after the name of an entry")
        entries.append(tree.Entry(at, name, parse_type(cursor)))
    return tuple(entries)


def _simple(cursor: Cursor) -> tree.Node:
    at = cursor.at
    for words in LONG_TYPES:
        if all(
            token[1] == word
            for token, word in zip(cursor.tokens[cursor.place : cursor.place + len(words)], words, strict=False)
        ):
            cursor.place += len(words)
            return tree.TypeName(at, " ".join(words))
    length = 1 if cursor.sees("function") else plain_length(cursor.tokens, cursor.place)
    if not length:
        raise cursor.failure("expected a type")
    cursor.place += length
    return tree.TypeName(at, spell(cursor.tokens, cursor.place - length, cursor.place))
