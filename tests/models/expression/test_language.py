"""What the constructs of the language come to, by section of the standard (DMN 1.5, chapter 10), and at their edges."""

from __future__ import annotations

import pytest

from mainspring import feel

TRUE = {
    "10.3.1.2 precedence": """
        2 ** 3 ** 2 = 64
        -2 ** 2 = 4
        -(2 ** 2) = -4
        2 * 3 ** 2 = 18
        2 ** -1 = 0.5 and 0 ** 0 = 1 and 0 ** 2 = 0 and (-2) ** 3 = -8
        10 - 2 - 3 = 5
        --1 = 1 and 2--1 = 3
        not(true) or true
        false and false or true
        5 between 1 and 10 and true
        1 + 1 between 1 + 0 and 1 + 2
        1 in [1, 2] and 3 in (1, 2, 3)
        1 instance of number and "a" instance of string
        /* a /* b */ 1 + 1 = 2 // the rest
    """,
    "10.3.1.4 strings": r"""
        "\u00e9" = "é" and "\U01F40E" = "🐎" and "\uD83D\uDC0E" = "🐎"
        "\'\"\\\n\r\t" != "" and string length("\'\"\\\n\r\t") = 6
        "\d" = "\\d"
        string length("🐎") = 1
    """,
    "10.3.1.3 names": """
        {first name: "Ann", order 66: 1}.first name = "Ann"
        {a-b: 1, c: a-b + 1}.c = 2
        {profit and loss: 3, c: profit and loss * 2}.c = 6
        {x: {a+b: 1}, y: x.a+b}.y = 1
        {a+b: 1}.a+b = 1 and {a: 2}.a + 1 = 3
        {étage: 1, _x: 2, ?: 3}.étage = 1
        {"a b": 1}.a b = 1
    """,
    "10.3.2.2 three-valued logic": """
        (null and false) = false and (null or true) = true
        (null and true) = null and (null or false) = null
        not(null) = null
        null = null and not(1 = null) and null != 1
    """,
    "10.3.2.5 arithmetic with time": """
        @"2020-01-31" + @"P1M" = @"2020-02-29" and @"2020-03-31" - @"P1M" = @"2020-02-29"
        @"P1M" + @"2020-01-31" = @"2020-02-29"
        @"2020-01-01" + @"PT36H" = @"2020-01-02" and @"2020-01-01" - @"PT1H" = @"2019-12-31"
        @"2020-01-01" - @"2019-01-01" = @"P365D"
        @"2020-01-01" - @"2019-01-01T00:00:00Z" = @"P365D"
        @"10:00:00" + @"PT15H" = @"01:00:00" and @"10:00:00Z" - @"09:00:00+01:00" = @"PT2H"
        @"2020-01-01T00:00:00@Europe/Paris" + @"P180D" = @"2020-06-29T01:00:00@Europe/Paris"
        @"2020-01-01T00:00:00@Europe/Paris" = @"2019-12-31T23:00:00Z"
        @"2020-07-01T12:00:00@Europe/Paris" < @"2020-07-01T12:00:00@America/New_York"
        @"P1D" / @"PT1H" = 24 and @"P1Y" / @"P1M" = 12 and @"P1Y" / 5 = @"P2M"
        2 * @"P1D" = @"P2D" and @"P1D" * 2.5 = @"P2DT12H" and -@"P1D" = @"-P1D"
        @"P1D" = @"PT24H" and @"P1Y" = @"P12M"
        @"99999-12-31" + @"P1D" = @"100000-01-01" and @"-0001-01-01" < @"0001-01-01"
        @"-2017-03-01" - @"P1D" = @"-2017-02-28"
    """,
    "10.3.2.6 filters": """
        [1, 2, 3][1] = 1 and [1, 2, 3][-1] = 3
        [1, 2, 3][item > 1] = [2, 3] and [1, 2, 3][true] = [1, 2, 3] and [1, 2, 3][false] = []
        [1, 2, 3][null] = []
        1[1] = 1 and 1[true] = [1] and 1[false] = []
        [{a: 1}, {a: 2}][a = 2] = [{a: 2}] and [{a: 1}, {a: 2}][item.a = 2].a = [2]
        [{item: 1}, {item: 2}, {item: 3}][item >= 2] = [{item: 2}, {item: 3}]
        [[1, 2], [3]][count(item) > 1] = [[1, 2]]
        {a: 1}[a = 1] = [{a: 1}]
        [{a: [1, 2]}, {a: [0]}][count(a[item > 1]) = 1] = [{a: [1, 2]}]
        {n: 2, found: [1, 2, 3][item = n]}.found = [2]
    """,
    "10.3.2.7 ranges": """
        5 in (> 3, < 2) and 5 in (<= 5) and 5 in [1..5] and not(5 in [1..5)) and not(1 in ]1..5])
        5 in (!= 3) and 5 in (= 5) and null in null and null in [null]
        1 in [[1..3], 5] and "b" in ["a".."c"] and [1, 2] in [[1, 2], 3] and [1..3] in [[1..3]]
        [1..3] = [1..3] and [1..3] != [1..3) and (> 3) != (>= 3)
        (> 3).start = 3 and (> 3).end = null and (>= 3).start included and (< 3).end included = false
        @"2020-06-01" in [@"2020-01-01"..@"2020-12-31"]
    """,
    "10.3.2.9 types": """
        1 instance of Any and not(null instance of Any) and null instance of Null
        @"P1D" instance of days and time duration and @"P1Y" instance of years and months duration
        @"2020-01-01" instance of date and not(@"2020-01-01" instance of date and time)
        [1] instance of list<number> and [] instance of list<string> and not([1, "a"] instance of list<number>)
        [[1]] instance of list<list<number>> and [1, "a"] instance of list<Any>
        {a: 1, b: 2} instance of context<a: number> and not({a: 1} instance of context<a: string>)
        {first name: "x"} instance of context<first name: string>
        [1..3] instance of range<number> and (> 3) instance of range<number> and not([1..3] instance of range<string>)
        (function(x: number) x) instance of function<number> -> number
        not((function(x: number) x) instance of function<string> -> number)
        not((function(x: number) x) instance of function<> -> number)
        abs instance of function<number> -> number and not(abs instance of function<string> -> number)
        now instance of function<> -> date and time and not(1 instance of function<> -> Any)
        sum instance of function<list<number>> -> number and sum instance of function<number, number> -> number
        get value instance of function<context<a: number>, string> -> Any
        sort instance of function<list, function<Any, Any> -> boolean> -> list
        string join instance of function<list<string>, Null> -> string
    """,
    "10.3.2.11 if": """
        (if null then 1 else 2) = 2 and (if false then 1 else 2) = 2 and (if true then 1 else 2) = 1
    """,
    "10.3.2.14 for": """
        (for i in 3..1 return i) = [3, 2, 1] and (for i in [1..3] return i) = [1, 2, 3]
        (for i in (1..4) return i) = [2, 3] and (for i in [] return i) = [] and (for i in 1 return i) = [1]
        (for i in [1, 2], j in [i, 10] return i * j) = [1, 10, 4, 20]
        (for i in 1..2, j in 1..i return [i, j]) = [[1, 1], [2, 1], [2, 2]]
        (for i in 0..5 return if i = 0 then 1 else i * partial[-1]) = [1, 1, 2, 6, 24, 120]
        (for i in 1..10 / 4 * 2 return i) = [1, 2, 3, 4, 5] and (for i in [1.0..3.0] return i) = [1, 2, 3]
        (for d in @"2020-02-28"..@"2020-03-01" return d.day) = [28, 29, 1]
        (for x in "abc" return x) = ["abc"]
    """,
    "10.3.2.13 some and every": """
        some x in [1, 2] satisfies x > 1
        every x in [] satisfies x > 1
        not(some x in [] satisfies x > 1)
        some x in [1, 2], y in [2, 3] satisfies x = y
        (every x in [true, null] satisfies x) = null and (every x in [false, null] satisfies x) = false
        (some x in [false, null] satisfies x) = null and (some x in [true, null] satisfies x) = true
        every x in 1..3 satisfies x > 0
    """,
    "10.3.2.8 contexts and paths": """
        {a: 1, b: a + 1}.b = 2 and {a: {b: 2}}.a.b = 2
        [{a: 1}, {a: 2}].a = [1, 2] and [{a: {b: 1}}, {a: {b: 2}}].a.b = [1, 2]
        @"2020-01-01".weekday = 3 and @"2020-01-01T10:11:12.5Z".second = 12.5
        @"2020-07-01T10:00:00@Europe/Paris".time offset = @"PT2H"
        @"2020-07-01T10:00:00@Europe/Paris".timezone = "Europe/Paris" and @"10:00:00".time offset = null
        @"P1Y2M".years = 1 and @"-P1DT2H3M4.5S".hours = -2 and @"-P1DT2H3M4.5S".seconds = -4.5
    """,
    "10.3.2.12 functions": """
        (function(a, b) a - b)(b: 1, a: 5) = 4
        (function(a: number) a)([1]) = 1 and (function(a: list<number>) a)(1) = [1]
        {f: function(x) x + 1}.f(2) = 3 and [function(x) x + 1][1](2) = 3
        {y: 10, f: function(x) x + y, z: (for y in [1] return f(1))}.z = [11]
        substring(string: "abc", start position: 2, length: 1) = "b"
        substring(length: 1, string: "abc", start position: 2) = "b"
    """,
}
SENTENCES = [(section, line.strip()) for section, lines in TRUE.items() for line in lines.strip().splitlines()]


