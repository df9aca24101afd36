"""The reference: the least that a durable step can cost in Python, with no features at all.

    .venv/bin/python benchmarks/reference.py [--json FILE]

One thread commits whatever waits in one transaction (SQLite, WAL, `synchronous=FULL`: done means on disk).  Handlers
run on an event loop beside it.  A step is what the engine cannot do without: a row of the journal with the result, the
task's row deleted, the rows of the next tasks inserted.  Nothing is checked, retried, looked up or recovered; a graph
is two lists of numbers.  Benchmarks run it in the same run as the engine, because figures of different runs, let alone
machines, cannot be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import msgspec
from harness import Graph, chain, fan_out, recorded_graph, save, size_without_log

try:
    from uvloop import new_event_loop

    LOOP = "uvloop"
except ImportError:
    from asyncio import new_event_loop

    LOOP = "asyncio"

BATCH_MAX = 2_000
LONELY_COUNT = 50
DATA, AMOUNT = "x" * 60, 5_000
"""Arguments of every task; `steps.py` passes the same."""

TABLES = """
pragma journal_mode = wal;
pragma synchronous = full;
pragma wal_autocheckpoint = 4000;
create table instance (id integer primary key, status text, version integer, output text, at real);
create table journal (instance integer, seq integer, at real, kind text, key text, data text,
    primary key (instance, seq)) without rowid;
create table task (id integer primary key, instance integer, key text, handler text, payload text, priority integer,
    ready_at real, attempt integer, owner integer, lease_until real);
create index task_waiting on task (handler, priority desc, ready_at) where owner is null;
"""
ADD_INSTANCE = "insert into instance values (?, 'running', 0, null, ?)"
ADD_ENTRY = "insert into journal values (?, ?, ?, ?, ?, ?)"
ADD_TASK = "insert into task values (?, ?, ?, 'step', ?, 0, ?, 1, 1, ?)"
DROP_TASK = "delete from task where id = ?"
END_INSTANCE = "update instance set status = 'completed', version = ?, output = '{}', at = ? where id = ?"

encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Case:
    """One running graph."""

    id: int
    graph: Graph
    done: asyncio.Future[None]
    waiting: list[int]
    open: int
    seq: int = 0


@dataclass(slots=True)
class Task:
    id: int
    case: Case
    node: int
    arguments: dict[str, Any]
    result: Any = None


@dataclass(slots=True)
class Changes:
    """The rows of one transaction."""

    instances: list[Any] = field(default_factory=list)
    journal: list[Any] = field(default_factory=list)
    dropped: list[Any] = field(default_factory=list)
    tasks: list[Any] = field(default_factory=list)
    ended: list[Any] = field(default_factory=list)


class Pump(threading.Thread):
    """Takes cases that start and tasks that are done; hands out tasks and ends, once they are durable."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self.database = apsw.Connection(str(path))
        list(self.database.execute(TABLES))  # apsw goes on with the next statement when this one's rows are read
        self.loop = loop
        self.inputs: deque[Case | Task | None] = deque()
        self.bell = threading.Event()
        self.commits = self.task_id = 0

    def put(self, given: Case | Task | None) -> None:
        self.inputs.append(given)
        self.bell.set()

    def run(self) -> None:
        try:
            while batch := self.gather():
                self.turn(batch)
        except BaseException:
            self.loop.call_soon_threadsafe(self.loop.stop)  # nobody should wait for a pump that has died
            raise

    def gather(self) -> list[Any]:
        """What waits; nothing: stop."""
        while not self.inputs:
            self.bell.wait()
            self.bell.clear()
        batch = [self.inputs.popleft() for _ in range(min(len(self.inputs), BATCH_MAX))]
        return [] if None in batch else batch

    def turn(self, batch: list[Any]) -> None:
        changes, ready, ended = Changes(), list[Task](), list[Case]()
        now = time.time()
        for given in batch:
            nodes = self.begin(given, changes, now) if type(given) is Case else self.settle(given, changes, now)
            case = given if type(given) is Case else given.case
            ready += [self.task(case, node, changes, now) for node in nodes]
            if not case.open:
                changes.ended.append((case.seq, now, case.id))
                ended.append(case)
        self.write(changes)
        self.loop.call_soon_threadsafe(self.hand_out, ready, ended)

    def begin(self, case: Case, changes: Changes, now: float) -> list[int]:
        changes.instances.append((case.id, now))
        changes.journal.append((case.id, 0, now, "started", None, "{}"))
        return [node for node, count in enumerate(case.waiting) if not count]

    def settle(self, task: Task, changes: Changes, now: float) -> list[int]:
        case, ready = task.case, []
        case.seq += 1
        case.open -= 1
        changes.dropped.append((task.id,))
        changes.journal.append((case.id, case.seq, now, "completed", str(task.node), encode(task.result).decode()))
        for child in case.graph.children[task.node]:
            case.waiting[child] -= 1
            if not case.waiting[child]:
                ready.append(child)
        return ready

    def task(self, case: Case, node: int, changes: Changes, now: float) -> Task:
        self.task_id += 1
        arguments = {"node": node, "data": DATA, "amount": AMOUNT}
        changes.tasks.append((self.task_id, case.id, str(node), encode(arguments).decode(), now, now + 30))
        return Task(self.task_id, case, node, arguments)

    def write(self, changes: Changes) -> None:
        many = self.database.executemany
        self.database.execute("begin immediate")
        many(ADD_INSTANCE, changes.instances)
        many(ADD_ENTRY, changes.journal)
        many(DROP_TASK, changes.dropped)
        many(ADD_TASK, changes.tasks)
        many(END_INSTANCE, changes.ended)
        self.database.execute("commit")
        self.commits += 1

    # --- On the loop --------------------------------------------------------------------------

    def hand_out(self, ready: list[Task], ended: list[Case]) -> None:
        for case in ended:
            case.done.set_result(None)
        for task in ready:
            self.loop.create_task(self.attempt(task))

    async def attempt(self, task: Task) -> None:
        task.result = await step(**task.arguments)
        self.put(task)


