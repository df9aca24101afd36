"""A storm: workers on one store under load, to which things happen that a seed draws from a table; and what must hold.

The load are workflows, tasks of queues with limits, and a schedule.  Nothing is judged by how long it took.
"""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import psycopg

from mainspring import Engine
from mainspring.clock import Clock
from mainspring.errors import UnavailableError
from scripts import postgres_server
from tests.crash.evidence import Line, Story, Victim, begun, check_diary, read_diary
from tests.crash.ledger import Entry, fullest, most_leased, open_ledger, read_ledger
from tests.crash.machine import Machine, WrongClock
from tests.crash.program import beat, expected, metered, narrow, narrow_held, shared, shared_held, workflow
from tests.patience import wait_until

WORKERS = 3
LEASE_S = 2.0
EVERY_S = 0.5
NARROW, SHARED, OF_GROUP = 3, 5, 1
"""Attempts at once: of the queue `narrow`, of `shared`, and of each group of that."""
RATE_PER_S, BURST = 20.0, 4
"""Of the queue `metered`."""
RUSH = 5 * BURST
"""Tasks of it that come at once."""
ROUNDING = 0.001
"""Of a token, by which a sum of many times may be wrong."""
QUEUES = ("narrow-", "shared-", "metered-")
"""How the ids of their tasks begin."""
GROUPS = 7
PENDING_MAX = 40
"""Instances under way at once; enough that all workers are busy."""
CALM_S = 600.0
"""All must have ended so long after the storm, or something is stuck."""
STOPPED_LEASES_MAX = 4
"""A process that is stopped while it has a lock is let go after so many leases, whether it was given up or not."""


# --- Where it takes place -----------------------------------------------------------------------


class Place(Protocol):
    """A store, and the machines of its workers."""

    url: str

    @property
    def clock(self) -> Clock | None:
        """Of the process that starts everything; None: what the store has."""

    def machine(self, name: str) -> Machine: ...
    def shift(self, seconds: float) -> None:
        """Set the clock that counts."""

    def cut(self, chance: random.Random) -> None: ...
    def restart(self, *, crash: bool) -> None: ...
    def close(self) -> None: ...


