"""What 100,000 instances cost that wait for a timer: memory, and the processor of an engine that has nothing to do.

    .venv/bin/python benchmarks/waiting.py [--json FILE]

One process starts them and goes; a second one opens the store and waits.  The reference is the same store without
instances.  Linux only: memory is read from /proc.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from harness import Bound, Row, in_turns, once, options_of, plain_row, store, tell

from mainspring import Engine, Workflow

INSTANCES = 100_000
CHUNK = 5_000
"""Started with one commit."""
SLEEP_S = 86_400.0
IDLE_S = 10.0
SETTLE_S = 1.0
"""For what an engine does once when it opens."""


def fill(engine: Engine, count: int) -> None:
    workflow = Workflow("waiting")
    workflow.sleep(workflow.input("seconds", float))
    for first in range(0, count, CHUNK):
        engine.start_many(workflow, [{"seconds": SLEEP_S}] * min(CHUNK, count - first))


def measure(folder: str | None, count: int, idle_s: float) -> dict[str, float]:
    """Of both processes."""
    with store(folder) as url:
        return once(__file__, f"fill {count} {url}") | once(__file__, f"idle {idle_s} {url}")


def fill_apart(url: str, count: int) -> dict[str, float]:
    begin = time.perf_counter()
    with Engine(url) as engine:
        fill(engine, count)
        return {"start_us": (time.perf_counter() - begin) / max(count, 1) * 1e6, "starter_mb": resident_bytes() / 1e6}


def idle_apart(url: str, idle_s: float) -> dict[str, float]:
    with Engine(url):
        time.sleep(min(SETTLE_S, idle_s))
        begin, used = time.perf_counter(), time.process_time()
        time.sleep(idle_s)
        share = (time.process_time() - used) / (time.perf_counter() - begin)
        return {"cpu_percent": share * 100, "resident_mb": resident_bytes() / 1e6}


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def compared(what: str, unit: str, name: str, full: dict[str, float], empty: dict[str, float], limit: float) -> Row:
    return plain_row(what, unit, full[name], Bound(limit, unit), empty[name])


def main() -> None:
    options = options_of(__doc__, rounds=1).parse_args()
    if options.once:
        what, number, url = options.once.split(" ", 2)
        print(json.dumps(fill_apart(url, int(number)) if what == "fill" else idle_apart(url, float(number))))
        return
    count, idle_s = round(INSTANCES * options.size), IDLE_S * min(1.0, options.size)
    pairs = list(
        in_turns(
            options.rounds,
            lambda: measure(options.folder, 0, idle_s),
            lambda: measure(options.folder, count, idle_s),
        )
    )
    empty, full = pairs[-1]
    rows = [
        compared("memory of an engine that opens them", "MB", "resident_mb", full, empty, 150),
        compared("memory of the engine that started them", "MB", "starter_mb", full, empty, 150),
        compared("processor while idle", "%", "cpu_percent", full, empty, 1),
        plain_row("to start one", "µs", full["start_us"]),
    ]
    tell(
        f"waiting: {round(INSTANCES * options.size):,} instances",
        rows,
        options.json,
        "the same with no instance",
        pairs=pairs,
    )


if __name__ == "__main__":
    main()
