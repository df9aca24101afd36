"""Compiled expressions as users hold them: calling, names, warnings, strictness, clocks, unary tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest

from mainspring import errors, feel


def test_a_guard_is_called_with_names_or_with_one_mapping():
    guard = feel.compile("approval_required and amount > limit")

    assert guard(approval_required=True, amount=5000, limit=1000) is True
    assert guard({"approval_required": True, "amount": 5000, "limit": 9000}) is False
    assert guard(MappingProxyType({"amount": 1}), approval_required=False, limit=0) is False


def test_it_tells_what_names_it_needs():
    assert feel.compile("for x in prices return x * rate").names == {"prices", "rate"}
    assert feel.compile("sum(orders[total > least].total)").names == {"orders", "total", "least"}
    assert feel.compile("{a: 1, b: a + c}.b").names == {"c"}
    assert feel.compile("function(x) x + y").names == {"y"}
    assert feel.compile("count(count)").names == {"count"}


def test_it_tells_what_nothing_but_its_inputs_can_give_and_where():
    assert feel.compile("sum(orders[total > 5].total) > limit + limit").needed == {"orders": 4, "limit": 31}
    assert feel.compile("some x in xs satisfies f(x) and sort([x], abs) = []").needed == {"xs": 10, "f": 23}


def test_a_null_that_came_from_an_error_carries_its_place_and_reason():
    result = feel.compile("1 +\n amount / 0").evaluate(amount=5)

    assert result.value is None
    division, addition = result.warnings
    assert (division.message, division.line, division.column) == ("division by zero", 2, 9)
    assert addition.message == "null cannot be added to a number"
    assert "^" in division.excerpt()


def test_a_null_that_is_no_error_carries_none():
    for text in ("null", "true and null", "not(null)", "null = null", "if null then 1 else null", "x"):
        assert feel.compile(text).evaluate(x=None).warnings == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("missing", "there is no 'missing'"),
        ("amount > null", "a number cannot be compared with null"),
        ('amount + "1"', "a string cannot be added to a number"),
        ("1 / 0", "division by zero"),
        ("order.total", "the context has no entry 'total'"),
        ("amount.total", "a number has no property 'total'"),
        ("items[5]", "the list has 2 elements, so none at 5"),
        ('date("2024-02-30")', "has no day 30"),
        ("amount and true", "'and' needs true or false, not a number"),
        ("if amount then 1 else 2", "'if' needs true or false, not a number"),
        ('[1, 2]["a"]', "'a filter' needs true or false, not a string"),
        ("amount(1)", "a number cannot be called"),
        ("substring(5, 1)", "the argument 'string' must be a string, not a number"),
        ('matches("a", "[")', "a class that is not closed"),
        ("odd", "has no meaning"),
        ('for i in 1.."a" return i', "a loop cannot go from a number to a string"),
    ],
)
def test_a_strict_expression_raises_what_a_lenient_one_warns_of(text, words):
    inputs = {"amount": 5, "order": {}, "items": [1, 2], "odd": object()}

    result = feel.evaluate(text, inputs)
    with pytest.raises(feel.EvaluationError, match="line 1, column") as raised:
        feel.compile(text, strict=True)(inputs)

    assert any(words in warning.message for warning in result.warnings)
    assert words in str(raised.value)
    assert isinstance(raised.value, errors.InvalidError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abs()", "'abs' has no form with 0 arguments; it has abs(n)"),
        ("modulo(a: 1, b: 2)", "no form with arguments named a, b"),
        ('@"soon"', "'soon' is not a date such as 2024-02-29"),
        ("1 instance of money", "there is no type 'money'"),
        ("{a: 1, a: 2}", "the context has two entries 'a'"),
    ],
)
def test_what_can_never_work_is_refused_at_once_if_strict(text, words):
    with pytest.raises(feel.ExpressionSyntaxError) as raised:
        feel.compile(text, strict=True)

    assert words in str(raised.value)
    assert words in feel.evaluate(text).warnings[0].message


def test_time_is_an_argument():
    noon = datetime(2024, 2, 28, 12, tzinfo=UTC)

    soon = feel.compile('due < today() + duration("P3D")', clock=lambda: noon)

    assert soon(due=date(2024, 3, 1)) is True
    assert soon(due=date(2024, 3, 2)) is False
    assert feel.compile("now()", clock=lambda: noon)() == noon
    assert feel.compile("random number()", random=lambda: 0.25)() * 4 == 1


def test_the_machine_has_a_clock_and_chance_of_its_own():
    assert feel.compile("now() instance of date and time")() is True
    assert feel.compile("random number() in [0..1)")() is True


@pytest.mark.parametrize(
    ("tests", "value", "passes"),
    [
        ("[1..10), > 100", 42, False),
        ("[1..10), > 100", 101, True),
        ("-", None, True),
        ('"a", "b"', "b", True),
        ('not("a", "b")', "b", False),
        ("not(< 5)", 5, True),
        ("? > 5 and ? < 10", 7, True),
        ("count(?) = 2", [1, 2], True),
        ("false", False, True),
        ("limit", 10, True),
        ("[limit, 20]", 10, True),
        ("> limit", 10, False),
        ("null", None, True),
        ('date("2024-01-01")', date(2024, 1, 1), True),
    ],
)
def test_unary_tests(tests, value, passes):
    assert feel.unary(tests)(value, {"limit": 10}) is passes


def test_unary_tests_that_cannot_be_told_are_null_with_a_warning():
    result = feel.unary('< 5, "a"').evaluate(True)

    assert result.value is None
    assert len(result.warnings) == 2
    with pytest.raises(feel.EvaluationError):
        feel.unary("< 5", strict=True)("a")


def test_an_unknown_language_is_refused():
    with pytest.raises(feel.ExpressionError, match="there is no expression language 'python'; known are feel, juel"):
        feel.compile("1", language="python")


def test_nothing_of_python_can_be_reached():
    class Secret:
        password = "x"

    for text in ("s.password", "s.__class__", "xs.append", "xs.__len__", "print", "len(xs)", "f(1)", '"a".upper'):
        result = feel.evaluate(text, {"s": Secret(), "xs": [], "f": len})
        assert result.value is None or result.value == []
        assert result.warnings or text.startswith("xs")


def test_an_expression_shows_itself():
    expression = feel.compile("a  and(b)")

    assert expression.text == "a  and(b)"
    assert expression.to_text() == "a and b"
    assert expression.outline().splitlines() == ["Logic and", "  Name a", "  Name b"]
    assert repr(expression) == "<Expression a and b>"
