"""The asyncio task in which attempts run: one after another, as long as they end without waiting for anything.

A task of its own for each attempt costs a third of what an attempt costs.  Python 3.12 has eager tasks for that; this
does the same from 3.11 on, and makes no task at all for what ends at once.
"""

from __future__ import annotations

import asyncio
import sys
import types
import weakref
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any


class Carrier(asyncio.Task[None]):
    """Runs attempts until one has to wait, to which it belongs from then on.

    Each runs in a context of its own, so that no variable reaches the next.  Nor does anything else: a task that a
    handler has kept, cancelled, or given a callback carries no other attempt.
    """

    coroutine: Coroutine[Any, Any, None] | None = None
    """Of the attempt that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: Callable[[Carrier], Step | None]) -> None:
        """`begin` is called in the task, and starts attempts with `step`; the one that it returns is carried on."""
        self._is_marked = False
        self._has_begun = False
        super().__init__(self._carry(begin), loop=loop, name="mainspring")

    async def _carry(self, begin: Callable[[Carrier], Step | None]) -> None:
        self._has_begun = True
        waiting = begin(self)
        if waiting is not None:
            self.coroutine = waiting[0]
            await _carried_on(*waiting)

    def step(self, coroutine: Coroutine[Any, Any, None]) -> Step | None:
        """Run an attempt until it has ended or waits."""
        context = copy_context()
        try:
            return coroutine, context, context.run(coroutine.send, None)
        except StopIteration:
            return None

    def trace(self) -> tuple[bool, int, int]:
        """What attempts may leave behind on this task; one carrier must not carry another attempt if it has changed.

        Comparable within one frame only, for frames count as holders.
        """
        return self._is_marked, sys.getrefcount(self), weakref.getweakrefcount(self)

    # --- What handlers may do to a task -------------------------------------------------------

    def cancel(self, msg: Any = None) -> bool:
        if not self._has_begun:
            return False  # it carries nobody yet: meant was whatever else runs on the loop
        self._is_marked = True
        return super().cancel(msg)

    def add_done_callback(self, callback: Any, /, *, context: Context | None = None) -> None:
        self._is_marked = True
        super().add_done_callback(callback, context=context)


Step = tuple[Coroutine[Any, Any, None], Context, Any]
"""A coroutine that waits, its context, and what it waits for."""


@types.coroutine
def _carried_on(coroutine: Coroutine[Any, Any, None], context: Context, awaited: Any) -> Generator[Any, Any, None]:
    """All further steps of an attempt, as `await` would take them, but in its own context."""
    while True:
        step: Callable[[Any], Any]
        value: Any
        try:
            value, step = (yield awaited), coroutine.send
        except BaseException as error:  # noqa: BLE001 - whatever the task is told is meant for the attempt
            value, step = error, coroutine.throw
        try:
            awaited = context.run(step, value)
        except StopIteration:
            return
        finally:
            value = None  # or an error would be in a cycle with its traceback
