"""PostgreSQL: tasks in bulk by one process and by two, chains, idleness, wake-up, and a snapshot that is left open.

    .venv/bin/python benchmarks/postgres.py [--json FILE] [--size 0.1] [--url postgresql://…]

On a server of its own (`scripts/postgres_server.py`) with `fsync` and `synchronous_commit` on.  Peers are measured by
`postgres_peers.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from harness import ROOT, Bound, Row, in_turns, options_of, plain_row, python, row, tell

sys.path.insert(0, str(ROOT))

from mainspring import Engine, Workflow, task
from scripts import postgres_server

TASK_COUNT, CHAIN_COUNT = 20_000, 500
TIMEOUT_S = 600.0
IDLE_S, WAKES = 20.0, 10
PINNED_S, PINNED_RATE = 300.0, 1_000


@task
async def nothing(value: int) -> int:
    return value


@task
async def moment() -> float:
    return time.time()


# --- Programs that are run in processes of their own ----------------------------------------------


def bulk(url: str, count: int, worker_count: int) -> dict[str, float]:
    """From the submission until the last result; the processes are there already.  No worker: the submitter runs them.

    Tasks a second; microseconds of processor time a task of our processes, and of the server where it is on this
    machine.
    """
    workers = [serve(url) for _ in range(worker_count)]
    with Engine(url, slots=0 if workers else None) as engine:
        engine.gather(engine.submit_many(nothing, [(value,) for value in range(200)]), timeout_s=TIMEOUT_S)
        server, before = Server(url), [process_s(worker.pid) for worker in workers]
        began, mine = time.perf_counter(), time.process_time()
        engine.gather(engine.submit_many(nothing, [(value,) for value in range(count)]), timeout_s=TIMEOUT_S)
        seconds = time.perf_counter() - began
        ours = time.process_time() - mine + sum(process_s(worker.pid) for worker in workers) - sum(before)
        found = {"rate": count / seconds, "ours_us": ours / count * 1e6, "server_us": server.used_s() / count * 1e6}
    for worker in workers:
        end(worker)
    return found


class Server:
    """How much processor time a server on this machine has used since now; none, where it is elsewhere."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url.partition("&schema")[0].partition("?schema")[0]) as connection:
            ((folder,),) = connection.execute("show data_directory").fetchall()
        file = Path(folder, "postmaster.pid")
        self._pid = int(file.read_text().split()[0]) if file.exists() else 0
        self._before = self._all_s()

    def used_s(self) -> float:
        return self._all_s() - self._before

    def _all_s(self) -> float:
        """Of all its processes, those that have ended too.

        The server is asked after its children: what one of them used that ends meanwhile is part of its own by then.
        """
        if not self._pid:
            return 0.0
        there = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        living_s = sum(process_s(int(pid)) for pid in there)
        return living_s + process_s(self._pid, with_children=True)


def process_s(pid: int, *, with_children: bool = False) -> float:
    """Processor time of a process, none if it has ended; with that of its children that have ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = told.rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if with_children else 13])) / os.sysconf("SC_CLK_TCK")


def chains(url: str, count: int) -> float:
    """Steps a second of chains of ten."""
    workflow = Workflow("chain")
    before: Any = 0
    for number in range(10):
        before = workflow.add(nothing, before, key=f"n{number}")
    with Engine(url) as engine:
        engine.gather(engine.start_many(workflow, [None] * max(1, count // 10)), timeout_s=TIMEOUT_S)
        began = time.perf_counter()
        engine.gather(engine.start_many(workflow, [None] * count), timeout_s=TIMEOUT_S)
        return 10 * count / (time.perf_counter() - began)


def idle(url: str, seconds: float) -> dict[str, float]:
    """What an engine costs that has nothing to do."""
    with Engine(url) as engine:
        engine.submit(nothing, 1).result(timeout_s=TIMEOUT_S)
        time.sleep(2.0)
        with psycopg.connect(url.partition("&schema")[0].partition("?schema")[0], autocommit=True) as connection:
            before, cpu = statements(connection), time.process_time()
            time.sleep(seconds)
            return {
                "queries": (statements(connection) - before - 1) / seconds,
                "cpu": 100 * (time.process_time() - cpu) / seconds,
            }


def statements(connection: psycopg.Connection[Any]) -> int:
    """Transactions that the server has counted; outside of a turn each question is one."""
    connection.execute("select pg_stat_clear_snapshot()")
    ((count,),) = connection.execute(
        "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    ).fetchall()
    return int(count)


def wake(url: str, count: int) -> float:
    """Milliseconds until another process that was idle has run a task; the median."""
    worker, found = serve(url), []
    with Engine(url, slots=0) as engine:
        engine.submit(nothing, 0).result(timeout_s=TIMEOUT_S)
        for _ in range(count):
            time.sleep(1.0)
            instance = engine.submit(moment)
            durable_at = time.time()
            found.append((instance.result(timeout_s=TIMEOUT_S) - durable_at) * 1_000)
    end(worker)
    return sorted(found)[len(found) // 2]


def pinned(url: str, seconds: float) -> float:
    """Tasks a second under a steady load of `PINNED_RATE`, in the last tenth of the time."""
    worker = serve(url)
    done: list[int] = []
    with Engine(url, slots=0) as engine:
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            batch = engine.submit_many(nothing, [(value,) for value in range(PINNED_RATE // 10)])
            engine.gather(batch, timeout_s=TIMEOUT_S)
            if now > 0.9 * seconds:
                done.append(len(batch))
            time.sleep(max(0.0, now + 0.1 - (time.perf_counter() - began)))
        rate = sum(done) / max(1e-9, time.perf_counter() - began - 0.9 * seconds)
    end(worker)
    return rate


def serve(url: str) -> subprocess.Popen[str]:
    """Another process that works; returns when it does."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--program", "work", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=60)