async def step(node: int, data: str, amount: int) -> dict[str, Any]:  # noqa: ARG001 - the handler's cost is its call
    return {"ok": True, "node": node}


class Reference:
    """Runs graphs one after the other in one store."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reference.db"
        self.loop = asyncio.get_running_loop()
        self.pump = Pump(self.path, self.loop)
        self.pump.start()
        self.count = 0

    async def run(self, graph: Graph, copies: int = 1) -> float:
        """Seconds until so many copies, started together, have ended."""
        begin = time.perf_counter()
        cases = []
        for _ in range(copies):
            self.count += 1
            case = Case(self.count, graph, self.loop.create_future(), list(graph.waiting), len(graph.waiting))
            cases.append(case.done)
            self.pump.put(case)
        await asyncio.gather(*cases)
        return time.perf_counter() - begin

    def close(self) -> None:
        self.pump.put(None)
        self.pump.join()
        self.pump.database.close()


async def figures(folder: Path, chains: int, width: int, recordings: list[Path]) -> dict[str, Any]:
    reference = Reference(folder)
    lonely = [await reference.run(chain(10)) for _ in range(LONELY_COUNT)]
    await reference.run(chain(10), max(1, chains // 10))
    before = size_without_log(reference.path)
    chains_s = await reference.run(chain(10), chains)
    after = size_without_log(reference.path)
    fan_s = await reference.run(fan_out(width))
    traces = {path.stem: await reference.run(recorded_graph(path)) for path in recordings}
    reference.close()
    return {
        "source": "benchmarks/reference.py",
        "loop": LOOP,
        "lonely_ms": statistics.median(lonely) * 1e3,
        "steps_per_s": chains * 10 / chains_s,
        "fan_out_us": fan_s / width * 1e6,
        "bytes_per_step": (after - before) / (chains * 10),
        "traces_s": traces,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--chains", type=int, default=2_000, help="chains of 10 that run together")
    parser.add_argument("--width", type=int, default=10_000, help="of the fan-out")
    parser.add_argument("--recording", type=Path, action="append", default=[], help="a recorded workflow, to replay")
    parser.add_argument("--folder", type=Path, help="where the store is made (default: the folder for temporary files)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        found = runner.run(figures(Path(folder), options.chains, options.width, options.recording))
    save(options.json, found)
    print(f"one chain of 10, idle: p50 {found['lonely_ms']:.1f} ms")
    print(f"{options.chains:,} chains of 10: {found['steps_per_s']:,.0f} durable steps/s")
    print(f"fan-out of {options.width:,}: {found['fan_out_us']:.1f} µs per task")
    for name, seconds in found["traces_s"].items():
        print(f"{name}: {seconds * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
