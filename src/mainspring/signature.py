"""The signature of a handler, compiled: JSON in, arguments out, one C call for both decoding and checking."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from inspect import Parameter
from typing import Any, TypeVar

import msgspec

from mainspring import codec
from mainspring.errors import HandlerInvalidError, PayloadInvalidError

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

VARIADIC = "*"
"""The payload's name for what goes to `*args`; no parameter can be called so."""

OFFERED = "?"
"""The payload's name for more than the function may want: it gets what it has parameters for."""
_OFFERED_START = b'{"?":'
ALL_OFFERED = "variables"
"""A parameter of this name takes all that is offered, unless it is offered itself."""

PLAIN_TYPES = {
    dict: dict,
    dict[str, Any]: dict,
    dict[Any, Any]: dict,
    list: list,
    list[Any]: list,
    str: str,
    int: int,
    float: float,
    bool: bool,
    type(None): type(None),
}
"""Return annotations that a result fulfils by being exactly of the type; no need to read back what was written."""


class Signature:
    """What a callable takes and gives."""

    def __init__(self, function: Callable[..., Any], where: str, given: Mapping[type, Callable[[Any], Any]]) -> None:
        """`given`: types of parameters that no payload fills, and how the context of an attempt does."""
        self._input, self._output = f"input of {where}", f"output of {where}"
        self.where = where
        declared, problem = _parameters(function)
        hints, notes = _hints(function, declared)
        self.notes: tuple[str, ...] = (*problem, *notes)
        self.parameters = {one.name: one for one in declared}
        self.given = {
            name: kind for name in self.parameters for kind in given if _mentions(hints.get(name), kind)
        }  # fmt: skip
        """What the runtime fills, by parameter name."""
        self._give = given
        self._variadic = next((one.name for one in declared if one.kind is Parameter.VAR_POSITIONAL), None)
        self._variadic_keyword = next((one.name for one in declared if one.kind is Parameter.VAR_KEYWORD), None)
        self.fillable = self._fillable(declared, hints)
        """Type of each parameter that a payload may name, by parameter name."""
        self.input_type = self._input_struct()
        self.output_type = self._output_type(hints.get("return", Any))
        self._compile()

    # --- Building -----------------------------------------------------------------------------

    def _fillable(self, declared: Iterable[Parameter], hints: Mapping[str, Any]) -> dict[str, Any]:
        """Raises `HandlerInvalidError` naming all parameters that could never be filled."""
        fillable, problems = {}, []
        for one in declared:
            if one.name in self.given:
                continue
            problem = codec.type_problem(hints[one.name])
            if not problem:
                fillable[one.name] = hints[one.name]
            elif one.default is Parameter.empty and one.kind is not Parameter.VAR_KEYWORD:
                problems.append(f"parameter {one.name!r}: {problem}")
        if problems:
            raise HandlerInvalidError(f"{self.where}: {'; '.join(problems)}")
        return fillable

    def _output_type(self, hint: Any) -> Any:
        if hint in (typing.NoReturn, typing.Never):
            return Any
        if hint is None:
            hint = type(None)
        problem = codec.type_problem(hint)
        if problem:
            raise HandlerInvalidError(f"{self.where}: what it returns: {problem}")
        return hint

    def _input_struct(self) -> type[msgspec.Struct]:
        """Fields are numbered, for a parameter may have a name that a Struct cannot; JSON sees the real ones."""
        fields: list[Any] = []
        names = {}
        for index, (name, hint) in enumerate(self.fillable.items()):
            parameter, field = self.parameters[name], f"p{index}"
            if parameter.kind is Parameter.VAR_KEYWORD:
                continue
            if parameter.kind is Parameter.VAR_POSITIONAL:
                names[field] = VARIADIC
                fields.append((field, types.GenericAlias(list, (hint,)), msgspec.field(default_factory=list)))
            elif parameter.default is Parameter.empty:
                names[field] = name
                fields.append((field, hint))
            else:
                names[field] = name
                fields.append((field, hint, msgspec.field(default_factory=_always(parameter.default))))
        forbid = self._variadic_keyword is None
        return msgspec.defstruct("Input", fields, rename=names, kw_only=True, forbid_unknown_fields=forbid, gc=False)

    def _compile(self) -> None:
        self._positional = [name for name in self.fillable if self.parameters[name].kind in POSITIONAL]
        required = [name for name in self.fillable if self._is_required(name)]
        # With this many arguments by position, and none by name, there is nothing to check.
        self._enough = len(required) if required == self._positional[: len(required)] else len(self.fillable) + 1
        self._read = codec.decoder(self.input_type).decode
        # Without variadic, keyword-only and runtime-filled parameters the struct's fields are the arguments.
        self._direct = len(self.fillable) == len(self.parameters) and all(
            one.kind in POSITIONAL for one in self.parameters.values()
        )
        self._empty = self._direct and not self.parameters
        self._plain = PLAIN_TYPES.get(self.output_type) if _hashable(self.output_type) else None
        unchecked = self.output_type in (Any, object) or isinstance(self.output_type, TypeVar)
        self._recheck = None if unchecked else codec.decoder(self.output_type).decode
        self._model = self.output_type if hasattr(self.output_type, "model_dump") else None

    # --- Calls as a user writes them ----------------------------------------------------------

    def bound(self, args: Sequence[Any]) -> dict[str, Any] | None:
        """Arguments by parameter name, if there are as many as there must be; None: look closer."""
        positional = self._positional
        return dict(zip(positional, args, strict=False)) if self._enough <= len(args) <= len(positional) else None

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
        """All that is wrong with these arguments; only names and counts are looked at."""
        positional = self._positional
        if not kwargs and self._enough <= len(args) <= len(positional):
            return []
        problems = []
        if len(args) > len(positional) and self._variadic is None:
            problems.append(f"takes {len(positional)} arguments by position, got {len(args)}")
        by_position = set(positional[: len(args)])
        for name in kwargs:
            problems += self._keyword_problems(name, by_position)
        given = by_position | kwargs.keys()
        missing = [repr(name) for name in self.fillable if name not in given and self._is_required(name)]
        if missing:
            problems.append(f"missing {'argument' if len(missing) == 1 else 'arguments'} {', '.join(missing)}")
        return problems

    def _keyword_problems(self, name: str, by_position: set[str]) -> Iterator[str]:
        parameter = self.parameters.get(name)
        if parameter is None or parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            if self._variadic_keyword is None:
                close = get_close_matches(name, self.fillable, 1)
                yield f"unknown argument {name!r}" + (f", did you mean {close[0]!r}?" if close else "")
        elif name in self.given:
            yield f"argument {name!r} is filled when it runs"
        elif name not in self.fillable:
            yield f"argument {name!r} cannot be given: JSON cannot carry its type"
        elif name in by_position:
            yield f"argument {name!r} is given twice"

    def _is_required(self, name: str) -> bool:
        one = self.parameters[name]
        return one.default is Parameter.empty and one.kind in (*POSITIONAL, Parameter.KEYWORD_ONLY)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by parameter name; `check` must have found nothing."""
        positional = self._positional
        bound = dict(zip(positional, args, strict=False))
        if len(args) > len(positional):
            bound[VARIADIC] = list(args[len(positional) :])
        return {**bound, **kwargs} if kwargs else bound

    # --- Calls as a worker makes them ---------------------------------------------------------

    def decode(self, payload: bytes, context: Any = None) -> tuple[Sequence[Any], dict[str, Any]]:
        """Arguments for the function; raises `PayloadInvalidError`.  Without a context they are only checked."""
        if self._empty and payload == b"{}":
            return (), {}
        if payload.startswith(_OFFERED_START):
            payload = self._wanted(payload)
        values = self._values(payload)
        if self._direct:
            return msgspec.structs.astuple(values), {}
        return self._arrange(payload, values, context)

    def probe(self, payload: bytes) -> None:
        """Raises `PayloadInvalidError` for what `decode` could not read."""
        if self._direct:
            self._values(payload)
        else:
            self.decode(payload)

    def _values(self, payload: bytes) -> msgspec.Struct:
        try:
            values: msgspec.Struct = self._read(payload)
            return values
        except (msgspec.MsgspecError, ValueError, RecursionError):
            codec.decode(payload, self.input_type, self._input)  # the same error, with its place
            raise

    def _wanted(self, payload: bytes) -> bytes:
        """Of what is offered, the part that the parameters name."""
        whole = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])[OFFERED]
        offered = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
        if self._variadic_keyword is None:
            taken = {name: offered[name] for name in self.fillable if name in offered and name != self._variadic}
        else:
            taken = dict(offered)
        if ALL_OFFERED in self.fillable and ALL_OFFERED not in offered:
            taken[ALL_OFFERED] = whole
        return msgspec.json.encode(taken)

    def _arrange(self, payload: bytes, values: msgspec.Struct, context: Any) -> tuple[list[Any], dict[str, Any]]:
        """Decoded values in the order and manner the parameters ask for."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        numbers = {name: index for index, name in enumerate(self.fillable)}
        for name, parameter in self.parameters.items():
            if name in self.given:
                value: Any = None if context is None else self._give[self.given[name]](context)
            elif name not in numbers:
                value = parameter.default
            elif parameter.kind is Parameter.VAR_KEYWORD:
                kwargs.update(self._surplus(payload))
                continue
            else:
                value = getattr(values, f"p{numbers[name]}")
            if parameter.kind is Parameter.VAR_POSITIONAL:
                args.extend(value)
            elif parameter.kind is Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            elif parameter.kind is not Parameter.VAR_KEYWORD:
                args.append(value)
        return args, kwargs

    def _surplus(self, payload: bytes) -> dict[str, Any]:
        """What the payload names beyond the parameters, for `**kwargs`."""
        assert self._variadic_keyword is not None
        named = {VARIADIC, *(name for name in self.parameters if name != self._variadic_keyword)}
        raw: dict[str, msgspec.Raw] = codec.decode(payload, dict[str, msgspec.Raw], self._input)
        hint = self.fillable[self._variadic_keyword]
        return {
            name: codec.decode(part, hint, f"{self._input}, argument {name!r}")
            for name, part in raw.items()
            if name not in named
        }

    def encode(self, result: Any, bytes_max: int = codec.PAYLOAD_BYTES_MAX) -> bytes:
        """The result as JSON, if it is what the annotation promises; raises `PayloadInvalidError`."""
        data = codec.encode(result, self._output, bytes_max)
        if self._recheck is None or type(result) is self._plain:
            return data
        if self._model is not None and isinstance(result, self._model):
            return data  # a model has checked itself when it was made
        try:
            self._recheck(data)
        except (msgspec.MsgspecError, ValueError) as error:
            raise PayloadInvalidError(self._output, str(error)) from None
        return data