def work(url: str) -> None:
    with Engine(url) as engine:
        engine.register(nothing)
        engine.register(moment)
        print("ready", flush=True)
        sys.stdin.readline()


PROGRAMS: dict[str, Callable[..., Any]] = {
    "bulk": bulk, "chains": chains, "idle": idle, "wake": wake, "pinned": pinned, "work": work,
}  # fmt: skip


# --- The table ------------------------------------------------------------------------------------


class Bench:
    """One server, and a schema for each measurement."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._count = 0

    def run(self, program: str, *arguments: float, database: str = "") -> Any:
        self._count += 1
        place = urlsplit(self.url)._replace(path=f"/{database}").geturl() if database else self.url
        url = f"{place}{'&' if '?' in place else '?'}schema=bench_{self._count}"
        return json.loads(python(__file__, "--program", program, url, *map(str, arguments)).splitlines()[-1])


@contextmanager
def database_of_its_own(url: str) -> Iterator[str]:
    """Its name.  Elsewhere the server counts its own transactions about tables that were filled a minute ago."""
    name = f"idle_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield name
        connection.execute(f"drop database {name} with (force)")


@contextmanager
def held_snapshot(url: str) -> Iterator[None]:
    """A session that is left idle in a transaction which has seen everything there is."""
    with psycopg.connect(url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("select count(*) from pg_class")
        yield
        connection.rollback()


def rows_of(bench: Bench, size: float, rounds: int) -> list[Row]:
    tasks, chain_count = max(200, int(TASK_COUNT * size)), max(20, int(CHAIN_COUNT * size))
    here = bench.run("bulk", tasks, 0)
    pairs = list(in_turns(rounds, lambda: bench.run("bulk", tasks, 1), lambda: bench.run("bulk", tasks, 2)))
    one = {name: statistics.median(pair[0][name] for pair in pairs) for name in here}
    rows = [
        plain_row(f"{tasks:,} tasks, one process that submits and runs", "tasks/s", here["rate"]),
        plain_row("… processor time a task, of the process", "µs", here["ours_us"]),
        plain_row("… and of the server", "µs", here["server_us"]),
        plain_row("one worker process beside the submitter", "tasks/s", one["rate"]),
        plain_row("… processor time a task, of both", "µs", one["ours_us"]),
        plain_row("… and of the server", "µs", one["server_us"]),
        row(
            "two worker processes; reference: one",
            "tasks/s",
            [(first["rate"], second["rate"]) for first, second in pairs],
            Bound(1.0, "×", is_least=True),
        ),
    ]
    steps = bench.run("chains", chain_count)
    rows.append(plain_row(f"{chain_count} chains of 10", "steps/s", steps))
    with database_of_its_own(bench.url) as name:
        idleness = bench.run("idle", max(1.0, IDLE_S * size), database=name)
    rows.append(plain_row("idle", "% CPU", idleness["cpu"], Bound(1.0, "% CPU")))
    rows.append(plain_row("idle", "queries/s", idleness["queries"], Bound(2.0, "queries/s")))
    rows.append(
        plain_row("wake-up of another process", "ms", bench.run("wake", max(1, round(WAKES * size))), Bound(20.0, "ms"))
    )
    seconds = max(1.0, PINNED_S * size)
    free = bench.run("pinned", min(seconds, 30.0))
    with held_snapshot(bench.url):
        held = bench.run("pinned", seconds)
    what = f"an old snapshot left open for {seconds:.0f} s at {PINNED_RATE:,} tasks/s: throughput kept"
    rows.append(plain_row(what, "%", 100 * held / free, Bound(70.0, "%", is_least=True)))
    return rows


def main() -> None:
    parser = options_of(__doc__, rounds=3)
    parser.add_argument("--url", help="a database to use instead of a server of its own")
    parser.add_argument("--program", nargs="+", help="run one measurement; for this file itself")
    options = parser.parse_args()
    if options.program:
        name, url, *numbers = options.program
        print(json.dumps(PROGRAMS[name](url, *(int(float(number)) for number in numbers))))
        return
    server = None if options.url else postgres_server.start()
    try:
        bench = Bench(options.url or server.url())  # type: ignore[union-attr]
        rows = rows_of(bench, options.size, options.rounds)
        tell("postgres", rows, options.json, told="what is named in the row")
    finally:
        if server is not None:
            server.close()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
