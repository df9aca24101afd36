"""Declared inputs."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import msgspec
import pytest

from mainspring.errors import PayloadInvalidError
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.inputs import parse_type, type_text
from mainspring.models.workflow.model import WORKFLOW
from tests.models.workflow.shop import drive, unasked, work


@dataclasses.dataclass
class Page:
    title: str


class Row(TypedDict):
    price: int


class Point(msgspec.Struct):
    x: int


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("str", str),
        ("integer", int),
        ("any", Any),
        ("null", None),
        ("list", list),
        ("list[str]", list[str]),
        ("dict[str, list[int]]", dict[str, list[int]]),
        ("int | null", int | None),
        ("list[int | str] | null", list[int | str] | None),
    ],
)
def test_types_as_text(text, type_):
    assert parse_type(text) == type_


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("strnig", "unknown type 'strnig'; there are any, str,"),
        ("list[]", "unknown type ''"),
        ("dict[int, str]", "JSON has only dict[str, …]"),
        ("dict[str]", "JSON has only dict[str, …]"),
        ("set[int]", "unknown type 'set[int]'"),
        ("list[" * 100 + "]" * 100, "too long"),
        ("int |", "unknown type ''"),
    ],
)
def test_texts_that_are_no_type(text, reason):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_type(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (str, "str"),
        (None, "null"),
        (Any, "any"),
        (list[str], "list[str]"),
        (tuple[int], "list[int]"),
        (dict[str, int | None], "dict[str, int | null]"),
        (Page, "dict"),
        (Row, "dict"),
        (Point, "dict"),
        (complex, "any"),
        ("list[str]", "list[str]"),
    ],
)
def test_python_types_become_text(type_, text):
    assert type_text(type_) == text


def declared() -> Any:
    wf = Workflow("inputs")
    values = [wf.input("url", str), wf.input("limit", int, default=10), wf.input("tags", list[str], default=["$5"])]
    wf.add(work, *values)
    return wf


def test_inputs_are_passed_with_their_defaults():
    assert drive(declared(), {"url": "x"}).payloads == {"work": {"*": ["x", 10, ["$5"]]}}
    assert drive(declared(), {"url": "x", "limit": 3, "tags": []}).payloads == {"work": {"*": ["x", 3, []]}}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "Object missing required field `url`"),
        (b'{"url": 5}', "Expected `str`, got `int` - at `$.url`"),
        (b'{"url": "x", "tags": [1]}', "Expected `str`, got `int` - at `$.tags[0]`"),
        (b'{"url": "x", "ulr": 1}', "Object contains unknown field `ulr`"),
        (b'["x"]', "Expected `object`, got `array`"),
        (b'{"url": ', "Input data was truncated"),
    ],
)
def test_inputs_that_are_not_what_was_declared(payload, reason):
    plan = WORKFLOW.compile(declared().document(), unasked)
    with pytest.raises(PayloadInvalidError) as caught:
        WORKFLOW.check_input(plan, payload)
    assert caught.value.where == "input of workflow 'inputs'"
    assert caught.value.reason == reason