class FilePlace:
    """A file on one machine; its clock is what counts."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/store.db"
        self.clock = WrongClock(folder / "clock")
        Engine(self.url, slots=0).close()

    def machine(self, name: str) -> Machine:
        return Machine("here", self.clock.path)

    def shift(self, seconds: float) -> None:
        self.clock.shift(seconds)

    def cut(self, chance: random.Random) -> None:
        raise NotImplementedError("a file has no connections")

    def restart(self, *, crash: bool) -> None:
        raise NotImplementedError("a file has no server")

    def close(self) -> None:
        pass


class ServerPlace:
    """A server, which is asked by machines whose clocks are wrong; its own is what counts."""

    WRONG_S = (-90_000.0, -7.0, 0.0, 3.0, 4_000.0)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = postgres_server.start()
        self._clocks = 0
        self.url = f"{self._server.url()}&{urlencode({'schema': 'storm'})}"
        self.clock: Clock | None = None
        Engine(self.url, slots=0).close()
        with self._asking() as server:
            # What the store calls in its own schema comes before what the system has.
            server.execute("create table storm.wrong as select 0.0::double precision as seconds")
            server.execute(
                "create function storm.clock_timestamp() returns timestamptz language sql volatile as"
                " 'select pg_catalog.clock_timestamp() + make_interval(secs => seconds) from storm.wrong'"
            )

    def _asking(self) -> psycopg.Connection:
        return psycopg.connect(self._server.url(), autocommit=True, application_name="weather")

    def machine(self, name: str) -> Machine:
        clock = WrongClock(self._folder / f"clock of {name}")
        clock.shift(self.WRONG_S[self._clocks % len(self.WRONG_S)])
        self._clocks += 1
        return Machine(name, clock.path)

    def shift(self, seconds: float) -> None:
        with self._asking() as server:
            server.execute("update storm.wrong set seconds = seconds + %s", (seconds,))

    def cut(self, chance: random.Random) -> None:
        """Each connection, or some."""
        with self._asking() as server:
            found = server.execute(
                "select pid from pg_stat_activity where application_name = 'mainspring' order by pid"
            ).fetchall()
            share = chance.choice((0.3, 1.0))
            for row in found:
                if chance.random() < share:
                    server.execute("select pg_terminate_backend(%s)", row)

    def restart(self, *, crash: bool) -> None:
        self._server.restart(crash=crash)

    def close(self) -> None:
        self._server.close()


PLACES: dict[str, Callable[[Path], Place]] = {"sqlite": FilePlace, "postgres": ServerPlace}


# --- The storm ----------------------------------------------------------------------------------


class Storm:
    """Workers, what is done to them, and a load."""

    def __init__(self, folder: Path, place: Place, engine: Engine, seed: int) -> None:
        self.place = place
        self.engine = engine
        self.diary = folder / "diary"
        self.chance = random.Random(seed)
        self.victims: list[Victim] = []
        self.stopped: list[tuple[Victim, float]] = []
        """With when (monotonic)."""
        self.count = 0
        for _ in range(WORKERS):
            self.bring()
        for victim in self.victims:
            victim.wait_until_ready()

    def bring(self) -> None:
        """One more worker."""
        self.count += 1
        name = f"w{self.count}"
        self.victims.append(Victim(self.place.url, self.diary, LEASE_S, name=name, machine=self.place.machine(name)))

    def note(self, word: str, victim: Victim | None = None) -> None:
        """Into the diary, in its order."""
        process = 0 if victim is None else victim.pid
        with self.diary.open("ab", buffering=0) as file:
            file.write(f"{word}\t{process}\t\t\t0\t{time.monotonic()}\n".encode())

    def pick(self) -> Victim:
        """One that works; on a busy machine those that were just brought take their time."""
        self.wait_until(self.working, "a worker works")
        return self.chance.choice(self.working())

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """All others wait as well for one that was stopped while it had the lock of a file."""

        def relieved() -> object:
            self.relieve()
            return condition()

        wait_until(relieved, what)

    def working(self) -> list[Victim]:
        still = {id(victim) for victim, _ in self.stopped}
        return [victim for victim in self.victims if id(victim) not in still and victim.is_ready]

    # What can happen.

    def kill(self) -> None:
        victim = self.pick()
        victim.kill()
        self.note("kill", victim)
        self.victims.remove(victim)
        self.bring()

    def stop(self) -> None:
        """For longer than its lease, if others can notice: see `relieve`."""
        if len(self.working()) > 1:
            victim = self.pick()
            victim.stop()
            self.note("stop", victim)
            self.stopped.append((victim, time.monotonic()))

    def blink(self) -> None:
        victim = self.pick()
        victim.stop()
        self.note("stop", victim)
        victim.signal(signal.SIGCONT)

    def leave(self) -> None:
        """In good order."""
        victim = self.pick()
        victim.dismiss()
        self.wait_until(lambda: not victim.is_alive, "it has left")
        victim.close()
        self.victims.remove(victim)
        self.bring()

    def shift(self) -> None:
        self.note("shift")
        self.place.shift(self.chance.choice((-5.0, -2.0, -0.5, 0.5, 3.0)))

    def cut(self) -> None:
        self.note("cut")
        self.place.cut(self.chance)

    def restart(self) -> None:
        self.note("restart")
        self.place.restart(crash=self.chance.random() < 0.5)

    def relieve(self) -> None:
        """Let those go on whose leases have run out, so that they were given up by others."""
        for victim, since in list(self.stopped):
            if self.was_given_up(victim) or time.monotonic() - since > STOPPED_LEASES_MAX * LEASE_S:
                victim.signal(signal.SIGCONT)
                self.stopped.remove((victim, since))

    def was_given_up(self, victim: Victim) -> bool:
        with contextlib.suppress(UnavailableError):
            return str(victim.pid) not in [worker.process.partition("@")[0] for worker in self.engine.workers()]
        return False

    def calm(self) -> None:
        """Nothing happens any more."""
        while self.stopped:
            self.relieve()
            time.sleep(0.02)
        for victim in self.victims:
            assert victim.is_alive, f"{victim.name} has ended: {victim.said}"

    def close(self) -> None:
        for victim, _ in self.stopped:
            victim.signal(signal.SIGCONT)
        for victim in self.victims:
            victim.kill()


FAULTS: dict[str, tuple[Callable[[Storm], None], frozenset[str]]] = {
    # what is done, and where
    "kill": (Storm.kill, frozenset(PLACES)),
    "stop": (Storm.stop, frozenset(PLACES)),
    "blink": (Storm.blink, frozenset(PLACES)),
    "leave": (Storm.leave, frozenset(PLACES)),
    "shift": (Storm.shift, frozenset(PLACES)),
    "cut": (Storm.cut, frozenset({"postgres"})),
    "restart": (Storm.restart, frozenset({"postgres"})),
}


# --- The load -----------------------------------------------------------------------------------


class Load:
    """Starts things as long as it is told to, each again under its id until that is known to be durable."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.started: dict[str, object] = {}
        """What was acknowledged, and what it must come to."""
        self._number = 0
        self._enough = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load")
        engine.queue("narrow").limit(concurrency=NARROW)
        engine.queue("shared").limit(concurrency=SHARED, group_concurrency=OF_GROUP, fair=True)
        engine.queue("metered").limit(rate_per_s=RATE_PER_S, burst=BURST)
        engine.schedule("beat", beat, every=EVERY_S, overlap="allow", catchup="all")
        self._thread.start()

    def stop(self) -> None:
        self._enough.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._enough.wait(0.02):
                self._insist(self._more)
        except BaseException as error:  # told in the thread that waits
            self._failure = error

    def _insist(self, what: Callable[[], None]) -> None:
        """Until the store is there."""
        until = time.monotonic() + CALM_S
        while True:
            try:
                return what()
            except UnavailableError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _more(self) -> None:
        counts = self.engine.counts()
        if counts.get("running", 0) > PENDING_MAX:
            return
        first = self._number
        numbers = range(first, first + 10)
        ids = [f"storm-{number}" for number in numbers[:2]]
        self.engine.start_many(workflow(), [{"value": number} for number in numbers[:2]], ids=ids)
        self.started.update(zip(ids, map(expected, numbers), strict=False))
        for handler, some in ((narrow, numbers), (metered, numbers[:1])):
            ids = [f"{handler.name.partition(':')[2]}-{number}" for number in some]
            self.engine.submit_many(handler, [(number,) for number in some], ids=ids)
            self.started.update(zip(ids, some, strict=True))
        for number in numbers:
            id, group = f"shared-{number}", f"g{number % GROUPS}"
            self.engine.submit(shared, number, id=id, group=group)
            self.started[id] = number
        self._number += len(numbers)

    def fill(self, folder: Path) -> None:
        """Put the limits to the test: tasks keep places until none is left."""
        for number in range(NARROW):
            self.engine.submit(narrow_held, str(folder), id=f"narrow-held-{number}")
        for number in range(SHARED):
            self.engine.submit(shared_held, str(folder), id=f"shared-held-{number}", group=f"g{number}")
        ids = [f"metered-rush-{number}" for number in range(RUSH)]
        self.engine.submit_many(metered, [(number,) for number in range(RUSH)], ids=ids)
        wait_until(self._are_full, "the queues are full")
        (folder / "let go").touch()

    def _are_full(self) -> bool:
        running = {queue.name: queue.running for queue in self.engine.queues()}
        return (running["narrow"], running["shared"]) == (NARROW, SHARED)

    def end(self) -> None:
        """Wait for everything, the schedule too."""
        self._insist(lambda: self.engine.get_schedule("beat").update(count=self._fired() + 5))
        wait_until(self._over, "everything has ended", CALM_S)

    def _fired(self) -> int:
        return self.engine.get_schedule("beat").statistics().fired

    def _over(self) -> bool:
        with contextlib.suppress(UnavailableError):
            if self.engine.get_schedule("beat").status != "completed":
                return False
            counts = self.engine.counts()
            return not counts.keys() & {"created", "running"}
        return False


