"""The built-in functions, by the examples of the standard's own tables (DMN 1.5, section 10.3.4) and at their edges."""

from __future__ import annotations

from importlib import import_module

import pytest

from mainspring import feel
from mainspring.models.expression.builtins import FAMILIES, builtin_names, find_builtin

CONVERSIONS = """
    date("2012-12-25") - date("2012-12-24") = duration("P1D")
    date(date and time("2012-12-25T11:00:00Z")) = date("2012-12-25")
    date(2012, 12, 25) = date("2012-12-25")
    date and time("2012-12-24T23:59:00") = date and time(date("2012-12-24"), time("23:59:00"))
    date and time(2012, 12, 24, 23, 59, 0) = date and time("2012-12-24T23:59:00")
    date and time(2012, 12, 24, 23, 59, 0.5, duration("PT1H")) = date and time("2012-12-24T23:59:00.5+01:00")
    date and time(2012, 7, 24, 23, 59, 0, "Europe/Paris") = date and time("2012-07-24T23:59:00+02:00")
    time(date and time("2012-12-25T11:00:00Z")) = time("11:00:00Z")
    time(23, 59, 0, duration("PT0H")) = time("23:59:00Z")
    time(23, 59, 0.25).second = 0.25
    number("1 000,0", " ", ",") = number("1,000.0", ",", ".")
    number("-1.5") = -1.5
    number(".5") = 0.5
    number("1e3") = 1000
    string(1.1) = "1.1"
    string(1.10) = "1.10"
    string(0.00000001) = "0.00000001"
    string(true) = "true"
    string([1, "a", null]) = "[1, \\"a\\", null]"
    string({a: 1, b: [@"P1D"]}) = "{a: 1, b: [P1D]}"
    string([1..2)) = "[1..2)"
    date and time("2012-12-24T23:59:00") - date and time("2012-12-22T03:45:00") = duration("P2DT20H14M")
    duration("P2Y2M") = duration("P26M")
    years and months duration(date("2011-12-22"), date("2013-08-24")) = duration("P1Y8M")
    years and months duration(date("2013-08-24"), date("2011-12-22")) = duration("-P1Y8M")
    years and months duration(date("2015-01-31"), date("2015-02-28")) = duration("P0M")
"""

STRINGS = """
    substring("foobar", 3) = "obar"
    substring("foobar", 3, 3) = "oba"
    substring("foobar", -2, 1) = "a"
    substring("\\U01F40Eab", 2) = "ab"
    substring("foobar", 3, 99) = "obar"
    string length("foo") = 3
    string length("\\U01F40Eab") = 3
    upper case("aBc4") = "ABC4"
    lower case("aBc4") = "abc4"
    substring before("foobar", "bar") = "foo"
    substring before("foobar", "xyz") = ""
    substring before("foobar", "") = ""
    substring after("foobar", "ob") = "ar"
    substring after("", "a") = ""
    replace("abcd", "(ab)|(a)", "[1=$1][2=$2]") = "[1=ab][2=]cd"
    replace("a.b", ".", "$", "q") = "a$b"
    replace("abc", "b", "\\\\$\\\\\\\\") = "a$\\\\c"
    contains("foobar", "of") = false
    starts with("foobar", "fo") = true
    ends with("foobar", "r") = true
    matches("foobar", "^fo*b") = true
    split("John Doe", "\\s") = ["John", "Doe"]
    split("a;b;c;;", ";") = ["a", "b", "c", "", ""]
    string join(["a", "b", "c"], "_and_") = "a_and_b_and_c"
    string join(["a", null, "c"]) = "ac"
    string join([], "X") = ""
"""

LISTS = """
    list contains([1, 2, 3], 2) = true
    list contains([1, null], null) = true
    count([1, 2, 3]) = 3
    count([]) = 0
    min([1, 2, 3]) = 1
    min(3, 1, 2) = 1
    max("b", "a") = "b"
    max([@"2024-01-01", @"2024-03-01"]) = @"2024-03-01"
    sum([1, 2, 3]) = 6
    sum(1.5) = 1.5
    mean([1, 2, 3, 4]) = 2.5
    all([false, null, true]) = false
    all([]) = true
    any([false, null, true]) = true
    any([]) = false
    sublist([4, 5, 6], 1, 2) = [4, 5]
    sublist([4, 5, 6], -2) = [5, 6]
    append([1], 2, 3) = [1, 2, 3]
    concatenate([1, 2], [3]) = [1, 2, 3]
    insert before([1, 3], 1, 2) = [2, 1, 3]
    insert before([1, 3], -1, 2) = [1, 2, 3]
    remove([1, 2, 3], 2) = [1, 3]
    reverse([1, 2, 3]) = [3, 2, 1]
    index of([1, 2, 3, 2], 2) = [2, 4]
    index of([1, null], null) = [2]
    union([1, 2], [2, 3]) = [1, 2, 3]
    distinct values([1, 2, 3, 2, 1, 1.0, [1], [1]]) = [1, 2, 3, [1]]
    flatten([[1, 2], [[3]], 4]) = [1, 2, 3, 4]
    product([2, 3, 4]) = 24
    median(8, 2, 5, 3, 4) = 4
    median([6, 1, 2, 3]) = 2.5
    stddev(2, 4, 7, 5) = 2.081665999466132735282297706979931
    mode(6, 3, 9, 6, 6) = [6]
    mode([6, 1, 9, 6, 1]) = [1, 6]
    list replace([2, 4, 7, 8], 3, 6) = [2, 4, 6, 8]
    list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5) = [5, 5, 7, 8]
    sort([3, 1, 4, 5, 2], function(x, y) x < y) = [1, 2, 3, 4, 5]
    sort(list: [3, 1, 2], precedes: function(x, y) x > y) = [3, 2, 1]
    sort(["b", "a"]) = ["a", "b"]
    sort([]) = []
"""

