"""An expression from a file cannot hang or fill the process: each way to try it ends in a clear error, soon."""

from __future__ import annotations

import pytest

from mainspring import feel

pytestmark = pytest.mark.timeout(60)  # seconds, for a slow and busy machine; most attempts take a hundredth of one


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1" * 1_000_000, "at most 100,000 are allowed"),
        ("(" * 5_000 + "1" + ")" * 5_000, "nested deeper than 200 levels"),
        ("[" * 5_000, "nested deeper than 200 levels"),
        ("-" * 5_000 + "1", "nested deeper than 200 levels"),
        ("1" + " + 1" * 5_000, "nested deeper than 200 levels"),
        ("a" + ".b" * 5_000, "nested deeper than 200 levels"),
        ("f" + "(1)" * 5_000, "nested deeper than 200 levels"),
        ("if a then b else " * 1_000 + "c", "nested deeper than 200 levels"),
        ("x in (" * 1_000, "nested deeper than 200 levels"),
        ("x instance of " + "list<" * 1_000 + "Any" + ">" * 1_000, "nested deeper than 200 levels"),
        ("function(f) " * 1_000 + "1", "nested deeper than 200 levels"),
        ("{a: " * 1_000, "nested deeper than 200 levels"),
        ("not(" * 1_000, "nested deeper than 200 levels"),
        ("for i in [1] return " * 1_000 + "1", "nested deeper than 200 levels"),
        ("every i in " * 1_000, "nested deeper than 200 levels"),
        ("some i in [1] satisfies " * 1_000 + "i", "nested deeper than 200 levels"),
        ("a" + "[1]" * 1_000, "nested deeper than 200 levels"),
        ("a[" * 1_000, "nested deeper than 200 levels"),
        ("f(a: " * 1_000, "nested deeper than 200 levels"),
        ("1 between 1 and " * 1_000 + "1", "nested deeper than 200 levels"),
        ("[1.." * 1_000, "nested deeper than 200 levels"),
        ("2" + " ** 2" * 1_000, "nested deeper than 200 levels"),
        ("1" + " < 1" * 1_000, "nested deeper than 200 levels"),
        ("1 instance of " + "context<a: " * 1_000, "nested deeper than 200 levels"),
        ("1 instance of " + "function<> -> " * 1_000 + "Any", "nested deeper than 200 levels"),
        ("function(x: " + "range<" * 1_000, "nested deeper than 200 levels"),
    ],
)
def test_a_text_that_is_too_large_or_too_deep_is_refused(text, words):
    with pytest.raises(feel.LimitError) as raised:
        feel.compile(text)

    assert words in str(raised.value)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(("text", "language"), [("a or " * 19_000 + "a", "feel"), ("a||" * 33_000 + "a", "juel")])
def test_a_chain_of_the_longest_text_is_read_soon(text, language):
    assert feel.compile(text, language=language)(a=False) is False


@pytest.mark.parametrize(
    "text",
    [
        "10 ** (10 ** 10)",
        "10 ** 10 ** 10 ** 10 ** 10",
        "0.5 ** (10 ** 9)",
        "1e6144 * 10",
        "exp(1e30)",
        '@"P1D" * 1e30',
        "1e6144 + 9e6144",
    ],
)
def test_a_number_beyond_all_bounds_is_soon_nothing_or_zero(text):
    result = feel.evaluate(text)

    assert result.value == 0 or (result.value is None and "too large" in result.warnings[0].message)


def test_trees_that_are_deeper_than_python_calls_are_compared_and_shown():
    """Signs before loops before signs: each is a level of the tree, but not of the text."""
    text = ("-" * 30 + "for i in 1..1 return ") * 8 + "-" * 30 + "i"
    one, other = feel.compile(text), feel.compile(text)
    assert one.tree.depth > 240
    assert one.tree == other.tree
    assert hash(one.tree) == hash(other.tree)
    assert one.tree != feel.compile(text + "i").tree
    assert feel.compile(one.to_text()).tree == one.tree
    assert "…" in repr(one.tree)


def test_a_long_condition_is_neither_deep_nor_refused():
    text = " or ".join(f"x = {number}" for number in range(2_000))

    assert feel.compile(text)(x=1_999) is True


