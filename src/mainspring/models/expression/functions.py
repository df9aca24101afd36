"""Functions: built-in ones with their signatures, and those that an expression defines.

A signature is written as the standard's tables write it: `"string: string, start position: number, length?: number"`. A
question mark after the name makes the parameter optional, one after the type lets null in, and dots after the type
take all further arguments. Arguments are coerced as section 10.3.2.9.4 says: a list of one element to that element,
and back.
"""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import CHARACTERS_PER_STEP
from mainspring.models.expression.objects import Function
from mainspring.models.expression.runtime import RUN, Frame, Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.tree import Lambda
from mainspring.models.expression.values import describe_kind, kind_of

MISSING = object()
"""Stands for an optional argument that is not given."""
GROUPS = {
    "duration": ("days and time duration", "years and months duration"),
    "day": ("date", "date and time"),
    "scalar": ("number", "string", "date", "time", "date and time", "days and time duration",
               "years and months duration"),
}  # fmt: skip
"""Words that stand for several kinds in a signature."""


class Parameter:
    """One parameter of a built-in function."""

    __slots__ = ("kinds", "name", "nullable", "optional", "variadic")

    def __init__(self, text: str) -> None:
        name, _, kinds = text.partition(": ")
        self.optional = name.endswith("?")
        self.name = name.removesuffix("?")
        self.variadic = kinds.endswith("...")
        kinds = kinds.removesuffix("...")
        self.nullable = kinds.endswith("?") or kinds == "any"
        words = kinds.removesuffix("?").split("|")
        self.kinds = frozenset(kind for word in words for kind in GROUPS.get(word, (word,)))

    def take(self, value: object) -> object:
        """The argument as this parameter wants it; raises Fault when it is of another kind."""
        value = adopt(value)
        kind = kind_of(value)
        if kind in self.kinds or "any" in self.kinds or (value is None and self.nullable):
            return value
        if isinstance(value, list) and len(value) == 1:
            element = adopt(value[0])
            if kind_of(element) in self.kinds:
                return element
        if "list" in self.kinds and value is not None:
            return [value]
        wanted = " or ".join(sorted(self.kinds))
        raise Fault(f"the argument '{self.name}' must be a {wanted}, not {describe_kind(value)}")


class Signature:
    """One way to call a built-in function, and what does the work."""

    __slots__ = ("implementation", "most", "needs_run", "parameters", "required")

    def __init__(self, text: str, implementation: Implementation, *, needs_run: bool = False) -> None:
        self.parameters = tuple(map(Parameter, text.split(", "))) if text else ()
        self.implementation = implementation
        self.needs_run = needs_run
        self.required = sum(not parameter.optional for parameter in self.parameters)
        self.most = 10**9 if self.parameters and self.parameters[-1].variadic else len(self.parameters)

    def order_of(self, names: tuple[str, ...]) -> tuple[int, ...] | None:
        """Where each named argument goes; None when the names do not fit."""
        known = {parameter.name: place for place, parameter in enumerate(self.parameters)}
        places = tuple(known.get(name, -1) for name in names)
        missing = {place for place, parameter in enumerate(self.parameters) if not parameter.optional} - {*places}
        return None if missing or -1 in places or len(set(places)) < len(places) else places

    def call(self, run: Run, arguments: list[object]) -> object:
        """Check and coerce the arguments, then do the work."""
        parameters = self.parameters
        if len(arguments) > len(parameters):
            parameters += (parameters[-1],) * (len(arguments) - len(parameters))
        taken = [
            parameter.take(value) if value is not MISSING else None
            for parameter, value in zip(parameters, arguments, strict=False)
        ]
        run.spend(1 + sum(map(_cost, taken)))
        return self.implementation(run, *taken) if self.needs_run else self.implementation(*taken)


def _cost(argument: object) -> int:
    """The steps that reading an argument takes."""
    if type(argument) is list:
        return len(argument)
    return len(argument) // CHARACTERS_PER_STEP if type(argument) is str else 0


