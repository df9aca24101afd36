"""A worker on a bench: attempts go in, and what it reports is waited for, never slept for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from mainspring.clock import SystemClock
from mainspring.handler import Handler
from mainspring.kernel.records import Attempt, Progress, Release, Settle
from mainspring.models.contract import Failure, TaskCompleted, TaskFailed
from mainspring.runtime.failure import where_is
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.worker import Worker
from tests.patience import PATIENCE_S, wait_until

GRACE_S = 1_000.0
"""For what must not be given up, and for the time-outs of attempts that end only when a test lets so much time pass."""


class Shop:
    """A worker whose reports are kept."""

    def __init__(self, **options: Any) -> None:
        self.handlers = Handlers()
        self.inbox: queue.Queue[Any] = queue.Queue()
        self.worker = Worker(self.handlers, self._report, name="bench", clock=SystemClock(), **options)
        self._gone_s = 0.0
        self.worker._watchdog._monotonic = lambda: time.monotonic() + self._gone_s
        self.worker.start()
        self._count = 0

    def let_pass(self, seconds: float) -> None:
        """For the watchdog so much time goes by at once; returns when all has gone off that this makes due."""
        watchdog, done = self.worker._watchdog, threading.Event()
        with watchdog._changed:
            self._gone_s += seconds
            watchdog._changed.notify()
        watchdog.set(0.0, lambda _: done.set(), None)  # the last, for alarms go off in the order of their times
        assert done.wait(PATIENCE_S)

    def _report(self, inputs: list[Any]) -> None:
        for one in inputs:
            self.inbox.put(one)

    def submit(self, function: Callable[..., Any], *, timeout_s: float | None = None, **arguments: Any) -> Attempt:
        """Dispatch one attempt."""
        [attempt] = self.submit_all(function, [arguments], timeout_s=timeout_s)
        return attempt

    def submit_all(
        self, function: Callable[..., Any], payloads: list[dict[str, Any]], timeout_s: float | None = None
    ) -> list[Attempt]:
        handler = self.handlers.add(Handler.of(function))
        attempts = []
        for arguments in payloads:
            self._count += 1
            payload = msgspec.json.encode(arguments)
            attempts.append(Attempt(self._count, "step", handler.name, payload, 1, 1, f"case-{self._count}", timeout_s))
        self.worker.dispatch(attempts)
        return attempts

    def next(self) -> Any:
        """What is reported next."""
        return self.inbox.get(timeout=PATIENCE_S)

    def end(self) -> Settle | Release:
        """The next outcome, past any progress."""
        while isinstance(one := self.next(), Progress):
            pass
        assert isinstance(one, Settle | Release)
        return one

    def run(self, function: Callable[..., Any], *, timeout_s: float | None = None, **arguments: Any) -> Settle:
        """Dispatch one attempt and wait for its outcome."""
        attempt = self.submit(function, timeout_s=timeout_s, **arguments)
        settle = self.end()
        assert isinstance(settle, Settle)
        assert settle.attempt is attempt
        return settle

    def result(self, function: Callable[..., Any], *, timeout_s: float | None = None, **arguments: Any) -> Any:
        return output_in(self.run(function, timeout_s=timeout_s, **arguments))

    def failure(self, function: Callable[..., Any], *, timeout_s: float | None = None, **arguments: Any) -> Failure:
        return failure_in(self.run(function, timeout_s=timeout_s, **arguments))


def wait_until_at(words: str, threads: list[int]) -> None:
    """Until the first of these threads stands where the source says so."""
    wait_until(lambda: threads and words in where_is(threads[0]), f"a handler is at {words}")


def output_in(settle: Settle | Release) -> Any:
    assert isinstance(settle, Settle)
    assert isinstance(settle.event, TaskCompleted), settle.event.error
    return msgspec.json.decode(settle.event.output)


def failure_in(settle: Settle | Release) -> Failure:
    assert isinstance(settle, Settle)
    assert isinstance(settle.event, TaskFailed), settle.event
    return settle.event.error
