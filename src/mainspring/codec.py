"""JSON at the border: every value a user hands in or a handler returns passes here, once in each direction.

What JSON cannot carry is refused by name and place (`$.rows[3].price`), never bent silently: not-a-number and infinity
would become `null`, so they are errors.  Standard types, dataclasses, TypedDicts and msgspec Structs are carried by
msgspec itself; pydantic models, and whatever else offers `model_validate` and `model_dump`, by asking them.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Coroutine, Iterator
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from mainspring.errors import PayloadInvalidError

T = TypeVar("T")

PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
"""Of one value.  Larger ones belong in a file or an object store, their address in the payload."""

PLACE_DEPTH_MAX = 20
"""How deep the search for the culprit goes: enough for real data, and it ends in data that contain themselves."""

JSON_TYPES: tuple[type, ...] = (dict, list, str, int, float, bool, type(None))
"""What JSON decodes to where nothing narrower is asked for."""


def encode(value: Any, where: str, bytes_max: int = PAYLOAD_BYTES_MAX) -> bytes:
    """`value` as JSON; raises `PayloadInvalidError` that begins with `where` and names the field at fault."""
    try:
        data = _encode(value)
    except Exception as error:  # noqa: BLE001 - a model's own serializer may raise anything
        raise PayloadInvalidError(where, f"{_encoding_reason(error)} - at `{_place(value, _fails)}`") from None
    # Only a `null` can hide a number that JSON has no word for, so nearly all values pay no more than this search.
    if b"null" in data and value is not None and _hides_number(value):
        place = _place(value, _hides_number)
        raise PayloadInvalidError(where, f"JSON has no NaN and no infinity; use None or a string - at `{place}`")
    if len(data) > bytes_max:
        raise PayloadInvalidError(where, _size_reason(value, len(data), bytes_max))
    return data


def decode(data: bytes | msgspec.Raw, type: Any, where: str) -> Any:  # noqa: A002 - msgspec's own word
    """JSON as a value of `type`; raises `PayloadInvalidError` that begins with `where` and names the field at fault."""
    return decode_with(decoder(type), data, where)


def decoder(type: Any = Any) -> msgspec.json.Decoder[Any]:  # noqa: A002 - msgspec's own word
    """A decoder to keep: building one costs more than most uses of it."""
    return msgspec.json.Decoder(type, dec_hook=_decode_model)


def decode_with(reader: msgspec.json.Decoder[T], data: bytes | msgspec.Raw, where: str) -> T:
    """`decode` with a decoder that was kept."""
    try:
        return reader.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise PayloadInvalidError(where, str(error)) from None
    except RecursionError:
        raise PayloadInvalidError(where, "nested too deeply") from None


def type_problem(type: Any) -> str:  # noqa: A002 - msgspec's own word
    """Why JSON cannot carry values of `type`; empty if it can."""
    try:
        decoder(type)
        info = inspect.type_info(type)
    except Exception as error:  # noqa: BLE001 - annotations are evaluated here, and may raise anything
        return str(error) or error.__class__.__name__
    foreign = [custom.cls for custom in _custom_types(info, set()) if not _carries(custom.cls)]
    return f"JSON cannot carry {_type_name(foreign[0])}" if foreign else ""


def storable(text: str) -> str:
    """Text that every store takes: lone surrogates and NUL, which PostgreSQL refuses, are written out."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\x00", "\\x00")


# --- Out --------------------------------------------------------------------------------------


def _encode_model(value: Any) -> Any:
    """What msgspec does not know by itself, as something that it knows."""
    if hasattr(value, "model_dump"):
        # With aliases, because those are what the model reads.
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, PurePath):
        return str(value)
    # Subclasses of the plain types, such as NumPy's float64, and whatever counts as an integer.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "__index__"):
        return int(value)
    if isinstance(value, Iterator):
        raise TypeError(f"a {_type_name(type(value))} is not a value; make a list of it")
    if isinstance(value, Coroutine):
        value.close()  # or Python warns that nobody awaited it
        raise TypeError("a coroutine is not a value; await it in an `async def`")
    if isinstance(value, tuple | frozenset | bool | None):
        raise TypeError(f"a key in JSON is text or a number, not a {_type_name(type(value))}")
    raise TypeError(f"JSON cannot carry {_type_name(type(value))}")


