"""The registry: which handlers this process has, by the names that definitions store.

A handler is here because somebody added it, or because its name `module:qualname` leads an import to it.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from mainspring.errors import HandlerInvalidError, HandlerUnknownError, InvalidError
from mainspring.handler import EXECUTORS, Handler, module_name


class Handlers:
    """Handlers by name; any thread may ask, and an answer that is known costs one look into a dict."""

    def __init__(self) -> None:
        self._known: dict[str, Handler[..., Any]] = {}
        self._pools: dict[str, str | None] = {}

    def add(self, function: Callable[..., Any], name: str | None = None) -> Handler[..., Any]:
        """Offer a handler under its name, or under one given here, which then replaces an earlier one.

        Raises `HandlerInvalidError` where two different callables would share a name that neither was given.
        """
        handler = Handler.of(function, name)
        known = self._known.get(handler.name)
        if known is not None and name is None and handler.name == handler.path and not _is_same(known, handler):
            raise HandlerInvalidError(
                f"two different callables are both called {handler.name!r}; give one another name: task(name=…)"
            )
        self._known[handler.name] = handler
        self._pools[handler.name] = handler.pool
        return handler

    def get(self, name: str) -> Handler[..., Any]:
        """The handler of that name.

        Raises `HandlerUnknownError` that says which part is missing, or `HandlerInvalidError` if it cannot be one.
        """
        known = self._known.get(name)
        return known if known is not None else self._import(name)

    def added(self, name: str) -> Handler[..., Any] | None:
        """The handler of that name, if it was added or imported before; imports nothing."""
        return self._known.get(name)

    def find(self, name: str) -> Handler[..., Any] | None:
        """The handler of that name, if there is one that works."""
        try:
            return self.get(name)
        except (HandlerUnknownError, InvalidError):
            return None

    def pool(self, name: str) -> str | None:
        """Where the handler of that name runs, if its task does not say otherwise; None if it is not to be had here."""
        try:
            return self._pools[name]
        except KeyError:
            # A failed import is remembered: the question is asked for every task that waits for a claim.
            handler = self.find(name)
            return self._pools.setdefault(name, handler.pool if handler else None)

    def place(self, name: str, executor: str, clusters: Mapping[str, str]) -> str | None:
        """Where a task of that handler runs which names an executor, or none; None if it does not run here.

        `clusters`: by kind, why it is away; empty: it is there.
        """
        own = self.pool(name)
        place = own and (executor or own)
        return place if place not in EXECUTORS or clusters.get(place) == "" else None

    def names(self) -> list[str]:
        """Of all that were added or imported so far, sorted."""
        return sorted(self._known)

    def _import(self, name: str) -> Handler[..., Any]:
        found = find_object(name)
        if not callable(found):
            raise HandlerUnknownError(name, f"it is {found!r:.80}, which cannot be called")
        handler = Handler.of(found)
        if handler.name != name and handler.path != name:
            handler = handler.named(name)
        # Two threads may import at once; whoever comes second takes what the first has put there.
        self._pools[name] = handler.pool
        return self._known.setdefault(name, handler)


def find_object(name: str) -> Any:
    """What `module:qualname` leads to; raises `HandlerUnknownError` that says which part is missing."""
    module, colon, path = name.partition(":")
    if not colon or not module or not path:
        raise HandlerUnknownError(name, "no handler was added under that name, and it is not of the form module:name")
    found: Any = _module(name, module)
    for part in path.split("."):
        if not hasattr(found, part):
            local = " (it was defined inside a function, so it must be added here)" if "<locals>" in path else ""
            raise HandlerUnknownError(name, f"module {module!r} has no {path!r}{local}")
        found = getattr(found, part)
    return found


def _module(name: str, module: str) -> types.ModuleType:
    if module == module_name("__main__"):
        # The running script: importing it by its name would run it a second time.
        return sys.modules["__main__"]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise HandlerUnknownError(name, f"there is no module {error.name!r} here") from None
        raise HandlerUnknownError(name, f"module {module!r} needs {error.name!r}, which is not installed") from error
    except (Exception, SystemExit) as error:
        raise HandlerUnknownError(name, f"importing {module!r} failed: {type(error).__name__}: {error}") from error


def _is_same(one: Handler[..., Any], other: Handler[..., Any]) -> bool:
    """Whether the second may take the place of the first: it is the same, or the same function defined once more."""
    first: Any = one.function
    second: Any = other.function
    if first is second or first == second:
        return True
    if not isinstance(first, types.FunctionType) or not isinstance(second, types.FunctionType):
        return False
    return all(map(_is_same_cell, first.__closure__ or (), second.__closure__ or ()))


def _is_same_cell(one: types.CellType, other: types.CellType) -> bool:
    try:
        first, second = one.cell_contents, other.cell_contents
    except ValueError:  # a cell that is not filled yet
        return True
    return first is second or (callable(first) and callable(second)) or bool(first == second)
