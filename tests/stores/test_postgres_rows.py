"""A column as an array literal reads back as it was written."""

from __future__ import annotations

import psycopg
import pytest

from mainspring.stores.postgres_rows import columns, numbers, texts
from tests.postgres import database


@pytest.fixture(scope="module")
def connection():
    with psycopg.connect(database()) as made:
        yield made


TEXTS = [
    [],
    [None],
    [""],
    ["", ""],
    ["same", "same", "same"],
    [None, None],
    ['a "quoted" one', "back\\slash", "{}", "a,b", "NULL", "null", None, " ", "two\nlines\t", "äöü 雪"],
    ['{"a": "\\"b\\\\"}', '{"a": [1, null]}'],
]
NUMBERS = [
    [],
    [None],
    [1],
    [1, 1, 1],
    [1, None, 2.5],
    [None, None],
    [0.1, 1764000000.123456, -3, 2**62],
    [1e300, 5e-324],
]


@pytest.mark.parametrize("values", TEXTS)
def test_texts(connection, values):
    assert connection.execute("select %s::text[]", (texts(values),)).fetchone() == (values,)


@pytest.mark.parametrize("values", NUMBERS)
def test_numbers(connection, values):
    kind = "bigint" if all(type(value) is int for value in values) else "double precision"
    assert connection.execute(f"select %s::{kind}[]", (numbers(values),)).fetchone() == (values,)


def test_truth_is_a_number_as_well(connection):
    assert connection.execute("select %s::boolean[]", (numbers([True, False]),)).fetchone() == ([True, False],)


def test_rows_become_columns(connection):
    given = columns([(1, "a"), (2, None)], "nt")
    assert connection.execute("select %s::integer[], %s::text[]", given).fetchone() == ([1, 2], ["a", None])
