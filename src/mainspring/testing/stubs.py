"""What handlers do in a simulation: what they always do, or what the test says instead."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.handler_context import current
from mainspring.kernel.records import Attempt, Release, Settle
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.runs import Runs, too_late

REAL: Any = object()
"""Stands for the handler itself."""


class Call(Struct, frozen=True):
    """One attempt that a simulation made."""

    handler: str
    instance: str
    key: str
    attempt: int
    at: float
    """When it began."""
    arguments: dict[str, Any]


class Stub(Struct):
    """What a handler does instead of running."""

    returns: Any = REAL
    raises: BaseException | None = None
    function: Any = None
    """Called instead of the handler, with its arguments."""
    takes_s: float = 0.0
    times: float = float("inf")
    """Attempts left that it answers."""


class Stubs:
    """The stubs of all handlers, and who has called them."""

    def __init__(self, handlers: Handlers) -> None:
        self.calls: list[Call] = []
        self._handlers = handlers
        self._stubs: dict[str, list[Stub]] = {}
        self._runner = asyncio.Runner()

    def add(self, handler: str, stub: Stub) -> None:
        """The newest one answers, for as long as it has `times` left."""
        self._stubs.setdefault(handler, []).append(stub)

    def take(self, attempt: Attempt, at: float) -> Stub:
        """What will answer this attempt, which begins now."""
        arguments = msgspec.json.decode(attempt.payload)
        self.calls.append(Call(attempt.handler, attempt.public_id, attempt.key, attempt.attempt, at, arguments))
        stubs = self._stubs.get(attempt.handler, [])
        while stubs and stubs[-1].times <= 0:
            stubs.pop()
        if not stubs:
            return Stub()
        stubs[-1].times -= 1
        return stubs[-1]

    def perform(self, runs: Runs, attempt: Attempt, stub: Stub, started_at: float) -> Settle | Release:
        """Carry an attempt out, and say how it ended."""
        handler = self._handlers.get(attempt.handler)
        run = runs.make(attempt, handler)
        run.started_at = started_at
        runs.live.add(run)
        token = current.set(run)
        try:
            if attempt.timeout_s is not None and stub.takes_s > attempt.timeout_s:
                return runs.failed(run, too_late(run), "")
            if stub.raises is not None:
                raise stub.raises
            if stub.returns is not REAL:
                return runs.completed(run, handler.encode(stub.returns))
            args, kwargs = handler.decode(attempt.payload, run)
            result = (stub.function or handler.function)(*args, **kwargs)
            if inspect.iscoroutine(result):
                result = self._runner.run(result, context=None)
            return runs.completed(run, handler.encode(result))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            return runs.failed(run, error)
        finally:
            current.reset(token)
            runs.claim(run)

    def close(self) -> None:
        self._runner.close()
