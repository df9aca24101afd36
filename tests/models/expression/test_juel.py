"""The `${…}` of older BPMN files, read into the tree of FEEL."""

from __future__ import annotations

import pytest

from mainspring import feel

INPUTS = {
    "amount": 7, "limit": 5, "name": "Ann", "empty_text": "", "nothing": None, "tags": ["a", "b"],
    "order": {"total": 3, "a-b": 4}, "approved": True, "key": "a-b", "zero": 0, "spaced": " Ann\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "printed", "value"),
    [
        ("${amount > limit}", "amount > limit", True),
        ("#{amount gt limit and not approved}", "amount > limit and not(approved)", False),
        ("amount == 7 && name != 'Bo'", 'amount = 7 and name != "Bo"', True),
        ("${!approved || amount le 7}", "not(approved) or amount <= 7", True),
        ('${name.contains("n")}', 'contains(name, "n")', True),
        ("${!name.startsWith('B')}", 'not(starts with(name, "B"))', True),
        ("${name.length() + tags.size()}", "string length(name) + count(tags)", 5),
        ("${order.total * 2 - 1}", "order.total * 2 - 1", 5),
        ("${order['a-b']}", 'get value(order, "a-b")', 4),
        ("${tags[0]}", "tags[1]", "a"),
        ("${tags[amount - 6]}", "tags[amount - 6 + 1]", "b"),
        ("${amount % 4}", "modulo(amount, 4)", 3),
        ("${amount > 5 ? 'much' : 'little'}", 'if amount > 5 then "much" else "little"', "much"),
        ("${empty empty_text && empty nothing && !empty amount}", None, True),
        ("${tags.isEmpty()}", None, False),
        ('${name.equals("Ann")}', 'name = "Ann"', True),
        ("${-amount}", "-amount", -7),
        ("${(amount + 1) * 2}", "(amount + 1) * 2", 16),
        ("true", "true", True),
        ("${null == nothing}", "null = nothing", True),
        ("${'it\\'s'}", '"it\'s"', "it's"),
        ("${1.5 + 1}", "1.5 + 1", 2.5),
        ("${amount > limit && !approved}", "amount > limit and not(approved)", False),
        ("${not empty tags and order.total div 2 lt 2}", None, True),
        ("${amount == 1 ? 'one' : amount == 7 ? 'seven' : 'more'}", None, "seven"),
        ("${order[key]}", None, 4),
        ("${tags[zero]}", None, "a"),
        ("${tags.get(1)}", "tags[2]", "b"),
        ('${order.get("total")}', 'get value(order, "total")', 3),
        ('${order.containsKey("total") && !order.containsKey("x")}', None, True),
        ('${name.equalsIgnoreCase("ANN")}', 'lower case(name) = lower case("ANN")', True),
        ('${name.matches("n")}', None, False),
        ('${name.matches("A|Ann")}', None, True),
        ("${spaced.trim().length()}", None, 3),
        ("${name.toUpperCase().endsWith('N') eq true}", None, True),
    ],
)
def test_an_expression_is_translated(text, printed, value):
    expression = feel.compile(text, language="juel", strict=True)

    assert expression(INPUTS) == value
    assert printed in (None, expression.to_text())


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("${amount >}", (1, 11), "expected an expression, found the end"),
        ("${amount", (1, 9), "expected '}' at the end"),
        ("${amount + }", (1, 12), "expected an expression"),
        ("${execution.getVariable('a')}", (1, 13), "the method 'getVariable' with 1 arguments cannot be called"),
        ("${service(1)}", (1, 10), "the function 'service' cannot be called"),
        ("${'x'(1)}", (1, 6), "a function of Java cannot be called"),
        ("${''.getClass()}", (1, 6), "the method 'getClass' with 0 arguments cannot be called"),
        ("${name.equals()}", (1, 8), "the method 'equals' with 0 arguments cannot be called; known are contains, "),
        ("${'open}", (1, 3), "this string is not closed"),
        ("${a ~ b}", (1, 5), "the character '~' has no meaning here"),
        ("${a b}", (1, 5), "expected an operator or the end"),
        ("${a ? b}", (1, 8), "expected ':'"),
        ("${1.2.3}", (1, 7), "expected a name after '.'"),
        ("", (1, 1), "expected an expression"),
    ],
)
def test_what_cannot_be_translated_is_told_with_its_place(text, place, words):
    with pytest.raises(feel.ExpressionSyntaxError) as raised:
        feel.compile(text, language="juel")

    assert (raised.value.line, raised.value.column) == place
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "text", ["(" * 5_000, "!" * 5_000 + "a", "a" + "+a" * 5_000, "a" + ".b" * 5_000, "a" * 200_000]
)
def test_depth_and_size_are_limited(text):
    with pytest.raises(feel.LimitError):
        feel.compile(text, language="juel")