# --- What must hold -----------------------------------------------------------------------------


def check_outcomes(engine: Engine, load: Load) -> None:
    """Nothing that was acknowledged is lost, and all of it came to what it must."""
    for id, wanted in load.started.items():
        assert engine.get(id).result(timeout_s=CALM_S) == wanted, id


def check_schedule(engine: Engine) -> None:
    """Every occurrence once, from the first to the last, whatever the clock did."""
    schedule = engine.get_schedule("beat")
    statistics = schedule.statistics()
    assert schedule.status == "completed"
    assert (statistics.missed, statistics.skipped, statistics.failed) == (0, 0, 0)
    runs, after = [], None
    while True:
        page = engine.list(model="task", limit=1_000, after=after)
        runs += [info.id.partition("@")[2] for info in page if info.id.startswith("beat@")]
        after = page.next
        if after is None:
            break
    times = sorted(datetime.fromisoformat(run).timestamp() for run in runs)
    assert len(times) == statistics.fired == statistics.completed
    gaps = [(before, round(at - before, 3)) for before, at in pairwise(times) if abs(at - before - EVERY_S) > 0.001]
    assert gaps == [], f"each occurrence follows the one before: {gaps}, {times[0]}"


def check_limits(ledger: Sequence[Entry]) -> None:
    """No more leases at once than a queue, and a group of it, lets through; and as many at some moment."""
    queues, groups = most_leased(ledger)
    assert {name: queues[name] for name in ("narrow", "shared")} == {"narrow": NARROW, "shared": SHARED}
    assert {most for (queue, _), most in groups.items() if queue == "shared"} == {OF_GROUP}


