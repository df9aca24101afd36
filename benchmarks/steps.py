"""Durable steps: chains, threads, a wide map, tasks in bulk, and one chain alone.

    .venv/bin/python benchmarks/steps.py [--json FILE] [--case NAME]

Through the public API, on a new SQLite file each time, beside the reference.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from harness import Bound, Reference, in_turns, once, options_of, row, store, tell

from mainspring import Engine, Handler, Workflow, task

DATA, AMOUNT = "x" * 60, 5_000
"""Arguments of every task, the same as the reference's."""
LONELY_COUNT = 50
TIMEOUT_S = 300.0


@task
async def step(node: int, data: str, amount: int) -> dict[str, Any]:  # noqa: ARG001
    return {"ok": True, "node": node}


@task
def step_in_thread(node: int, data: str, amount: int) -> dict[str, Any]:  # noqa: ARG001
    return {"ok": True, "node": node}


@task
async def numbers(count: int) -> list[int]:
    return list(range(count))


@task
async def count(results: list[Any]) -> int:
    return len(results)


# --- The cases: each returns its figure -------------------------------------------------------


def chain_of(handler: Handler[..., Any]) -> Workflow:
    workflow = Workflow("chain")
    before: Any = ()
    for node in range(10):
        before = workflow.add(handler, node, DATA, AMOUNT, key=f"n{node}", after=before)
    return workflow


def chains(engine: Engine, size: float, handler: Handler[..., Any] = step) -> float:
    """Steps per second of 2,000 chains."""
    workflow, copies = chain_of(handler), scaled(2_000, size)
    engine.gather(engine.start_many(workflow, [{}] * max(1, copies // 10)), timeout_s=TIMEOUT_S)
    begin = time.perf_counter()
    engine.gather(engine.start_many(workflow, [{}] * copies), timeout_s=TIMEOUT_S)
    return copies * 10 / (time.perf_counter() - begin)


def chains_in_threads(engine: Engine, size: float) -> float:
    return chains(engine, size, step_in_thread)


def fan_out(engine: Engine, size: float) -> float:
    """Microseconds per task of a map of 10,000 and its join."""
    workflow, width = Workflow("fan-out"), scaled(10_000, size)
    source = workflow.add(numbers, workflow.input("count", int))
    workflow.add(count, workflow.map(step, source, DATA, AMOUNT))
    engine.start(workflow, {"count": max(1, width // 10)}).result(TIMEOUT_S)
    begin = time.perf_counter()
    assert engine.start(workflow, {"count": width}).result(TIMEOUT_S) == width
    return (time.perf_counter() - begin) / width * 1e6


def bulk(engine: Engine, size: float) -> float:
    """Steps per second of 50,000 standalone tasks."""
    copies = scaled(50_000, size)
    rows = [(node, DATA, AMOUNT) for node in range(copies)]
    engine.gather(engine.submit_many(step, rows[: max(1, copies // 50)]), timeout_s=TIMEOUT_S)
    begin = time.perf_counter()
    engine.gather(engine.submit_many(step, rows), timeout_s=TIMEOUT_S)
    return copies / (time.perf_counter() - begin)


def lonely(engine: Engine, size: float) -> float:
    """Milliseconds of one chain in an idle engine, p50."""
    workflow, times = chain_of(step), []
    engine.start(workflow).result(TIMEOUT_S)
    for _ in range(max(3, scaled(LONELY_COUNT, size))):
        begin = time.perf_counter()
        engine.start(workflow).result(TIMEOUT_S)
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def scaled(count: int, size: float) -> int:
    return max(1, round(count * size))


CASES: dict[str, tuple[Callable[[Engine, float], float], str, str, str, Bound]] = {
    "chains": (chains, "2,000 chains of 10, async def", "steps/s", "steps_per_s", Bound(0.4, "×", is_least=True)),
    "threads": (
        chains_in_threads,
        "2,000 chains of 10, def in threads",
        "steps/s",
        "steps_per_s",
        Bound(0.25, "×", is_least=True),
    ),
    "fan-out": (fan_out, "map of 10,000 and a join", "µs/task", "fan_out_us", Bound(2.5, "×")),
    "bulk": (bulk, "50,000 standalone tasks", "steps/s", "steps_per_s", Bound(0.35, "×", is_least=True)),
    "lonely": (lonely, "one chain of 10, idle engine, p50", "ms", "lonely_ms", Bound(2.0, "×")),
}
"""By name: how it is measured, what it is called, its unit, the reference's figure, the bound."""


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--case", action="append", choices=CASES, help="only this one (may be given again)")
    options = parser.parse_args()
    if options.once:
        with store(options.folder) as url, Engine(url) as engine:
            print(json.dumps({"figure": CASES[options.once][0](engine, options.size)}))
        return
    reference = Reference(chains=scaled(2_000, options.size), width=scaled(10_000, options.size), folder=options.folder)
    rows, samples = [], {}
    where = [f"--folder={options.folder}"] if options.folder else []
    for name in options.case or CASES:
        _, what, unit, figure, bound = CASES[name]

        def ours(name: str = name) -> float:
            return once(__file__, name, f"--size={options.size}", *where)["figure"]

        pairs = [(theirs[figure], mine) for theirs, mine in in_turns(options.rounds, reference.figures, ours)]
        rows.append(row(what, unit, pairs, bound))
        samples[name] = pairs
    tell("steps", rows, options.json, reference.told, **samples)


if __name__ == "__main__":
    main()
