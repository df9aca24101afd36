"""Patterns of XPath: against Python's own engine where both mean the same, and by the standard where they differ."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Budget, Limits
from mainspring.models.expression.pattern import compile_pattern, expand, find_all

LETTERS = "abAB\n"
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"]
atoms = st.sampled_from(["a", "b", "A", ".", "[ab]", "[^a]", "[a-b]", r"\s", r"\w", "^", "$", r"\n"])


def larger(inner):
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join).map("({})".format),
        inner.map("(?:{})".format),
        st.tuples(inner.map("({})".format), st.sampled_from(QUANTIFIERS)).map("".join),
    )


patterns = st.recursive(atoms, larger, max_leaves=6)


def budget():
    return Budget(Limits())


def spans(pattern: str, text: str, flags: str = "") -> list[tuple[int, int]]:
    return [(found.start, found.end) for found in find_all(compile_pattern(pattern, flags), text, budget())]


@settings(deadline=None, max_examples=500)
@given(patterns, st.text(LETTERS, max_size=8), st.sampled_from(["", "s"]))
@example("((?:(A)*?))*", "A", "")
@example("(^|a)*", "a", "")
def test_the_first_match_is_where_python_finds_it(pattern, text, flags):
    # In XPath a dot is no carriage return either, and the end is the very end, which Python writes \Z.
    own = re.compile(pattern.replace("$", r"\Z"), re.DOTALL if "s" in flags else 0)
    expected = own.search(text)

    found = next(find_all(compile_pattern(pattern, flags), text, budget()), None)

    assert (found and (found.start, found.end)) == (expected and expected.span())


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        ("^b", "", "a\nb", []),
        ("^b", "m", "a\nb", [(2, 3)]),
        ("a$", "", "a\n", []),
        ("a$", "m", "a\n", [(0, 1)]),
        ("^", "m", "a\n", [(0, 0)]),
        (".", "", "\n\r\u2028", [(2, 3)]),
        (".", "s", "\n\r", [(0, 1), (1, 2)]),
        ("a b", "x", "ab", [(0, 2)]),
        ("a[ ]b", "x", "a b", [(0, 3)]),
        ("a.b", "q", "a.b axb", [(0, 3)]),
        ("STRASSE", "i", "strasse", [(0, 7)]),
        ("[a-c]", "i", "B", [(0, 1)]),
        ("[^a]", "i", "A", []),
        ("\u03c3", "i", "Σς", [(0, 1), (1, 2)]),
        ("\\p{Lu}", "i", "aB", [(1, 2)]),
        ("\\p{L}+", "", "héß1", [(0, 3)]),
        ("\\P{L}", "", "é1", [(1, 2)]),
        ("\\p{IsGreek}+", "", "aαβ", [(1, 3)]),
        ("\\p{IsBasicLatin}\\P{IsBasicLatin}", "", "aé", [(0, 2)]),
        ("[a-z-[aeiou]]+", "", "queue", [(0, 1)]),
        ("[\\w-[\\d_]]+", "", "a1_b", [(0, 1), (3, 4)]),
        ("[-a]", "", "-a", [(0, 1), (1, 2)]),
        ("[a\\-z]", "", "m-", [(1, 2)]),
        ("\\i\\c*", "", "1a-2:b", [(1, 6)]),
        ("\\d", "", "٣x", [(0, 1)]),
        ("(a)(b)?\\1", "", "aa aba", [(0, 2), (3, 6)]),
        ("(a)\\1", "i", "aA", [(0, 2)]),
        ("(?:ab){2,}", "", "ababab", [(0, 6)]),
        ("a{2,3}?", "", "aaaa", [(0, 2), (2, 4)]),
        ("", "", "ab", [(0, 0), (1, 1), (2, 2)]),
        ("(|a)b", "", "ab", [(0, 2)]),
    ],
)
def test_it_matches_as_the_standard_says(pattern, flags, text, found):
    assert spans(pattern, text, flags) == found


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a)", "(a", "[", "[]", "[a", "[z-a]", "*", "a**", "a{", "a{2", "a{3,2}", "a{,2}", "}", "]", "\\", "\\e",
     "\\p", "\\p{", "\\p{Xx}", "\\p{IsKlingon}", "\\1", "(a\\1)", "[\\1]", "\\0", "(a)\\2",
     "[a-z-[b]c]", "(?=a)", "a|*"],
)  # fmt: skip
def test_a_wrong_pattern_is_told(pattern):
    with pytest.raises(Fault, match="pattern"):
        compile_pattern(pattern, "")


@pytest.mark.parametrize(
    ("replacement", "result"),
    [("$2$1", "ba"), ("$0!", "ab!"), ("$3", ""), ("$12", "a2"), ("\\$1", "$1"), ("\\\\", "\\"), ("x", "x")],
)
def test_a_replacement_puts_groups_in(replacement, result):
    pattern = compile_pattern("(a)(b)", "")
    match = next(find_all(pattern, "ab", budget()))

    assert expand(pattern, match, "ab", replacement) == result


@pytest.mark.parametrize("replacement", ["$", "$x", "\\", "\\n"])
def test_a_wrong_replacement_is_told(replacement):
    pattern = compile_pattern("a", "")
    match = next(find_all(pattern, "a", budget()))

    with pytest.raises(Fault, match="in a replacement"):
        expand(pattern, match, "a", replacement)
