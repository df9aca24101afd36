"""Whether a handler's module is being imported here: a script that starts an engine then would run itself, for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_importing = ContextVar("mainspring.importing", default=False)


@contextmanager
def importing() -> Iterator[None]:
    """While a handler is looked for."""
    token = _importing.set(True)
    try:
        yield
    finally:
        _importing.reset(token)


def is_importing() -> bool:
    return _importing.get()