@pytest.mark.parametrize(
    "text",
    [
        "for i in 1..1000000000 return i",
        "for i in 1..10000, j in 1..10000 return i",
        'for i in @"0001-01-01"..@"9999-01-01" return i',
        "some i in 1..10000 satisfies some j in 1..10000 satisfies false",
        "(function(f) f(f))(function(f) f(f))",
        "(function(f) [f(f), f(f)])(function(f) [f(f), f(f)])",
        'for i in 1..60 return if i = 1 then "abcdefgh" else partial[-1] + partial[-1]',
        "for i in 1..60 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])",
        "string(for i in 1..60 return [partial[-1], partial[-1]])",
        "flatten(for i in 1..60 return [partial[-1], partial[-1]])",
        "distinct values(for i in 1..3000 return [i])",
        "sort(for i in 1..100000 return i)",
        'string join(for i in 1..100 return "' + "x" * 20_000 + '")',
        "for i in 1..2000 return partial",
        'replace("' + "a" * 500 + '", "a", "' + "b" * 5_000 + '")',
        "for i in 1..1000000 return [" + "1 + 1, " * 12_000 + "1]",
        "for i in 1..12000 return " + "a - " * 150 + "null",
        "some i in 1..1000000 satisfies false and [" + "1, " * 20_000 + "1] = 1",
        "(for i in 1..1000000 return i)[[" + "1, " * 20_000 + "1] = item]",
        "{f: function(x) [" + "x, " * 20_000 + "x], r: for i in 1..1000000 return f(i)}",
        "for i in 1..1000, j in [" + "i, " * 20_000 + "i] return j",
        'for i in 1..100000 return contains("' + "a" * 45_000 + '", "' + "a" * 20_000 + 'b")',
        'for i in 1..100000 return substring after("' + "a" * 45_000 + '", "' + "a" * 20_000 + 'b")',
        'for i in 1..100000 return number("' + "1" * 90_000 + '")',
        'for i in 1..1000 return upper case("' + "ß" * 90_000 + '")',
        "{a: for i in 1..100000 return i, b: for i in 1..100000 return i, c: for i in a return a = b}",
        "{a: for i in 1..100000 return i, b: for i in 1..100000 return i, c: for i in a return is(a, b)}",
        "{a: for i in 1..100000 return i, c: for i in a return 0 in a}",
        "{a: for i in 1..30000 return i, b: for i in 1..1000 return a, c: list contains(b, append(a, 1))}",
        "{a: for i in 1..100000 return i, c: for i in a return a[item = 0]}",
        "{a: for i in 1..100000 return i, c: for i in a return string(a)}",
        "{a: for i in 1..100000 return i, c: for i in a return a.x}",
        "distinct values(for i in 1..100000 return {a: i})",
        "for i in 1..100000 return exp(i / 7)",
        "for i in 1..100000 return log(i / 7)",
        "for i in 1..100000 return 1.00001 ** (i / 7)",
        'for i in 1..100000 return range("[1..2]")',
        'for i in 1..100000 return time("10:00:00@Europe/X" + string(i))',
        'for i in 1..100000 return matches("a", "b" + string(i))',
        "for i in 1..3000 return if i = 1 then {} else context put(partial[-1], string(i), i)",
        "sort(for i in 1..20000 return i, function(a, b) sum(for k in 1..100 return k) > 0)",
        "{f: function(g, n) if n = 0 then 0 else g(g, n - 1) + g(g, n - 1), r: f(f, 40)}",
        "{f: function(g, n) if n = 0 then 0 else g(g, n - 1), r: f(f, 4000)}",
    ],
)
def test_an_evaluation_that_would_not_end_is_stopped(text):
    with pytest.raises(feel.LimitError, match="line 1, column"):
        feel.compile(text)()


def test_what_is_stopped_tells_its_place():
    with pytest.raises(feel.LimitError) as raised:
        feel.compile("1 +\n  sum(for i in 1..1000000000 return i)")()

    assert (raised.value.line, raised.value.column) == (2, 7)


def test_a_result_that_repeats_itself_stays_small():
    value = feel.compile("(for i in 1..60 return [partial[-1], partial[-1]])[-1]")()

    assert len(value) == 2
    assert value[0] is value[1]


def test_lists_that_share_their_parts_are_compared_soon():
    shared = "for i in 1..60 return [partial[-1], partial[-1]]"

    assert feel.compile(f"{{a: {shared}, b: {shared}, c: a = b}}.c")() is True


def test_a_deep_list_is_stopped_not_crashed():
    with pytest.raises(feel.LimitError):
        feel.compile("(for i in 1..20000 return [partial[-1]])[-1]")()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 5_000 + "b"),
        ("(a|aa)+$", "a" * 5_000 + "b"),
        ("(a*)*b", "a" * 5_000),
        ("(.*)(.*)(.*)(.*)x", "a" * 2_000),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5_000),
    ],
)
def test_a_pathological_pattern_ends(pattern, text):
    assert feel.compile(f'matches(text, "{pattern}")', limits=feel.Limits(steps_max=10_000_000))(text=text) is False


@pytest.mark.parametrize("pattern", [r"(a*)*\1b", r"(.*)(.*)\2\1x", r"((a|b)*)\1c"])
def test_a_pattern_that_refers_back_is_stopped(pattern):
    with pytest.raises(feel.LimitError, match="needs more than 1,000,000 steps"):
        feel.compile(f'matches(text, "{pattern}")')(text="a" * 2_000)


@pytest.mark.parametrize("pattern", ["a{9999}{9999}", "((a{100}){100}){100}", "(" * 1_000, "[" * 1_000, "a" * 20_000])
def test_a_pattern_that_is_too_large_is_an_error(pattern):
    result = feel.evaluate("matches(text, pattern)", {"text": "a", "pattern": pattern})

    assert result.value is None
    assert "pattern" in result.warnings[0].message


def test_a_loop_over_wrong_values_keeps_a_hundred_warnings():
    assert len(feel.evaluate("for i in 1..10000 return i + null").warnings) == 100


def test_limits_can_be_narrowed():
    with pytest.raises(feel.LimitError, match="more than 10 steps"):
        feel.compile("for i in 1..11 return i", limits=feel.Limits(steps_max=10))()