@pytest.mark.parametrize(("section", "sentence"), SENTENCES)
def test_a_sentence_of_the_language_is_true(section, sentence):
    result = feel.evaluate(sentence)

    assert result.value is True, section
    assert result.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "1 < null",
        "1 < 2 < 3",
        '1 = "1"',
        "[1] + [2]",
        '"a" - "b"',
        "true + 1",
        "-null",
        "1 and true",
        "null in [1..3]",
        '"a" in [1..3]',
        "5 in (> null)",
        "5 in [1..null)",
        "[1, 2, 3][0]",
        "[1, 2, 3][4]",
        '[1, 2, 3]["a"]',
        "null[1]",
        "null.a",
        "{a: 1}.b",
        "{a: 1, a: 2}",
        '{a: 1}["a"]',
        "for i in null return i",
        "for i in 1.5..3 return i",
        'for i in 1..@"2020-01-01" return i',
        'for i in "a".."z" return i',
        "some x in null satisfies true",
        "1 instance of tFoo",
        '(function(a: number) a)("x")',
        "(function(a) a)()",
        "(function(a) a)(b: 1)",
        "abs(x: 1)",
        "5(1)",
        '@"2020-13-01"',
        '@"abc"',
        '@"2020-01-01" - @"10:00:00"',
        '@"2020-01-01T00:00:00Z" < @"2020-01-01T00:00:00"',
        '@"P1Y" + @"P1D"',
        '@"P1D" / 0',
        "10 ** 10000",
        "0 ** -1",
    ],
)
def test_what_has_no_value_is_null_with_a_warning_and_raises_if_strict(text):
    result = feel.evaluate(text)

    assert result.value is None
    assert result.warnings
    with pytest.raises(feel.ExpressionError) as raised:
        feel.compile(text, strict=True)()
    assert raised.value.line == 1
