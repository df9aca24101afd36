"""The worker: takes attempts from the pump, has each run where its handler belongs, and reports how they ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, MutableMapping
from typing import Protocol

from mainspring.clock import Clock
from mainspring.codec import PAYLOAD_BYTES_MAX
from mainspring.errors import HandlerUnknownError, MainspringError, SettingInvalidError
from mainspring.handler import memory_problem
from mainspring.kernel.records import Attempt
from mainspring.runtime.cluster import Cluster
from mainspring.runtime.cluster_executor import ClusterExecutor
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.importing import is_importing
from mainspring.runtime.loop import LoopExecutor
from mainspring.runtime.processes import PROCESS_COUNT_MAX, RECYCLE_ATTEMPTS, RECYCLE_MB, ProcessExecutor
from mainspring.runtime.runs import Joins, Report, Runs
from mainspring.runtime.threads import THREAD_COUNT_MAX, ThreadExecutor
from mainspring.runtime.watchdog import Watchdog

logger = logging.getLogger("mainspring.worker")

STOP_GRACE_S = 2.0
"""After the grace of `drain`: handlers that were told to end may take so long to clean up."""


class Executor(Protocol):
    """A way to run attempts.  Each of them is reported once, by way of `runs`."""

    runs: Runs

    def submit(self, attempts: list[Attempt]) -> None:
        """Run them, now or as soon as there is a place; returns at once."""

    def cancel(self, instance: int, key: str) -> None:
        """The task was taken back: release what waits, tell what runs to end."""

    def release(self) -> None:
        """Give back what has not begun."""

    def interrupt(self) -> None:
        """The worker stops: tell all that run to end."""

    def stop(self) -> None:
        """Nothing more will come; what still runs is given up."""


class Worker:
    """The executors of this process."""

    def __init__(
        self,
        handlers: Handlers,
        report: Report,
        *,
        name: str,
        clock: Clock,
        threads: int = THREAD_COUNT_MAX,
        processes: int = PROCESS_COUNT_MAX,
        payload_bytes_max: int = PAYLOAD_BYTES_MAX,
        clusters: Iterable[Cluster] = (),
        states: MutableMapping[str, str] | None = None,
        offer: Callable[[], None] = lambda: None,
        is_idle: bool = False,
        recycle_attempts: int = RECYCLE_ATTEMPTS,
        recycle_mb: float = RECYCLE_MB,
        joins: Joins | None = None,
    ) -> None:
        """`is_idle`: nothing will ever be dispatched to it.  `joins` makes transactions for handlers.

        `states` says of each cluster why it is away (empty: it is there); `offer` is called when that has changed.
        """
        if is_importing() and not is_idle:
            raise SettingInvalidError(
                "a process that runs a handler imports its module, and the module starts an engine; "
                'put what a script does under `if __name__ == "__main__":`, or give the engine slots=0 and have '
                "`mainspring worker` run its tasks"
            )
        self.name = name
        self.handlers = handlers
        self._watchdog = Watchdog()
        self._draining = False

        def runs() -> Runs:
            return Runs(report, name, self._watchdog, clock.now, payload_bytes_max, joins)

        self._executors: dict[str, Executor] = {
            "async": LoopExecutor(handlers, runs()),
            "thread": ThreadExecutor(handlers, runs(), threads),
            "process": ProcessExecutor(
                handlers, runs(), processes, recycle_attempts=recycle_attempts, recycle_mb=recycle_mb
            ),
        }
        told = {} if states is None else states
        self._clusters = {
            cluster.kind: ClusterExecutor(handlers, runs(), cluster, states=told, offer=offer) for cluster in clusters
        }
        self._executors |= self._clusters
        self._orphans = runs()

    def start(self) -> None:
        """Attempts may come, and the clusters be looked for."""
        self._watchdog.start()
        for executor in self._clusters.values():
            executor.start()

    def dispatch(self, attempts: list[Attempt]) -> None:
        """Run attempts; returns at once."""
        if self._draining:
            self._orphans.release(attempts)
            return
        clusters, pool = self._clusters, self.handlers.pool

        def place(attempt: Attempt) -> str | None:
            name = attempt.pool if attempt.pool in clusters else pool(attempt.handler)
            return name if attempt.memory_max_mb is None or name == "process" or name in clusters else None

        places = {place(attempt) for attempt in attempts}
        for name in places:
            mine = attempts if len(places) == 1 else [one for one in attempts if place(one) == name]
            executor = self._executors.get(name or "")
            if executor is None:
                self._refuse(mine)
            else:
                self._submit(executor, mine)

    def cancel(self, instance: int, key: str) -> None:
        """The task was taken back: an attempt that waits is released, one that runs is told to end."""
        for executor in self._executors.values():
            executor.cancel(instance, key)

    def drain(self, grace_s: float) -> list[Attempt]:
        """Take nothing more, and let what runs end; returns the attempts that were given up because they did not.

        What never began is released at once.  What still runs after `grace_s` is told to end (its context says
        `cancelled`, coroutines are cancelled, processes terminated) and is released too, if it does within
        `STOP_GRACE_S`.
        """
        self._draining = True
        for executor in self._executors.values():
            executor.release()
        if not self._wait(grace_s):
            for executor in self._executors.values():
                executor.interrupt()
            self._wait(STOP_GRACE_S)
        all_runs = [executor.runs for executor in self._executors.values()]
        # Claimed, so that whatever ends in this very moment is either reported or in the list.
        left = [run.record for runs in all_runs for run in tuple(runs.live) if runs.claim(run)]
        self.kill()
        return left

    def kill(self) -> None:
        """Stop at once; nothing is reported any more."""
        self._draining = True
        self._orphans.silence()
        for executor in self._executors.values():
            executor.runs.silence()
            executor.stop()
        self._watchdog.stop()

    def _submit(self, executor: Executor, attempts: list[Attempt]) -> None:
        try:
            executor.submit(attempts)
        except Exception as error:  # no thread, no file handle: that must not stop the pump
            logger.exception("%d attempts could not begin", len(attempts))
            self._orphans.report([self._orphans.unstarted(attempt, error) for attempt in attempts])

    def _wait(self, timeout_s: float) -> bool:
        """Whether everything ended within `timeout_s`."""
        until = time.monotonic() + timeout_s
        ended = [executor.runs.wait(max(0.0, until - time.monotonic())) for executor in self._executors.values()]
        return all(ended)

    def _refuse(self, attempts: Iterable[Attempt]) -> None:
        """A handler was offered once and is not here any more, or its memory cannot be limited."""
        for attempt in attempts:
            error: MainspringError
            try:
                handler = self.handlers.get(attempt.handler)
                error = HandlerUnknownError(attempt.handler, "it appeared only now; the next attempt will find it")
                if problem := memory_problem(handler, attempt.memory_max_mb):
                    error = SettingInvalidError(problem)
            except HandlerUnknownError as reason:
                error = reason
            self._orphans.report([self._orphans.unstarted(attempt, error)])