class Native(Function):
    """A built-in function: all the ways to call it."""

    __slots__ = ("name", "signatures")

    def __init__(self, name: str, signatures: tuple[Signature, ...]) -> None:
        self.name = name
        self.signatures = signatures

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    def fitting(self, count: int, names: tuple[str, ...] = ()) -> list[Fitting]:
        """The signatures that so many arguments, or arguments of these names, can go to; raises Fault without any."""
        found: list[Fitting]
        if names:
            found = [(each, places) for each in self.signatures if (places := each.order_of(names)) is not None]
        else:
            found = [(each, None) for each in self.signatures if each.required <= count <= each.most]
        if not found:
            given = f"arguments named {', '.join(names)}" if names else f"{count} argument{'s' * (count != 1)}"
            raise Fault(f"'{self.name}' has no form with {given}; it has {self.forms()}")
        return found

    def forms(self) -> str:
        """The ways to call it, for messages."""
        return " and ".join(
            f"{self.name}({', '.join(parameter.name for parameter in each.parameters)})" for each in self.signatures
        )

    def invoke(self, run: Run, arguments: list[object]) -> object:
        """Call it with arguments by position."""
        return call_fitting(run, self.fitting(len(arguments)), arguments)


def call_fitting(run: Run, fitting: list[Fitting], arguments: list[object]) -> object:
    """Call the first signature whose parameters take the arguments."""
    refusal: Fault | None = None
    for signature, places in fitting:
        try:
            return signature.call(run, arguments if places is None else spread(signature, places, arguments))
        except Fault as fault:
            refusal = refusal or fault
    assert refusal is not None
    raise refusal


def spread(signature: Signature, places: tuple[int, ...], arguments: list[object]) -> list[object]:
    """Named arguments in the order of the parameters."""
    spread_out: list[object] = [MISSING] * len(signature.parameters)
    for place, value in zip(places, arguments, strict=True):
        spread_out[place] = value
    return spread_out


class Defined(Function):
    """A function that the expression defines, with the frame that it sees."""

    __slots__ = ("body", "checks", "frame", "names", "slots", "steps", "types")

    def __init__(
        self, node: Lambda, *, slots: tuple[int, ...], checks: Checks, body: Code, frame: Frame, steps: int
    ) -> None:
        self.names = tuple(parameter.name for parameter in node.parameters)
        self.types = tuple(parameter.type for parameter in node.parameters)
        self.slots = slots
        self.checks = checks
        self.body = body
        self.frame = frame
        self.steps = steps
        """What one evaluation of the body costs."""

    def __repr__(self) -> str:
        return f"<function({', '.join(self.names)})>"

    def invoke(self, run: Run, arguments: list[object]) -> object:
        """Call it with arguments by position."""
        if len(arguments) != len(self.slots):
            raise Fault(f"the function takes {len(self.slots)} arguments, not {len(arguments)}")
        run.spend(len(self.frame) + self.steps)
        frame = self.frame.copy()
        frame[RUN] = run
        for slot, check, value in zip(self.slots, self.checks, arguments, strict=True):
            frame[slot] = value if check is None else check(run, value)
        run.enter()
        try:
            return self.body(frame)
        finally:
            run.leave()

    def arrange(self, names: tuple[str, ...], arguments: list[object]) -> list[object]:
        """Named arguments in the order of the parameters."""
        if sorted(names) != sorted(self.names):
            raise Fault(f"the function takes the arguments {', '.join(self.names)}, not {', '.join(names)}")
        given = dict(zip(names, arguments, strict=True))
        return [given[name] for name in self.names]


def invoke(run: Run, function: object, arguments: list[object]) -> object:
    """Call a value; raises Fault when it is no function."""
    if not isinstance(function, Native | Defined):
        raise Fault(f"{describe_kind(function)} cannot be called")
    return function.invoke(run, arguments)


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mainspring.models.expression.runtime import Code

    Implementation = Callable[..., Any]
    Forms = tuple[tuple[str, Implementation, bool], ...]
    Table = dict[str, Forms]
    Fitting = tuple[Signature, tuple[int, ...] | None]
    Checks = tuple[Callable[[Run, object], object] | None, ...]