# --- Reading a callable -----------------------------------------------------------------------


def _parameters(function: Callable[..., Any]) -> tuple[list[Parameter], list[str]]:
    """The parameters; some builtins do not tell theirs and may be called with anything."""
    try:
        return list(inspect.signature(function).parameters.values()), []
    except (ValueError, TypeError) as error:
        anything = [Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)]
        return anything, [f"its parameters are unknown: {error}"]


def _hints(function: Callable[..., Any], parameters: Iterable[Parameter]) -> tuple[dict[str, Any], list[str]]:
    """Resolved annotations by parameter name and `return`; what cannot be resolved is `Any`, with a note."""
    source = _annotated(function)
    notes: list[str] = []
    try:
        found = typing.get_type_hints(source, include_extras=True)
    except Exception:  # noqa: BLE001 - annotations are code, and may raise anything
        found, notes = _hints_singly(source)
    if inspect.isclass(function):
        found["return"] = function
    hints = {one.name: found.get(one.name, Any) for one in parameters}
    hints["return"] = found.get("return", Any)
    return hints, notes


def _hints_singly(source: Any) -> tuple[dict[str, Any], list[str]]:
    """One wrong annotation makes `get_type_hints` refuse all, so ask for each by itself."""
    hints: dict[str, Any] = {}
    notes: list[str] = []
    for name, annotation in getattr(source, "__annotations__", {}).items():
        lone = type("Lone", (), {"__annotations__": {name: annotation}})
        try:
            hints[name] = typing.get_type_hints(lone, getattr(source, "__globals__", {}), None, True)[name]
        except Exception as error:  # noqa: BLE001 - as above
            hints[name] = Any
            notes.append(f"annotation {annotation!r} of {name!r} is taken as Any: {error}")
    return hints, notes


def _annotated(function: Any) -> Any:
    """What carries the annotations: partials and instances do not."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if inspect.isclass(function):
        return function.__init__
    if hasattr(function, "__code__") or hasattr(function, "__func__"):
        return function
    return type(function).__call__


def _mentions(hint: Any, kind: type) -> bool:
    """`Context`, `Context | None`, `Annotated[Context, …]`."""
    return hint is kind or any(_mentions(part, kind) for part in typing.get_args(hint))


def _always(value: Any) -> Callable[[], Any]:
    """The very default of the function, shared between calls as Python shares it."""
    return lambda: value


def _hashable(hint: Any) -> bool:
    try:
        hash(hint)
    except TypeError:
        return False
    return True
