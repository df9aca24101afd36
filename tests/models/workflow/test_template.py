"""Argument templates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.models.workflow.notation import template
from mainspring.models.workflow.template import DataError, Reference, TemplateError, compile_template, parse, references

SLOTS = {"page": 0, "gone": 1}
PAGE = {"title": "T", "items": [{"price": 1.50}, {}], "odd key": {"a-b": 2}, "null": None}
VALUES = [json.dumps(PAGE).encode(), None]


def rendered(value: Any) -> Any:
    return json.loads(compile_template(value, SLOTS).render(VALUES))


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("$page", PAGE),
        ("$page.title", "T"),
        ("$page.items[0].price", 1.5),
        ("$page.items[-1]", {}),
        ('$page["odd key"].a-b', 2),
        ("$gone", None),
        ("$gone.a[3].b", None),
        ("$page.null.anything", None),
        ({"a": ["$page.title", {"b": "$gone"}], "c": 1}, {"a": ["T", {"b": None}], "c": 1}),
        ({"$page": "x"}, {"$page": "x"}),
        (["$$page", "$$", "a$b", ""], ["$page", "$", "a$b", ""]),
        ([], []),
        ({}, {}),
        (None, None),
        (3.5, 3.5),
    ],
)
def test_what_a_template_becomes(value, result):
    assert rendered(value) == result


def test_what_is_passed_on_whole_is_not_touched():
    odd = b'{"a" :  1.0e2,"a":2}'
    assert compile_template({"x": "$page"}, SLOTS).render([odd, None]) == b'{"x":' + odd + b"}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$page.titel", "$page.titel leads nowhere: the object has no field 'titel'"),
        ("$page.items[2]", "$page.items[2] leads nowhere: the list has no element 2"),
        ("$page.items.x", "$page.items.x leads nowhere: expected an object to look up 'x' in, found a list"),
        ("$page[0]", "$page[0] leads nowhere: expected a list to look up 0 in, found an object"),
        ("$page.title[0]", "$page.title[0] leads nowhere: expected a list to look up 0 in, found a string"),
        ("$page.items[0].price.x", "leads nowhere: expected an object to look up 'x' in, found a number"),
    ],
)
def test_references_that_lead_nowhere_in_the_data(text, reason):
    with pytest.raises(DataError) as caught:
        rendered(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["$", "$5", "$a b", "$a.", "$a[", "$a[x]", "$a..b", "$a[0", '$a["x]', "$-a"])
def test_strings_that_begin_with_a_dollar_and_are_no_reference(text):
    with pytest.raises(TemplateError):
        list(references(text))


STEPS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8) | st.integers(-99, 99)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True), st.lists(STEPS, max_size=4))
def test_a_reference_survives_its_text(name, path):
    reference = Reference(name, tuple(path))
    assert parse(str(reference)) == reference


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
)


@given(JSON)
def test_a_value_from_python_stays_what_it_is(value):
    assert rendered(template(value)) == value