NUMBERS = """
    decimal(1/3, 2) = 0.33
    decimal(1.5, 0) = 2
    decimal(2.5, 0) = 2
    decimal(1234, -2) = 1200
    floor(-1.5) = -2
    floor(-1.56, 1) = -1.6
    ceiling(-1.5) = -1
    ceiling(-1.56, 1) = -1.5
    round up(-5.5, 0) = -6
    round down(-1.126, 2) = -1.12
    round half up(-2.5, 0) = -3
    round half down(-2.5, 0) = -2
    abs(-10) = 10
    abs(@"-PT5H") = @"PT5H"
    modulo(-12, 5) = 3
    modulo(-10.1, 4.5) = 3.4
    sqrt(16) = 4
    decimal(log(10), 8) = 2.30258509
    decimal(exp(5), 8) = 148.41315910
    odd(5) and not(odd(2)) and not(odd(2.5))
    even(2) and not(even(5)) and even(0)
    not(true) = false
    not(not(null)) = null
"""

CONTEXTS = """
    get value({key1: "value1"}, "key1") = "value1"
    get value({a: {b: 1}}, ["a", "b"]) = 1
    get entries({a: 1})[1].key = "a"
    context([{key: "a", value: 1}, {key: "b", value: 2}]) = {a: 1, b: 2}
    context put({x: 1}, "y", 2) = {x: 1, y: 2}
    context put({x: 1, y: {a: 0}}, ["y", "a"], 2) = {x: 1, y: {a: 2}}
    context put(context: {x: 1, y: {a: 0}}, keys: ["y", "a"], value: 2) = context put({x: 1, y: {a: 0}}, ["y", "a"], 2)
    context merge([{x: 1}, {y: 2}]) = {x: 1, y: 2}
    context merge([{x: 1, y: 0}, {y: 2}]) = {x: 1, y: 2}
"""

DAYS = """
    day of year(date(2019, 9, 17)) = 260
    day of week(date(2019, 9, 17)) = "Tuesday"
    month of year(date(2019, 9, 17)) = "September"
    week of year(date(2019, 9, 17)) = 38
    week of year(date(2003, 12, 29)) = 1
    week of year(date(2005, 1, 1)) = 53
    is(time("23:00:50Z"), time("23:00:50Z"))
    is(null, null)
"""

RANGES = """
    before(1, 10) and not(before(10, 1))
    before(1, [1..10]) = false
    before(1, (1..10])
    before(1, [5..10])
    before([1..10], 10) = false
    before([1..10), 10)
    before([1..10], [10..20]) = false
    before([1..10), [10..20])
    after(10, 5) and not(after(5, 10))
    after(12, [1..10])
    after(10, [1..10))
    after([11..20], 12) = false
    after([11..20], [1..11)) and not(after([11..20], [1..11]))
    meets([1..5], [5..10]) and not(meets([1..5), [5..10])) and not(meets([1..5], (5..10]))
    met by([5..10], [1..5]) and not(met by([5..10], [1..5)))
    overlaps([1..5], [3..8]) and overlaps([3..8], [1..5]) and overlaps([1..8], [3..5])
    overlaps([1..5], [6..8]) = false
    overlaps([1..5], [5..8]) and not(overlaps([1..5], (5..8])) and not(overlaps([1..5), [5..8]))
    overlaps before([1..5], [3..8]) and not(overlaps before([1..5], [6..8]))
    overlaps before([1..5), (1..5]) and overlaps before([1..5], (1..5]) and not(overlaps before([1..5], [1..5]))
    overlaps after([3..8], [1..5]) and not(overlaps after([6..8], [1..5]))
    overlaps after([5..8], [1..5]) and not(overlaps after((5..8], [1..5]))
    finishes(10, [1..10]) and not(finishes(10, [1..10)))
    finishes([5..10], [1..10]) and not(finishes([5..10), [1..10])) and finishes([5..10), [1..10))
    finished by([1..10], 10) and not(finished by([1..10), 10)) and finished by([1..10], (1..10])
    includes([1..10], 5) and not(includes([1..10], 12)) and not(includes([1..10), 10)) and includes([1..10], [4..6])
    during(5, [1..10]) and not(during(12, [1..10])) and during([4..6], [1..10]) and during((1..5], (1..10])
    starts(1, [1..10]) and not(starts(1, (1..10])) and starts([1..5], [1..10]) and starts([1..10), [1..10])
    started by([1..10], 1) and not(started by((1..10], 1)) and started by([1..10], [1..5])
    coincides(5, 5) and not(coincides(3, 4)) and coincides([1..5], [1..5]) and not(coincides((1..5), [1..5]))
    before(1, (> 1)) and during(5, (< 10)) and not(overlaps((< 3), (> 5)))
    before(@"2024-01-01", [@"2024-01-02"..@"2024-02-01"])
    range("[18..21)") = [18..21) and range("]18..21[") = (18..21)
    range("[18..)") = (>= 18) and range("(18..[") = (> 18) and range("(..18]") = (<= 18) and range("]..18)") = (< 18)
    range("[@\\"2024-01-01\\"..)") = (>= @"2024-01-01") and 5 in range("(..-5)") = false
    range(" [ -3 .. -1 ] ") = [-3..-1]
    [1..10].start = 1 and [1..10).end included = false and (< 5).end = 5 and (< 5).start = null
"""

