"""`mainspring feel`: values, trees, warnings and errors of one expression."""

from __future__ import annotations

import io
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["amount > limit", "amount=5", "limit=3"], "true"),
        (["a + b = 0.3", "--with", '{"a": 0.1, "b": 0.2}'], "true"),
        (["a-b", "a-b=7"], "7"),
        (["sum(order.line-items.a+b) - 1", "--with", '{"order": {"line-items": [{"a+b": 3}]}}'], "2"),
        (['"a" + name', "name=b"], '"ab"'),
        (['{x: 3/8, due: @"2024-02-29", all: [1..3]}'], "{x: 0.375, due: 2024-02-29, all: [1..3]}"),
        (["[1..10), > limit", "--unary", "42", "limit=41"], "true"),
        (['"a", "b"', "--unary", "c"], "false"),
        (["${a && !b}", "--language", "juel", "a=true", "b=false"], "true"),
        (["-3 + x", "x=2"], "-1"),
    ],
)  # fmt: skip
def test_the_value_is_printed(place, arguments, printed):
    answer = place("feel", *arguments)
    assert (answer.out, answer.err, answer.code) == (f"{printed}\n", "", 0)


def test_inputs_come_from_files_and_standard_input(place, monkeypatch):
    (place.folder / "input.json").write_text('{"xs": [1, 2]}')
    assert place("feel", "sum(xs) * rate", "--with", "@input.json", "rate=2").out == "6\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"xs": [3]}'))
    assert place("feel", "sum(xs)", "--with", "-").out == "3\n"


def test_warnings_stand_on_standard_error_with_their_places(place):
    answer = place("feel", "10 / amount", "amount=0")
    assert (answer.out, answer.code) == ("null\n", 0)
    assert answer.err == "warning: division by zero (line 1, column 4)\n    10 / amount\n       ^\n"


def test_strict_makes_them_errors(place):
    answer = place("feel", "10 / amount", "amount=0", "--strict")
    assert (answer.out, answer.code) == ("", 2)
    assert answer.err == "mainspring: division by zero (line 1, column 4)\n    10 / amount\n       ^\n"


def test_the_tree_comes_before_the_value(place):
    assert place("feel", "a > 1", "a=2", "--tree").out == "Binary >\n  Name a\n  Literal 1\ntrue\n"
    assert place("feel", "> 1", "--unary", "2", "--tree").out == "Tests False\n  Bound >\n    Literal 1\ntrue\n"


def test_json_has_value_text_warnings_and_tree(place):
    answer = place("feel", '{n: 0.1 + 0.2, d: duration("P1Y"), x: 1 / 0}', "--json", "--tree")
    assert answer.err == ""
    assert '"n": 0.3,' in answer.out, "a number, with all its digits"
    told = answer.json
    assert told.pop("tree")[0] == "Entries"
    assert told == {
        "value": {"n": 0.3, "d": "P1Y", "x": None},
        "text": "{n: 0.3, d: P1Y, x: null}",
        "warnings": [{"message": "division by zero", "line": 1, "column": 41}],
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["1 + * 3"], "expected an expression, found '*' (line 1, column 5)\n    1 + * 3\n        ^\n"),
        (["a", "--language", "perl"], "there is no expression language 'perl'; known are feel, juel\n"),
        (["a", "b"], "'b' is no input; write name=value, or --with with a JSON object\n"),
        (["a", "--with", "[1]"], "--with must be a JSON object with a field for each input, not list\n"),
        (["a", "--with", "{"], "--with is not JSON: Input data was truncated\n"),
        (["count(for n in 1..100000000 return n)"], "the evaluation needs more than 1,000,000 steps"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_2(place, arguments, told):
    answer = place("feel", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"mainspring: {told}")
    error = place("feel", *arguments, "--json").json["error"]
    assert error["exit_code"] == 2


def test_an_input_that_is_nested_without_end_is_refused(place):
    answer = place("feel", "x", "--with", '{"x": ' + "[" * 900 + "]" * 900 + "}")
    assert answer.code in (0, 2)
    assert "Traceback" not in answer.err
