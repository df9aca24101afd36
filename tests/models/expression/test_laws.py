"""What holds for every expression: text and tree are one, both evaluations agree, and garbage is told."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mainspring import feel
from mainspring.models.expression import tree
from mainspring.models.expression.juel import parse_juel
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.parser import parse, parse_unary
from mainspring.models.expression.printer import describe, print_tree
from mainspring.models.expression.program import Expression
from mainspring.models.expression.runtime import Plan
from tests.models.expression.interpreter import EXACT, interpret, like
from tests.models.expression.trees import any_tree, meaningful_tree, unary_trees

INPUTS = {
    "a": 7, "b": 2.5, "c": Decimal("-3.20"), "flag": True, "text": "abc", "nothing": None, "numbers": [3, 1, 2.5, None],
    "people": [{"name": "Ann", "age": 41}, {"name": "Bo", "age": 17, "a": 1}, {"name": None}],
}  # fmt: skip
LIMITS = Limits(steps_max=20_000)
relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))
thorough = settings(relaxed, max_examples=400)


@relaxed
@given(any_tree)
@example(parse("2" + "9" * 33 + ".99"))
@example(parse("1e33 + 1.5e40 + 1.50e-7"))
@example(parse("{a-b: 1, c: (a) - b, d: a-b - a}"))
@example(parse('[{"a.b": 1, "x.a": 2}, ((x).a).b, (a.b) - 1]'))
@example(parse("[{a and b: 1}, (x.a) and b, x.a and b, (a)[1], if (a) then b else (a)]"))
@example(parse("{date and time - x: date and time(s) - x, abs*: (abs)(1)}"))
@example(parse("for a-b in [1] return function(b+c) a-b + b+c + (a) - b"))
def test_a_tree_that_is_printed_and_read_is_the_same_tree(node):
    assert parse(print_tree(node)) == node


@relaxed
@given(unary_trees)
def test_unary_tests_that_are_printed_and_read_are_the_same(node):
    assume(print_tree(node) != "-" and not is_negation(node))
    assert parse_unary(print_tree(node)) == node


def is_negation(node: tree.Tests) -> bool:
    """`not(…)` around a whole cell is the negation of its tests, not a call of the function `not`."""
    return print_tree(node).startswith("not(")


@relaxed
@given(any_tree)
def test_a_tree_has_an_outline_of_one_line_per_node(node):
    assert describe(node).count("\n") + 1 >= node.depth


@thorough
@given(meaningful_tree)
@example(parse("for i in 1..3 return [i][item = i]"))
@example(parse("numbers[item > 1]"))
@example(parse("people[a = 1].name"))
@example(parse("people.age[2]"))
@example(parse("{a: 1, age: a + 1}.age"))
@example(parse("abs([-3])"))
@example(parse("abs(" + "9" * 34 + ")"))
def test_the_compiler_agrees_with_the_interpreter(node):
    plan = Plan("", strict=False, clock=None, random=None, limits=LIMITS)

    try:
        found = Expression(node, plan).evaluate(INPUTS).value
    except feel.LimitError:
        return

    with localcontext(EXACT):  # also for what the interpreter leaves to Python, such as `abs`
        assert like(deep(found), interpret(node, INPUTS))


def deep(value):
    if isinstance(value, list):
        return [deep(each) for each in value]
    if isinstance(value, dict):
        return {key: deep(each) for key, each in value.items()}
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


@relaxed
@given(meaningful_tree)
def test_strict_and_lenient_agree_where_nothing_goes_wrong(node):
    text = print_tree(node)

    try:
        value = feel.compile(text, strict=True, limits=LIMITS)(INPUTS)
    except feel.ExpressionError:
        return

    result = feel.compile(text, limits=LIMITS).evaluate(INPUTS)
    assert result.warnings == ()
    assert repr(result.value) == repr(value) or "function" in repr(value)


PIECES = """
    + - * / ( ) [ ] { } , : . < > = ' " @ ? .. ** <= != -> && == ! ${ } /* // \\u12 1 0.5 1e3 "s" @"P1D"
    and or not if then else for in return some every satisfies between instance of function external null true
    list date time x item partial sum( date and time( __class__
"""
pieces = st.sampled_from(PIECES.split())


@thorough
@given(st.one_of(st.text(max_size=30), st.lists(pieces, max_size=15).map(" ".join)))
def test_garbage_is_told_and_neither_crashes_nor_escapes(text):
    for strict in (False, True):
        for language in ("feel", "juel"):
            try:
                expression = feel.compile(text, strict=strict, language=language, limits=LIMITS)
                value = expression(INPUTS)
            except feel.ExpressionError as error:
                value = [str(error), error.line, error.column]
            assert_is_no_part_of_python(value)


def assert_is_no_part_of_python(value):
    if isinstance(value, list):
        for each in value:
            assert_is_no_part_of_python(each)
    elif isinstance(value, dict):
        assert_is_no_part_of_python(list(value.values()))
    else:
        assert value is None or type(value).__module__ in ("builtins", "decimal", "datetime") or isinstance(
            value, feel.Function | feel.Range | feel.Date | feel.Time | feel.DateTime
            | feel.DaysDuration | feel.MonthsDuration
        )  # fmt: skip
        assert not callable(value)


@relaxed
@given(st.text(max_size=20))
def test_the_front_end_for_older_files_reads_or_tells(text):
    try:
        node = parse_juel(f"${{{text}}}", LIMITS)
    except feel.ExpressionError:
        return
    assert parse(print_tree(node), names=tuple(words_of(node))) == node


def words_of(node: tree.Node) -> set[str]:
    """Names that the older language has and that FEEL must be told of, such as `in`."""
    found = {part for part in node.parts() if isinstance(part, str) and isinstance(node, tree.Name | tree.Path)}
    return found.union(*map(words_of, tree.children(node)))


whole_numbers = st.integers(1 - 10**34, 10**34 - 1)


@given(whole_numbers, whole_numbers)
def test_whole_numbers_add_like_decimals_of_34_digits(left, right):
    names = {"a": left, "b": right}

    for text in ("a + b", "a - b", "a * b", "a / b", "a < b"):
        assert feel.compile(text)(names) == interpret(parse(text), names)
