"""What stays on disk of a step, beyond its payload.

    .venv/bin/python benchmarks/disk.py [--json FILE]

2,000 chains of 10 run to their end, and the engine is closed.  What the file has grown by (rows, indexes, free pages,
the log written back) is divided by the steps; the payload that a step leaves, its result, is taken off.  The log itself
does not grow with the steps, so it is told apart.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from harness import Bound, Reference, in_turns, once, options_of, plain_row, size_without_log, tell

from mainspring import Engine, Workflow, task

CHAINS, LENGTH = 2_000, 10
DATA, AMOUNT = "x" * 60, 5_000
RESULT = {"ok": True, "node": 5}


@task
async def step(node: int, data: str, amount: int) -> dict[str, Any]:  # noqa: ARG001
    return {"ok": True, "node": node}


def measure(folder: str | None, chains: int) -> dict[str, float]:
    workflow = Workflow("chain")
    before: Any = ()
    for node in range(LENGTH):
        before = workflow.add(step, node, DATA, AMOUNT, key=f"n{node}", after=before)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file = Path(place) / "benchmark.db"
        with Engine(f"sqlite:///{file}") as engine:
            engine.gather(engine.start_many(workflow, [{}]), timeout_s=60)
        empty = size_without_log(file)
        with Engine(f"sqlite:///{file}") as engine:
            engine.gather(engine.start_many(workflow, [{}] * chains), timeout_s=300)
        log = file.with_name(f"{file.name}-wal")
        log_bytes = log.stat().st_size if log.exists() else 0
        steps, payload = chains * LENGTH, len(json.dumps(RESULT, separators=(",", ":")))
        return {
            "beyond": (size_without_log(file) - empty) / steps - payload,
            "log_mb": log_bytes / 1e6,
            "payload": payload,
        }


def main() -> None:
    options = options_of(__doc__, rounds=1).parse_args()
    chains = max(1, round(CHAINS * options.size))
    if options.once:
        print(json.dumps(measure(options.folder, chains)))
        return
    where = [f"--size={options.size}", *([f"--folder={options.folder}"] if options.folder else [])]
    reference = Reference(chains=chains, width=100, folder=options.folder)
    pairs = list(in_turns(options.rounds, reference.own, lambda: once(__file__, "chains", *where)))
    theirs, ours = pairs[-1]
    bare = theirs["bytes_per_step"] - ours["payload"]
    rows = [
        plain_row("disk per step beyond its payload", "bytes", ours["beyond"], Bound(600, "bytes"), bare),
        plain_row("log that a closed engine leaves, in all", "MB", ours["log_mb"]),
    ]
    tell("disk", rows, options.json, "benchmarks/reference.py", pairs=pairs)


if __name__ == "__main__":
    main()
