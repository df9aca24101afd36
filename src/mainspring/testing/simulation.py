"""A simulation: an engine whose time stands still until it is told to go on, and whose processes may crash.

    simulation = Simulation()
    simulation.stub(fetch, raises=ConnectionError("down"), times=2)
    instance = simulation.start(report, {"url": "https://…"})
    simulation.advance(3600)                 # an hour, in milliseconds
    simulation.crash()                       # kill -9, and another process in its place
    assert instance.result() == {"words": 3}

It is the real kernel on a store in memory, with the real models.  Only threads, sockets and clocks are missing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Any

from mainspring.clock import ManualClock
from mainspring.engine import Engine
from mainspring.errors import BrokenError, ResultTimeoutError, SettingInvalidError
from mainspring.handler import EXECUTORS, Handler
from mainspring.kernel.census import WorkerRow
from mainspring.kernel.leases import Fate
from mainspring.kernel.records import Await
from mainspring.kernel.store import Store
from mainspring.looking import Looking
from mainspring.models.contract import Deployable
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.offer import Label, Offer
from mainspring.stores.sqlite import SqliteStore
from mainspring.stores.url import open_reader
from mainspring.testing.faults import COMMIT, COMMITTED, Crash, FaultyStore, nothing
from mainspring.testing.process import Process
from mainspring.testing.stubs import REAL, Call, Stub, Stubs

STEPS_MAX = 100_000
"""Turns without time passing, and moments on the way to idleness: more is a circle."""
LEASE_S = 30.0
SLOTS = 8

CRASHES = {"now": "", "before_commit": COMMIT, "after_commit": COMMITTED}
"""When `crash` kills: at once, or in the next turn that writes."""


class Simulation(Engine):
    """An engine with a clock to turn by hand; all that an engine offers, it offers.

    `processes`: how many share the store.  `slots`: attempts at once in each; `labels` and `queues` as of an engine.
    `seed`: who comes first when several could; the same seed gives the same run.
    """

    clock: ManualClock

    def __init__(
        self,
        *,
        processes: int = 1,
        slots: int = SLOTS,
        lease_s: float = LEASE_S,
        seed: int = 0,
        labels: Mapping[str, Label] | None = None,
        queues: Collection[str] | None = None,
    ) -> None:
        if processes < 1:
            raise SettingInvalidError(f"processes must be 1 or more, not {processes}")
        if slots < 0:
            raise SettingInvalidError(f"slots must be 0 or more, not {slots}")
        # Not by way of Engine's own __init__: it would start threads.
        self._store = self._open()
        Looking.__init__(self, "sqlite://", clock=ManualClock(), reader=open_reader(self._store))
        self._handlers = Handlers()
        self._offer = Offer(self._place, labels=labels, queues=queues)
        self._known: set[str] = set()
        self._kept: dict[str, Deployable] = {}
        self._closed = False
        self._stubs = Stubs(self._handlers)
        self._random = random.Random(seed)
        self._slots, self._lease_s = slots, lease_s
        self._born = 0
        self._dead: set[str] = set()
        self.processes = [self._process() for _ in range(processes)]
        self._pump = Front(self)  # type: ignore[assignment]

    def _open(self) -> Store:
        """A new store, empty."""
        return SqliteStore(None)

    def _another(self) -> Store:
        """Another connection to it, as another process has."""
        assert isinstance(self._store, SqliteStore)
        return self._store.second()

    def close(self, *, drain_s: float = 0.0) -> None:  # noqa: ARG002 - nothing runs on by itself
        """Throw everything away."""
        if not self._closed:
            self._closed = True
            for process in self.processes:
                process.kill()
            self._stubs.close()
            self._reader.close()
            self._store.close()

    # --- Handlers -----------------------------------------------------------------------------

    def stub(
        self,
        handler: Callable[..., Any],
        *,
        returns: Any = REAL,
        raises: BaseException | None = None,
        calls: Callable[..., Any] | None = None,
        takes_s: float = 0.0,
        times: int | None = None,
    ) -> None:
        """Have a handler return or raise something, call something else, or take some time (real, if nothing is said).

        With `times` only the next attempts are answered so, then again as before.  What takes longer than the
        `timeout_s` of its task fails at that moment.
        """
        name = self._handlers.add(handler).name
        self._stubs.add(name, Stub(returns, raises, calls, takes_s, float("inf") if times is None else times))

    def calls(self, handler: Callable[..., Any] | None = None) -> list[Call]:
        """The attempts made so far, in order; of one handler or of all."""
        name = None if handler is None else Handler.of(handler).name
        return [call for call in self._stubs.calls if name is None or call.handler == name]

    # --- Time ---------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass; whatever is due on the way happens when it is due."""
        until = self.clock.now() + seconds
        self._run()
        while (at := min(process.next_at() for process in self.processes)) <= until:
            self.clock.advance(max(0.0, at - self.clock.now()))
            self._run()
        self.clock.advance(until - self.clock.now())
        self._run()

    def run_until_idle(self) -> None:
        """Let as much time pass as is needed until nothing is left that time alone could bring about."""
        self._run_until(never)

    def _run_until(self, is_enough: Callable[[], bool]) -> None:
        for _ in range(STEPS_MAX):
            self._run()
            at = self._next_work_at()
            if at == float("inf") or is_enough():
                return
            self.clock.advance(max(0.0, at - self.clock.now()))
        raise BrokenError(f"still busy after {STEPS_MAX:,} moments; the definition may go in circles")

    def _run(self) -> None:
        """All that is to be done at this moment, by all processes, in an order that the seed chooses."""
        for _ in range(STEPS_MAX):
            order = self._random.sample(self.processes, len(self.processes))
            if sum(self._step(process) for process in order) == 0:  # each of them, not the first that does
                return
        raise BrokenError(f"still busy after {STEPS_MAX:,} turns in one moment; the definition may go in circles")

    def _step(self, process: Process) -> bool:
        try:
            return process.step()
        except Crash:
            self._replace(process)
            return True

    def _answer(self, process: Process) -> None:
        """Have a process take in what was asked of it."""
        try:
            process.pump.step()
        except Crash:
            self._replace(process)

    def _next_work_at(self) -> float:
        at = min(process.next_work_at() for process in self.processes)
        living = {process.name for process in self.processes}
        if any(worker.process not in living for worker in self._store.list_workers()):
            at = min(at, *(process.next_at() for process in self.processes))
        return at

    # --- Crashes ------------------------------------------------------------------------------

    def crash(self, process: int = 0, *, when: str = "now") -> None:
        """Kill a process as `kill -9` would, and start another in its place.

        `when`: `now`; or in its next turn that writes: `before_commit` (it never happened) or `after_commit` (it is
        durable, but the process did not live to act on it).
        """
        if when not in CRASHES:
            raise SettingInvalidError(f"when must be one of {', '.join(CRASHES)}, not {when!r}")
        victim = self.processes[process]
        if when == "now":
            self._replace(victim)
            return

        def fault(moment: str) -> None:
            if moment == CRASHES[when]:
                victim.store.fault = nothing
                raise Crash

        victim.store.fault = fault

    def _replace(self, victim: Process) -> None:
        place = self.processes.index(victim)
        self._dead.add(victim.name)
        victim.kill()
        self.processes[place] = self._process()

    def _process(self) -> Process:
        self._born += 1
        return Process(
            f"process-{self._born}",
            FaultyStore(self._another()),
            clock=self.clock,
            stubs=self._stubs,
            offers=self._offer,
            resolve=self._resolve,
            slots=dict.fromkeys(("async", "thread", "process"), self._slots),
            slot_count=self._slots,
            lease_s=self._lease_s,
            fate=self._fate_of,
            labels=self._offer.labels,
            queues=self._offer.queues,
        )

    def _place(self, handler: str, executor: str) -> str | None:
        """Where a task runs; what a cluster would compute takes a slot like others."""
        pool = self._handlers.place(handler, executor, dict.fromkeys(EXECUTORS, ""))
        return "process" if pool in EXECUTORS else pool

    def _fate_of(self, worker: WorkerRow) -> Fate:
        return Fate.GONE if worker.process in self._dead else Fate.UNKNOWN


def never() -> bool:
    """It is not enough before all is idle."""
    return False


class Front:
    """What the engine's methods find in the place of a pump: calls are answered by the first process, at once."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def call(self, input: Any) -> Future[Any]:
        simulation = self._simulation
        if isinstance(input, Await):
            return self._await(*input.public_ids)
        reply = simulation.processes[0].pump.call(input)
        while not reply.done():
            simulation._answer(simulation.processes[0])  # noqa: SLF001 - its other half
        return reply

    def _await(self, public_id: str) -> Future[Any]:
        """Let time pass until it has ended; who asked lives on when the process that was asked does not."""
        simulation = self._simulation
        while True:
            asked = simulation.processes[0]
            reply = asked.pump.call(Await((public_id,)))
            simulation._run_until(reply.done)  # noqa: SLF001 - its other half
            if not reply.done():
                reply.set_exception(ResultTimeoutError(public_id, 0.0))
            if asked in simulation.processes:
                return reply

    def offer(self) -> None:
        for process in self._simulation.processes:
            process.pump.offer()
