"""Reading expressions: what they mean as trees, and what is said about those that mean nothing."""

from __future__ import annotations

import pytest

from mainspring import feel
from mainspring.models.expression.errors import ExpressionSyntaxError
from mainspring.models.expression.parser import parse
from mainspring.models.expression.printer import describe, print_tree


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1+2*3", "1 + 2 * 3"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("2**3**2", "2 ** 3 ** 2"),
        ("2**(3**2)", "2 ** (3 ** 2)"),
        ("-3**2", "-3 ** 2"),
        ("a or b and not(c)", "a or b and not(c)"),
        ("(a or b) and c", "(a or b) and c"),
        ("a<b=true", "a < b = true"),
        ("x in (1,<5,[2..3))", "x in (1, < 5, [2..3))"),
        ("x in ]1..2[", "x in (1..2)"),
        ("x in [1..2[ and y", "x in [1..2) and y"),
        ("[1..xs[1]]", "[1..xs[1]]"),
        ("x between 1 and 2 and y", "x between 1 and 2 and y"),
        ("a.b[c>1].d", "a.b[c > 1].d"),
        ("f ( x : 1 , start position : 2 )", "f(x: 1, start position: 2)"),
        ("{ a : 1 , \"b c\" : 2, 'd' e: 3}".replace("'d' e", "d e"), "{a: 1, b c: 2, d e: 3}"),
        ("for i in 1..3,j in xs return i+j", "for i in 1..3, j in xs return i + j"),
        ("every x in xs satisfies x>1", "every x in xs satisfies x > 1"),
        ("function(a:number,b) a+b", "function(a: number, b) a + b"),
        ("x instance of list<context<a:number>>", "x instance of list<context<a: number>>"),
        ("x instance of function<>->date and time", "x instance of function<> -> date and time"),
        ('@ "P1D"'.replace("@ ", "@"), '@"P1D"'),
        ("1 /* one */ + // and\n 2", "1 + 2"),
        ('"\\ud83d\\udc0e \\t \\d \\u0041"', '"🐎 \\t \\\\d A"'),
        (".5 + 1.50 + 1e3", "0.5 + 1.50 + 1000"),
    ],
)
def test_an_expression_is_read_and_written_in_its_usual_spelling(text, printed):
    assert print_tree(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("first   name = last name", "first name = last name"),
        ("order 66 > 5", "order 66 > 5"),
        ("first /* or */ name + last // ?\n name", "first name + last name"),
        ('date and time("2024-01-01")', 'date and time("2024-01-01")'),
        ("date and time", "date and time"),
        ("{a-b: 1, c: a-b - 1}", "{a-b: 1, c: a-b - 1}"),
        ("for a+b in xs return a+b", "for a+b in xs return a+b"),
        ("instance", "instance"),
        ("étage + 🐎", "étage + 🐎"),
    ],
)
def test_words_side_by_side_are_one_name(text, printed):
    assert print_tree(parse(text)) == printed


def test_a_name_with_signs_or_keywords_is_one_where_it_is_declared():
    names = ("a-b", "profit and loss", "time/money")

    expression = feel.compile("a-b + profit and loss * time/money - a", names=names)

    assert expression.names == {*names, "a"}
    assert expression({"a-b": 1, "profit and loss": 2, "time/money": 3, "a": 4}) == 3
    assert feel.compile("a-b")(a=3, b=1) == 2


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "expected an expression, found the end of the text"),
        ("amount >", (1, 9), "expected an expression, found the end of the text"),
        ("amount > > 5", (1, 10), "expected an expression, found '>'"),
        ("1 +\n  * 2", (2, 3), "expected an expression, found '*'"),
        ("(1 + 2", (1, 7), "expected ')'"),
        ("[1, 2", (1, 6), "expected ',' or ']' after an element of a list"),
        ("[1..", (1, 5), "expected an expression"),
        ("[1..2", (1, 6), "expected ']', ')' or '['"),
        ("{a 1}", (1, 5), "expected ':' after the key of an entry"),
        ("{1: 2}", (1, 2), "expected the key of an entry"),
        ("if a then b", (1, 12), "expected 'else'"),
        ("if a b", (1, 7), "expected 'then'"),
        ("for x in xs x", (1, 14), "expected 'return'"),
        ("for in xs return 1", (1, 5), "expected a name"),
        ("some x in xs", (1, 13), "expected 'satisfies'"),
        ("x between 1 or 2", (1, 13), "expected 'and'"),
        ("x instance of", (1, 14), "expected a type"),
        ("x instance of list<number", (1, 26), "expected '>'"),
        ("a.", (1, 3), "expected the name of a property"),
        ("f(1, b: 2)", (1, 7), "expected ',' or ')' after an argument"),
        ("f(a: 1, 2)", (1, 9), "either all have names or none has"),
        ("a b c 'd'", (1, 7), "expected an operator or the end"),
        ('"abc', (1, 1), "this string is not closed"),
        ('"a\nb"', (1, 1), "this string is not closed"),
        ('"\\u12"', (1, 2), "needs 4 hexadecimal digits"),
        ('"\\ud83d"', (1, 1), "half of a character"),
        ("1 /* 2", (1, 3), "this comment is not closed"),
        ("a # b", (1, 3), "the character '#' has no meaning here"),
        ("function(a) external {java: 1}", (1, 13), "external functions are refused"),
        ("1e99999", (1, 1), "is not a number of 34 digits"),
        ("a == b", (1, 4), "equality is written with one '='"),
        ("a = 'b'", (1, 5), "strings stand in double quotes"),
        ("a && b", (1, 3), "FEEL writes 'and'"),
        ("${a}", (1, 1), "an expression of the language 'juel'"),
    ],
)
def test_a_syntax_error_says_where_it_is_and_what_was_expected(text, place, words):
    with pytest.raises(ExpressionSyntaxError) as raised:
        feel.compile(text)

    assert (raised.value.line, raised.value.column) == place
    assert words in str(raised.value)


def test_an_error_shows_its_line_with_a_caret():
    with pytest.raises(ExpressionSyntaxError) as raised:
        feel.compile("first\n  and >= 2")

    assert str(raised.value).splitlines()[1:] == ["      and >= 2", "          ^"]


def test_a_tree_is_shown_as_an_outline():
    assert describe(parse("if a > 1 then f(x: 2) else null")).splitlines() == [
        "If",
        "  Binary >",
        "    Name a",
        "    Literal 1",
        "  Call x",
        "    Name f",
        "    Literal 2",
        "  Literal null",
    ]
