"""Whether a value conforms to a type (DMN 1.5, section 10.3.2.9)."""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.functions import Defined, Native, Parameter, Signature
from mainspring.models.expression.objects import Function, Range
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.type_parser import SIMPLE_TYPES
from mainspring.models.expression.values import kind_of, show

BARE = frozenset(("list", "range", "function"))
"""Types that need not say of what."""
ANY = tree.TypeName(0, "Any")


def check_type(type_: tree.Node) -> None:
    """Raise Fault when a type names one that does not exist."""
    if isinstance(type_, tree.TypeName) and type_.name not in SIMPLE_TYPES | BARE:
        raise Fault(f"there is no type '{type_.name}'")
    for child in tree.children(type_):
        check_type(child)


def conforms(run: Run, value: object, type_: tree.Node) -> bool:
    """Whether a value is of a type; null is of the type Null alone."""
    run.spend(1)
    value = adopt(value)
    match type_:
        case tree.TypeName(name=name):
            return _is_named(value, name)
        case tree.TypeOf(name="list", item=item):
            return isinstance(value, list) and all(conforms_or_null(run, each, item) for each in value)
        case tree.TypeOf(item=item):
            return isinstance(value, Range) and all(
                conforms(run, end, item) for end in (value.start, value.end) if end is not None
            )
        case tree.TypeEntries(entries=entries):
            return isinstance(value, dict) and all(
                entry.key in value and conforms_or_null(run, value[entry.key], entry.value) for entry in entries
            )
        case tree.TypeFunction(parameters=parameters):
            return isinstance(value, Function) and _takes(value, parameters)
        case _:
            raise AssertionError(type_)


def _is_named(value: object, name: str) -> bool:
    if name == "Any":
        return value is not None
    return kind_of(value) == ("null" if name == "Null" else name)


def _takes(function: Function, types: tuple[tree.Node, ...]) -> bool:
    """Whether arguments of these types can be given; what comes out is only known once it does."""
    if isinstance(function, Defined):
        return len(function.types) == len(types) and all(
            wanted in (None, ANY, given) for wanted, given in zip(function.types, types, strict=True)
        )
    return isinstance(function, Native) and any(_fits(signature, types) for signature in function.signatures)


def _fits(signature: Signature, types: tuple[tree.Node, ...]) -> bool:
    if not signature.required <= len(types) <= signature.most:
        return False
    parameters = signature.parameters + signature.parameters[-1:] * (len(types) - len(signature.parameters))
    return all(_accepts(parameter, type_) for parameter, type_ in zip(parameters, types, strict=False))


def _accepts(parameter: Parameter, type_: tree.Node) -> bool:
    if "any" in parameter.kinds:
        return True
    match type_:
        case tree.TypeName(name=kind) | tree.TypeOf(name=kind):
            return kind in parameter.kinds or (kind == "Null" and parameter.nullable)
        case tree.TypeEntries():
            return "context" in parameter.kinds
        case _:
            return "function" in parameter.kinds


def conforms_or_null(run: Run, value: object, type_: tree.Node) -> bool:
    """Whether a value may stand where a type is asked for; null may always."""
    return value is None or conforms(run, value, type_)


def coerced(run: Run, value: object, type_: tree.Node, name: str) -> object:
    """The argument for a typed parameter, after the coercions of section 10.3.2.9.4; raises Fault if there is none."""
    if conforms_or_null(run, value, type_):
        return value
    if isinstance(value, list) and len(value) == 1 and conforms(run, value[0], type_):
        return adopt(value[0])
    if conforms(run, [value], type_):
        return [value]
    raise Fault(f"the argument '{name}' is not of its type: {show(value)}")
