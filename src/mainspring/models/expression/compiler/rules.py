"""Which function compiles which node."""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.compiler import access, control, operators
from mainspring.models.expression.compiler.scope import Scope

RULES: dict[type, Rule] = {
    tree.Literal: access.literal,
    tree.At: access.at_literal,
    tree.Name: access.name,
    tree.Path: access.path,
    tree.Filter: access.filtered,
    tree.Span: access.span,
    tree.Bound: access.bounded,
    tree.Items: access.items,
    tree.Entries: access.entries,
    tree.Binary: operators.binary,
    tree.Negate: operators.negation,
    tree.Between: operators.between,
    tree.Logic: operators.logic,
    tree.If: control.choice,
    tree.For: control.loop,
    tree.Quantified: control.quantified,
    tree.In: control.within,
    tree.Tests: control.unary,
    tree.InstanceOf: control.instance_of,
    tree.Lambda: control.definition,
    tree.Call: control.call,
}

TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mainspring.models.expression.runtime import Code

    Rule = Callable[[Any, Scope], Code]
