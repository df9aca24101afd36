"""What JSON can carry goes through unchanged; what it cannot is refused by name and place."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring import codec
from mainspring.errors import PayloadInvalidError


class Colour(enum.Enum):
    RED = "red"


class Point(TypedDict):
    x: int


class Box(msgspec.Struct):
    width: float


@dataclasses.dataclass
class Order:
    number: int
    parts: list[Order] = dataclasses.field(default_factory=list)


class Person(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    name: str
    born: datetime.date
    height: float | None = pydantic.Field(default=None, alias="heightInMetres")


PERSON = Person(name="Ada", born=datetime.date(1815, 12, 10), heightInMetres=1.6)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Order, Order(1, [Order(2)])),
        (Box, Box(1.5)),
        (Point, {"x": 1}),
        (Colour, Colour.RED),
        (datetime.datetime, datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)),
        (uuid.UUID, uuid.UUID(int=7)),
        (decimal.Decimal, decimal.Decimal("0.10")),
        (tuple[int, str], (1, "a")),
        (set[int], {1, 2}),
        (bytes, b"\x00\xff"),
        (pathlib.Path, pathlib.Path("a/b")),
        (Person, PERSON),
        (list[Person | None], [PERSON, None]),
        (dict[str, list[Person]], {"all": [PERSON]}),
        (Any, 10**40),
        (Any, None),
        (Any, {"nothing": None, "number": 1.5}),
    ],
)
def test_a_value_comes_back_as_it_was(type_, value):
    assert codec.decode(codec.encode(value, "here"), type_, "here") == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda part: st.lists(part) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), part),
)


@given(JSON)
def test_json_comes_back_as_it_was(value):
    assert codec.decode(codec.encode(value, "here"), Any, "here") == value


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "JSON has no NaN and no infinity; use None or a string - at `$`"),
        ({"a": [1, math.inf], "b": None}, "JSON has no NaN and no infinity; use None or a string - at `$.a[1]`"),
        (Order(1, [Order(math.nan)]), "at `$.parts[0].number`"),  # type: ignore[arg-type]
        (Box(-math.inf), "at `$.width`"),
        ([PERSON.model_copy(update={"height": math.nan})], "no NaN and no infinity; use None or a string - at `$[0]`"),
        ({"a": ["\ud800"]}, "lone surrogate is not Unicode - at `$.a[0]`"),
        ({"a": object()}, "JSON cannot carry object - at `$.a`"),
        ({"a": 1 + 2j}, "JSON cannot carry complex - at `$.a`"),
        ({(1, 2): 3}, "a key in JSON is text or a number, not a tuple - at `$`"),
        ((one for one in "ab"), "a generator is not a value; make a list of it"),
        (endless(), "nested too deeply, or contains itself"),
        pytest.param(10**5000, "4300 digits", id="huge"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_place(value, message):
    with pytest.raises(PayloadInvalidError, match=r"^node 'load': ") as error:
        codec.encode(value, "node 'load'")
    assert message in str(error.value)


def test_a_coroutine_is_refused_and_closed():
    async def forgotten() -> None: ...

    with pytest.raises(PayloadInvalidError, match="await it"):
        codec.encode(forgotten(), "here")


def test_subclasses_of_plain_types_are_plain():
    class Metres(float): ...

    class Count(int): ...

    class Name(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "wrong"

    assert codec.encode([Metres(1.5), Count(2), Name("a")], "here") == b'[1.5,2,"a"]'


def test_raw_json_is_passed_on():
    assert codec.encode({"a": msgspec.Raw(b"null")}, "here") == b'{"a":null}'


def test_too_large_a_value_names_its_largest_part():
    with pytest.raises(PayloadInvalidError) as error:
        codec.encode({"title": "a", "rows": "x" * 100}, "node 'load'", bytes_max=50)
    assert "123 bytes are more than the 50 allowed; the largest part is `$.rows` with 102 bytes" in str(error.value)


@pytest.mark.parametrize(
    ("data", "type_", "message"),
    [
        (b'{"number":"one"}', Order, "Expected `int`, got `str` - at `$.number`"),
        (b'{"number":1,"parts":[{}]}', Order, "Object missing required field `number` - at `$.parts[0]`"),
        (b'{"a":', Any, "Input data was truncated"),
        (b'"\xff"', str, "can't decode byte"),
        (b"[" * 100_000, Any, "nested too deeply"),
        (b"1e999", Any, "out of range"),
        (b'[{"name":3}]', list[Person], "name: Input should be a valid string; born: Field required - at `$[0]`"),
        (b"[3]", list[pathlib.Path], "Expected a path as `str`, got `int` - at `$[0]`"),
    ],
)
def test_json_of_another_type_is_refused_with_its_place(data, type_, message):
    with pytest.raises(PayloadInvalidError, match=r"^node 'load': ") as error:
        codec.decode(data, type_, "node 'load'")
    assert message in str(error.value)


@pytest.mark.parametrize("type_", [Any, object, Order, Person, list[Person | None], Iterable[int], pathlib.Path])
def test_types_that_json_can_carry(type_):
    assert codec.type_problem(type_) == ""


@pytest.mark.parametrize("type_", [complex, Callable[[], int], list[range], dict[str, Exception], Person | int, "Nope"])
def test_types_that_json_cannot_carry(type_):
    assert codec.type_problem(type_)


def test_a_type_that_contains_itself_is_looked_at_once():
    assert codec.type_problem(Order) == ""
