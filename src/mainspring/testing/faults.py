"""A store that fails when it is told to, and a crash that looks to the kernel like a process that was killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mainspring.kernel.store import Changes, Store

BEGIN, WRITE, COMMIT, COMMITTED = "begin", "write", "commit", "committed"
"""Moments of a turn: before it, before a write, before it becomes durable, and just after."""


class Crash(BaseException):
    """The process has been killed in this moment; nothing in it may react."""


def nothing(moment: str) -> None:
    """No fault."""


class FaultyStore:
    """A store in front of which `fault` is asked at every moment; what it raises happens there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.fault: Callable[[str], None] = nothing
        self.watch: Callable[[Changes], None] | None = None
        """Sees all that is about to be written, in its transaction."""

    def __getattr__(self, name: str) -> Any:
        # All that is not a moment of a turn, once for each method.
        found = getattr(self.store, name)
        setattr(self, name, found)
        return found

    def begin(self) -> None:
        self.fault(BEGIN)
        self.store.begin()

    def write(self, changes: Changes) -> None:
        self.fault(WRITE)
        if self.watch is not None:
            self.watch(changes)
        self.store.write(changes)

    def commit(self) -> None:
        self.fault(COMMIT)
        self.store.commit()
        self.fault(COMMITTED)
