"""A scheduler of named tasks: once at a time, or again and again.

Nothing is decided here: what is scheduled once is a task of `mainspring.Engine` with a time, what recurs is one of its
schedules.  So both are durable, and run once however many processes share the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

from mainspring.classic.workflow import IN_MEMORY
from mainspring.engine import Engine
from mainspring.instance import Instance
from mainspring.schedule import Schedule

TICK_S = 0.01
"""How often `stop` looks whether what runs has ended."""


class TaskScheduler:
    """Runs functions when their time has come, from `start` to `stop`.

    `url`: where to keep everything (`sqlite:///file.db`); default: in memory, gone with the scheduler.  On a file, what
    was scheduled is run by the next scheduler that has been told of the same names.
    `workers`: how many functions run at once.  All methods may be called from any thread.
    """

    def __init__(self, url: str | None = None, workers: int = 1) -> None:
        self.engine = Engine(url or IN_MEMORY, slots=workers, paused=True)
        """The engine underneath, for all that this vocabulary has no word for."""

    def __enter__(self) -> TaskScheduler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.engine.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Stop in good order, for good."""
        self.engine.close()

    def schedule_task(self, name: str, function: Callable[[], Any], at: datetime, priority: int = 0) -> Instance:
        """Run a function once, at a time (local where it has no zone); of those due together, higher priority first."""
        return self.engine.submit(self.engine.register(function, name), at=_with_zone(at), priority=priority)

    def schedule_recurring_task(self, name: str, function: Callable[[], Any], seconds: float) -> Schedule:
        """Run a function every so many seconds; not while it still runs."""
        handler = self.engine.register(function, name)
        return self.engine.schedule(name, handler, every=seconds)

    def start(self) -> None:
        """Run what is due, and what will be."""
        self.engine.resume()

    def stop(self) -> None:
        """Begin nothing more, and wait for what runs here; other processes on the same store go on."""
        self.engine.pause()
        waiting = threading.Event()
        while self.engine.running_count:
            waiting.wait(TICK_S)

    def get_statistics(self) -> dict[str, int]:
        """How many tasks there are, and how many of them are pending, running, completed, failed and cancelled.

        Of the store, whichever process runs them.
        """
        counts = self.engine.counts(model="task")
        running = sum(worker.running_count for worker in self.engine.workers())
        unfinished = sum(counts.get(status, 0) for status in ("created", "running", "paused"))
        running = min(running, unfinished)
        ended = {f"{status}_tasks": counts.get(status, 0) for status in ("completed", "failed", "cancelled")}
        return {
            "total_tasks": sum(counts.values()),
            "pending_tasks": unfinished - running,
            "running_tasks": running,
            **ended,
        }


def _with_zone(at: Any) -> Any:
    """A time with the local zone where it has none; what is no time is for the engine to refuse."""
    return at.astimezone() if isinstance(at, datetime) else at
