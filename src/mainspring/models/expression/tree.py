"""The syntax tree: what an expression says, without how it was spelt.

Every front end makes this tree, the printer writes it back and the compiler gives it a meaning. Nodes are compared by
what they say, never by where they stood; `at` is the offset in the text that a message about the node points to.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Iterator as Iteration


SHOWN_DEPTH_MAX = 100
"""Nobody reads more, and Python calls no deeper."""


class Node:
    """One node; a subclass names its parts in `__slots__`, and they are given in that order."""

    __slots__ = ("at", "depth")
    __match_args__: tuple[str, ...] = ()
    at: int
    depth: int

    def __init__(self, at: int, *parts: object) -> None:
        self.at = at
        deepest = 0
        for name, part in zip(self.__match_args__, parts, strict=True):
            setattr(self, name, part)
            deepest = max(deepest, _depth(part))
        self.depth = deepest + 1

    def parts(self) -> tuple[object, ...]:
        """The parts in their order."""
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and list(_flat(self)) == list(_flat(other))

    def __hash__(self) -> int:
        return hash(tuple(_flat(self)))

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.parts())) if self.depth <= SHOWN_DEPTH_MAX else "…"
        return f"{type(self).__name__}({inside})"


def _flat(part: object) -> Iteration[tuple[type, object]]:
    """What a tree says, one thing after another: a tree may be deeper than Python calls."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Node):
            yield type(each), None
            waiting.extend(reversed(each.parts()))
        elif type(each) is tuple:
            yield tuple, len(each)
            waiting.extend(reversed(each))
        else:
            yield type(each), each


def _depth(part: object) -> int:
    if isinstance(part, Node):
        return part.depth
    if type(part) is tuple:
        return max(map(_depth, part), default=0)
    return 0


def children(node: Node) -> Iteration[Node]:
    """The nodes directly below a node, in the order of the text."""
    waiting: list[object] = list(reversed(node.parts()))
    while waiting:
        part = waiting.pop()
        if isinstance(part, Node):
            yield part
        elif type(part) is tuple:
            waiting.extend(reversed(part))


class Literal(Node):
    """A null, boolean, number or string."""

    __slots__ = __match_args__ = ("value",)
    value: object


class At(Node):
    """A temporal literal, `@"2024-02-29"`; the text is kept, its meaning is the compiler's."""

    __slots__ = __match_args__ = ("value",)
    value: str


class Name(Node):
    """A name of the context, a local name or a built-in function."""

    __slots__ = __match_args__ = ("name",)
    name: str


class Path(Node):
    """A property of a value or the entry of a context: `order.total`."""

    __slots__ = __match_args__ = ("source", "name")
    source: Node
    name: str


class Filter(Node):
    """Elements of a list by position or condition: `orders[total > 100]`."""

    __slots__ = __match_args__ = ("source", "condition")
    source: Node
    condition: Node


class Call(Node):
    """A function with its arguments; `names` is empty when they are given by position."""

    __slots__ = __match_args__ = ("function", "arguments", "names")
    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...]


class Negate(Node):
    """Arithmetic negation."""

    __slots__ = __match_args__ = ("operand",)
    operand: Node


class Binary(Node):
    """Arithmetic or comparison of two operands."""

    __slots__ = __match_args__ = ("operator", "left", "right")
    operator: str
    left: Node
    right: Node


class Logic(Node):
    """A conjunction or disjunction of two or more operands, flat so that long conditions stay shallow."""

    __slots__ = __match_args__ = ("operator", "operands")
    operator: str
    operands: tuple[Node, ...]


class Between(Node):
    """`value between low and high`, both included."""

    __slots__ = __match_args__ = ("value", "low", "high")
    value: Node
    low: Node
    high: Node


class In(Node):
    """A value and the tests of which it must pass one."""

    __slots__ = __match_args__ = ("value", "tests")
    value: Node
    tests: tuple[Node, ...]


class Span(Node):
    """A range with two ends: `[1..10)`."""

    __slots__ = __match_args__ = ("start", "end", "start_included", "end_included")
    start: Node
    end: Node
    start_included: bool
    end_included: bool


class Bound(Node):
    """A range with one end, or a test for one value: `< 10`, `!= 3`."""

    __slots__ = __match_args__ = ("operator", "operand")
    operator: str
    operand: Node


class Tests(Node):
    """Unary tests, as a cell of a decision table holds them; none at all means that anything passes."""

    __slots__ = __match_args__ = ("tests", "negated")
    tests: tuple[Node, ...]
    negated: bool


class InstanceOf(Node):
    """Whether a value conforms to a type."""

    __slots__ = __match_args__ = ("value", "type")
    value: Node
    type: Node


class If(Node):
    """A choice."""

    __slots__ = __match_args__ = ("condition", "then", "otherwise")
    condition: Node
    then: Node
    otherwise: Node


class Iterator(Node):
    """A loop's name and what it runs over: a list or range, or from `source` to `end`."""

    __slots__ = __match_args__ = ("name", "source", "end")
    name: str
    source: Node
    end: Node | None


class For(Node):
    """A list made by one or more iterators, the last of them the quickest."""

    __slots__ = __match_args__ = ("iterators", "body")
    iterators: tuple[Iterator, ...]
    body: Node


class Quantified(Node):
    """`some` or `every`."""

    __slots__ = __match_args__ = ("quantifier", "iterators", "condition")
    quantifier: str
    iterators: tuple[Iterator, ...]
    condition: Node


class Parameter(Node):
    """A parameter of a function and, if it is told, its type."""

    __slots__ = __match_args__ = ("name", "type")
    name: str
    type: Node | None


class Lambda(Node):
    """A function definition."""

    __slots__ = __match_args__ = ("parameters", "body")
    parameters: tuple[Parameter, ...]
    body: Node


class Items(Node):
    """A list."""

    __slots__ = __match_args__ = ("items",)
    items: tuple[Node, ...]


class Entry(Node):
    """One key of a context and its expression."""

    __slots__ = __match_args__ = ("key", "value")
    key: str
    value: Node


class Entries(Node):
    """A context; an entry sees the entries before it."""

    __slots__ = __match_args__ = ("entries",)
    entries: tuple[Entry, ...]


class TypeName(Node):
    """A built-in type by its name."""

    __slots__ = __match_args__ = ("name",)
    name: str


class TypeOf(Node):
    """`list<…>` or `range<…>`."""

    __slots__ = __match_args__ = ("name", "item")
    name: str
    item: Node


class TypeEntries(Node):
    """`context<…>`: the entries that a context must have."""

    __slots__ = __match_args__ = ("entries",)
    entries: tuple[Entry, ...]


class TypeFunction(Node):
    """`function<…> -> …`."""

    __slots__ = __match_args__ = ("parameters", "result")
    parameters: tuple[Node, ...]
    result: Node
