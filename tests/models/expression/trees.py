"""Random trees for hypothesis: any tree that a text can mean, and trees of a kind that the slow interpreter knows."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from mainspring.models.expression import tree

NAMES = ("a", "b", "c", "x", "first name", "order 66", "étage", "_under", "item")
INPUTS = ("a", "b", "c", "flag", "text", "numbers", "people", "nothing")
ARITHMETIC = ("+", "-", "*", "/", "**")
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")

names = st.sampled_from(NAMES)
numbers = st.one_of(
    st.integers(0, 10**12),
    st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=3).map(abs),
)
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"\\\n\t'\u2028"), max_size=8)
keys = st.one_of(names, texts, st.sampled_from(["a-b", "a.b", "x and y", "first name+1", "c*"]))


def node(kind, *parts):
    return st.builds(lambda *values: kind(0, *values), *parts)


def several(strategy, least=0, most=3):
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


literals = node(tree.Literal, st.one_of(st.none(), st.booleans(), numbers, texts))
simple_types = node(
    tree.TypeName,
    st.sampled_from(["number", "Any", "date and time", "days and time duration", "list", "function", "context"]),
)
types = st.recursive(
    simple_types,
    lambda inner: st.one_of(
        node(tree.TypeOf, st.sampled_from(["list", "range"]), inner),
        node(tree.TypeEntries, several(node(tree.Entry, names, inner))),
        node(tree.TypeFunction, several(inner), inner),
    ),
    max_leaves=3,
)


def _logic(operator, operands):
    """A chain is flat only in front: `(a and b) and c` cannot be told from `a and b and c` without parentheses."""
    return tree.Logic(0, operator, operands)


def _call(function, arguments, labels):
    labels = labels[: len(arguments)] if len(labels) >= len(arguments) else ()
    return tree.Call(0, function, arguments, labels)


def _extended(inner):
    bounds = node(tree.Bound, st.sampled_from(COMPARISONS), inner)
    plain = st.one_of(inner, inner, bounds)
    iterators = several(
        node(tree.Iterator, st.sampled_from(["i", "j", "each one"]), inner, st.none() | inner), least=1, most=2
    )
    return st.one_of(
        node(tree.Path, inner, names),
        node(tree.Filter, inner, plain),
        st.builds(_call, inner, several(plain), several(names)),
        node(tree.Negate, inner),
        node(tree.Binary, st.sampled_from(ARITHMETIC + COMPARISONS), plain, plain),
        st.builds(_logic, st.sampled_from(["and", "or"]), several(plain, least=2)),
        node(tree.Between, plain, plain, plain),
        node(tree.In, plain, several(plain, least=1)),
        node(tree.Span, plain, plain, st.booleans(), st.booleans()),
        node(tree.InstanceOf, plain, types),
        node(tree.If, plain, plain, plain),
        node(tree.For, iterators, plain),
        node(tree.Quantified, st.sampled_from(["some", "every"]), iterators, plain),
        node(tree.Lambda, several(node(tree.Parameter, st.sampled_from(["p", "q"]), st.none() | types)), plain),
        node(tree.Items, several(plain)),
        node(tree.Entries, several(node(tree.Entry, keys, plain))),
    )


any_tree = st.recursive(st.one_of(literals, node(tree.Name, names), node(tree.At, texts)), _extended, max_leaves=12)
"""Any tree at all; most of them mean nothing, but all of them can be written and read."""

unary_trees = node(
    tree.Tests,
    several(st.one_of(any_tree, node(tree.Bound, st.sampled_from(COMPARISONS), any_tree)), least=1),
    st.just(False),
)

# --- Trees with a meaning

small_numbers = st.one_of(
    st.integers(0, 20),
    st.sampled_from([Decimal("0.1"), Decimal("2.5"), Decimal("1e-3").normalize(), 10**33, 10**34 - 1]),
)
small_literals = node(
    tree.Literal, st.one_of(st.none(), st.booleans(), small_numbers, st.sampled_from(["", "a", "abc", "é"]))
)
LOCALS = ("i", "j", "k")
BUILTINS = ("sum", "count", "not", "abs", "min", "string length", "reverse")


def _meaningful(inner):
    def iterator(name):
        return node(tree.Iterator, st.just(name), inner, st.none() | inner)

    iterators = st.one_of(
        st.tuples(iterator("i")), st.tuples(iterator("j"), iterator("k")), st.tuples(iterator("i"), iterator("j"))
    )
    return st.one_of(
        node(tree.Binary, st.sampled_from(ARITHMETIC + COMPARISONS), inner, inner),
        node(tree.Binary, st.sampled_from(("+", "-", "*", "<", "=")), inner, inner),
        st.builds(_logic, st.sampled_from(["and", "or"]), several(inner, least=2)),
        node(tree.Negate, inner),
        node(tree.Between, inner, inner, inner),
        node(tree.If, inner, inner, inner),
        node(tree.Items, several(inner)),
        node(tree.Filter, inner, inner),
        node(tree.Path, inner, st.sampled_from(["a", "age", "name"])),
        node(tree.For, iterators, inner),
        node(tree.Quantified, st.sampled_from(["some", "every"]), iterators, inner),
        node(tree.Entries, st.permutations(["a", "age", "i"]).flatmap(
            lambda keys: st.tuples(*(node(tree.Entry, st.just(key), inner) for key in keys[:2]))
        )),
        st.builds(
            lambda name, argument: tree.Call(0, tree.Name(0, name), (argument,), ()),
            st.sampled_from(BUILTINS),
            inner,
        ),
        st.builds(
            lambda body, argument: tree.Call(
                0, tree.Lambda(0, (tree.Parameter(0, "i", None),), body), (argument,), ()
            ),
            inner,
            inner,
        ),
    )  # fmt: skip


meaningful_tree = st.recursive(
    st.one_of(small_literals, node(tree.Name, st.sampled_from(INPUTS + LOCALS))), _meaningful, max_leaves=14
)
"""Trees of the kinds that `interpreter.py` knows."""