def check_running(story: Story, lines: list[Line]) -> None:
    """At no moment, in the diary's order, do more run than a queue lets through.

    From its beginning to its end an attempt has its lease, if that was never lost.  Who has lost it may run on, for he
    may stand still; that he had a place until then, and no longer, is in the ledger.
    """
    lost = story.losses()
    running: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for line in lines:
        if (line.instance, line.key, line.attempt) in lost:
            continue
        for name, limit in limits_of(line.instance):
            if line.word == "begin":
                running[name].add((line.instance, line.key))
                assert len(running[name]) <= limit, f"{name}: {sorted(running[name])} at {line}"
            else:
                running[name].discard((line.instance, line.key))


def limits_of(instance: str) -> list[tuple[str, int]]:
    """What an instance counts for, and how many there may be of that."""
    queue, number = instance.partition("-")[0], instance.rpartition("-")[2]
    if queue == "narrow":
        return [("narrow", NARROW)]
    if queue == "shared":
        return [("shared", SHARED), (f"shared g{int(number) % GROUPS}", OF_GROUP)]
    return []


def check_rate(ledger: Sequence[Entry]) -> None:
    """In no interval have more begun than a burst and its time allow."""
    most = fullest(ledger, "metered", RATE_PER_S)
    assert 0 < most <= BURST + ROUNDING, f"{most:.3f} are in a bucket of {BURST}"


def check_leased(ledger: Sequence[Entry], lines: list[Line]) -> None:
    """Each attempt that ran was leased before, so what holds for leases holds for what runs while it has its own."""
    leased = Counter(entry.instance for entry in ledger if entry.change > 0)
    ran = Counter(line.instance for line in begun(lines) if line.instance.startswith(QUEUES))
    assert ran.keys() > {"narrow-0", "shared-0", "metered-0"}
    assert ran <= leased, ran - leased


def run_storm(folder: Path, kind: str, *, seed: int, blow: Callable[[Storm, random.Random], None]) -> None:
    """Blow on a store of that kind, let all end in peace, and look at what is left."""
    place = PLACES[kind](folder)
    storm = None
    try:
        open_ledger(place.url)
        with Engine(place.url, slots=0, clock=place.clock, lease_s=LEASE_S) as engine:
            storm = Storm(folder, place, engine, seed)
            load = Load(engine)
            try:
                load.fill(folder)
                blow(storm, storm.chance)
            finally:
                load.stop()
            storm.calm()
            load.end()
            check_outcomes(engine, load)
            check_schedule(engine)
            check_roll(engine, storm)
            while storm.victims:
                storm.victims[-1].close()
                storm.victims.pop()
        story, lines = Story(place.url), read_diary(storm.diary)
        story.check()
        story.check_ended()
        check_diary(story, lines)
        check_running(story, lines)
        ledger = read_ledger(place.url)
        check_leased(ledger, lines)
        check_limits(ledger)
        check_rate(ledger)
    finally:
        if storm is not None:
            storm.close()
        place.close()


def check_roll(engine: Engine, storm: Storm) -> None:
    """Each worker that was not killed works again."""
    for victim in storm.victims:
        assert engine.submit(f"whoami-{victim.name}").result(timeout_s=CALM_S) == victim.pid