SENTENCES = [
    sentence.strip()
    for table in (CONVERSIONS, STRINGS, LISTS, NUMBERS, CONTEXTS, DAYS, RANGES)
    for sentence in table.strip().splitlines()
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_tables_of_the_standard_hold(sentence):
    result = feel.evaluate(sentence)

    assert result.value is True
    assert result.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        'substring("abc", 0)',
        'substring("abc", 4)',
        'substring("abc", 1, 0)',
        'number("1.000", ".", ".")',
        'number("ten")',
        'number("１")',
        "string(null)",
        "sum([])",
        "sum([1, null])",
        "min([])",
        'max([1, "a"])',
        "count(null)",
        "mean([])",
        "sublist([1, 2], 3)",
        "sublist([1, 2], 1, 3)",
        "remove([1], 2)",
        "insert before([1], 0, 2)",
        'sort([1, "a"])',
        "sort([1, 2], function(a) true)",
        "sort([2, 1], function(a, b) 1)",
        "sqrt(-1)",
        "log(0)",
        "modulo(1, 0)",
        "exp(100000)",
        "10 ** 7000",
        "(0 - 8) ** 0.5",
        "round up(1, 7000)",
        "context([{key: 1, value: 1}])",
        'context put({}, ["a", "b"], 1)',
        'get value({}, "a")',
        'before(1, "a")',
        'before(@"10:00:00", @"10:00:00Z")',
        "includes((!= 3), 3)",
        'date("2023-02-29")',
        "date(2024, 13, 1)",
        'time("25:00:00")',
        'time("12:00:00+99:00")',
        'date and time("2024-01-01T12:00:00@Mars/Base")',
        'date and time("2024-01-01T12:00:00@../../etc/passwd")',
        'duration("P1Y1D")',
        'duration("P")',
        'duration("P' + "9" * 40 + 'D")',
        'range("[1..2")',
        'range("[a..b]")',
        'range("[2..1]")',
        'range("[..2]")',
        'range("[2..]")',
        'range("(..)")',
        'range("(..null)")',
        'range("(..true)")',
        'range("(..1 + 1)")',
        'range("\\"(\\"..5]")',
        "before(1, (> null))",
        "5 in (> null)",
        'replace("abc", "x*", "-")',
        'replace("abc", "b", "$")',
        'split("abc", "")',
        'matches("a", "(")',
        'matches("a", "a", "k")',
        '@"2024-01-01T10:00:00" < @"2024-01-01T10:00:00Z"',
        '@"9999-12-31" + @"P999999999Y"',
        'duration("P1D") * 1e40',
    ],
)
def test_what_a_function_cannot_do_is_null_with_a_warning(text):
    result = feel.evaluate(text)

    assert result.value is None
    assert result.warnings


def test_every_function_of_the_standard_is_there():
    names = builtin_names()

    assert len(names) == 87
    for name in names:
        builtin = find_builtin(name)
        assert builtin is not None
        assert builtin.forms().startswith(f"{name}(")


def test_each_family_has_the_functions_that_it_is_loaded_for():
    for family, names in FAMILIES.items():
        assert tuple(import_module(family).FUNCTIONS) == names


def test_a_function_is_a_value():
    assert feel.compile("[abs, floor][1](-2)")() == 2
    assert feel.compile("(function(f, x) f(x))(f: sqrt, x: 9)")() == 3
    assert feel.compile("{double: function(n: number) n * 2, b: double(n: 4)}.b")() == 8
    assert feel.compile("for n in [1, 2] return (function(m) n * m)(10)")() == [10, 20]
    assert feel.evaluate('(function(n: number) n)("a")').warnings


def test_a_list_of_one_stands_for_its_element_and_back():
    assert feel.compile("abs([-1])")() == 1
    assert feel.compile("count(5)")() == 1
    assert feel.compile("(function(n: number) n + 1)([1])")() == 2
    assert feel.compile("(function(n: list<number>) n)(1)")() == [1]
