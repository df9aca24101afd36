"""Whether a handler named as `module:name` is here, going by the text of files alone: nothing is imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

ANYTHING = "*"
"""Among the names of a module: it may have others, which nobody sees in its text."""


def absence_of(handler: str) -> str:
    """What is missing; empty: it is here, or may be."""
    module, _, path = handler.partition(":")
    name = path.partition(".")[0]
    if module in sys.modules:
        return "" if hasattr(sys.modules[module], name) else f"module {module!r} has no {name!r}"
    spec = _find(module)
    if spec is None:
        return f"there is no module {module!r} here"
    found = _names(spec)
    return "" if name in found or ANYTHING in found else f"module {module!r} has no {name!r}"


def _find(module: str) -> ModuleSpec | None:
    """Without importing what it is in, as `importlib.util.find_spec` would."""
    first, *rest = module.split(".")
    try:
        spec = find_spec(first)
        for place in range(len(rest)):
            if spec is None or spec.submodule_search_locations is None:
                return None
            spec = PathFinder.find_spec(".".join([first, *rest[: place + 1]]), spec.submodule_search_locations)
    except (ImportError, ValueError):
        return None
    return spec


def _names(spec: ModuleSpec) -> set[str]:
    """What the text of a module binds at its top level."""
    if spec.origin is None or not spec.origin.endswith(".py"):
        return {ANYTHING}
    try:
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {ANYTHING}
    return set(_bound(tree.body))


def _bound(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield ANYTHING if name == "__getattr__" else name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case _:
                yield from (node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _is_bound(node))
                for name in ("body", "orelse", "finalbody"):
                    yield from _bound(getattr(statement, name, []))
                for handler in getattr(statement, "handlers", []):
                    yield from _bound(handler.body)


def _is_bound(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