_encode = msgspec.json.Encoder(enc_hook=_encode_model).encode


def _encoding_reason(error: Exception) -> str:
    match error:
        case RecursionError():
            return "nested too deeply, or contains itself"
        case UnicodeEncodeError():
            return "text with a lone surrogate is not Unicode"
        case OverflowError():
            return "JSON carries no integer of that size; use a string"
        case _:
            return str(error) or error.__class__.__name__


def _fails(value: Any) -> bool:
    try:
        _encode(value)
    except Exception:  # noqa: BLE001 - the question is only whether
        return True
    return False


def _hides_number(value: Any) -> bool:
    """Whether a NaN or an infinity in `value` has become `null`."""
    if isinstance(value, float):
        return not math.isfinite(value)
    try:
        json.dumps(msgspec.to_builtins(value, enc_hook=_encode_or_keep), allow_nan=False, check_circular=False)
    except ValueError:
        return True
    return False


def _encode_or_keep(value: Any) -> Any:
    return None if isinstance(value, msgspec.Raw) else _encode_model(value)


def _place(value: Any, guilty: Callable[[Any], bool]) -> str:
    """The path of the innermost part of `value` that is guilty."""
    place = "$"
    for _ in range(PLACE_DEPTH_MAX):
        for step, part in _parts(value):
            if guilty(part):
                place, value = place + step, part
                break
        else:
            break
    return place


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield f".{key}", part
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield f"[{index}]", part
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield f".{name}", getattr(value, name)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield f".{field.name}", getattr(value, field.name, None)


def _size_reason(value: Any, size: int, bytes_max: int) -> str:
    """How much too large, and which field is to blame most."""
    heaviest = max(((len(_encode(part)), step) for step, part in _parts(value)), default=None)
    where = f"; the largest part is `${heaviest[1]}` with {heaviest[0]:,} bytes" if heaviest else ""
    return f"{size:,} bytes are more than the {bytes_max:,} allowed{where}; store it elsewhere and pass its address"


# --- In ---------------------------------------------------------------------------------------


def _decode_model(type: Any, value: Any) -> Any:  # noqa: A002 - msgspec's own word
    """A value of a type that msgspec does not know, from what JSON said; errors become msgspec's, with the place."""
    try:
        if hasattr(type, "model_validate_json"):
            # The JSON door of a pydantic model: in strict models a date may come as text only there.
            return type.model_validate_json(_encode(value))
        if hasattr(type, "model_validate"):
            return type.model_validate(value)
    except Exception as error:  # noqa: BLE001 - a model's validator may raise anything
        raise ValueError(_model_reason(error)) from None
    if issubclass(type, PurePath):
        if isinstance(value, str):
            return type(value)
        raise TypeError(f"Expected a path as `str`, got `{_type_name(value.__class__)}`")
    if isinstance(value, type):
        return value
    raise TypeError(f"Expected `{_type_name(type)}`, got `{_type_name(value.__class__)}`")


def _model_reason(error: Exception) -> str:
    """Pydantic's errors in one line, without links."""
    if not hasattr(error, "errors"):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in error.errors())


# --- Types ------------------------------------------------------------------------------------


def _custom_types(info: Any, seen: set[int]) -> Iterator[inspect.CustomType]:
    """All types within `info` that msgspec leaves to the hooks."""
    if id(info) in seen:
        return
    seen.add(id(info))
    if isinstance(info, inspect.CustomType):
        yield info
    elif isinstance(info, tuple):
        for part in info:
            yield from _custom_types(part, seen)
    elif isinstance(info, inspect.Type | inspect.Field):
        for name in info.__struct_fields__:
            yield from _custom_types(getattr(info, name), seen)


def _carries(cls: type) -> bool:
    """Whether `_decode_model` can make an instance, or what JSON decodes to is one already (`object`, `Iterable`)."""
    if hasattr(cls, "model_validate") or issubclass(cls, PurePath):
        return True
    try:
        return any(issubclass(one, cls) for one in JSON_TYPES)
    except TypeError:  # a Protocol that cannot be checked at run time
        return False


def _type_name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
