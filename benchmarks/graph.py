"""A big graph: layers of 1,000 nodes with three parents each, 100,000 nodes beside 10,000.

    .venv/bin/python benchmarks/graph.py [--json FILE]

Linear means that a task costs the same in both.  Each graph is built, deployed and run in a fresh process, whose peak
memory is reported.  Counted is everything from the first `add` to the result.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from harness import Bound, Reference, in_turns, once, options_of, plain_row, row, store, tell

from mainspring import Engine, Workflow, task

SMALL, LARGE = 10_000, 100_000
WIDTH = 1_000
PARENTS = 3
TIMEOUT_S = 500.0


@task
async def step(node: int) -> int:
    return node


def layered(count: int, width: int) -> Workflow:
    """Each node after three of the layer above, spread so that no two have the same three."""
    workflow = Workflow(f"layered-{count}")
    for node in range(count):
        above = node - node % width - width
        parents = [f"n{above + (node * 7 + step * 13) % width}" for step in range(PARENTS)] if above >= 0 else ()
        workflow.add(step, node, key=f"n{node}", after=parents)
    workflow.output(count)
    return workflow


def measure(engine: Engine, count: int, width: int) -> dict[str, float]:
    begin = time.perf_counter()
    workflow = layered(count, width)
    built = time.perf_counter()
    engine.deploy(workflow)
    deployed = time.perf_counter()
    assert engine.start(workflow).result(TIMEOUT_S) == count
    ended = time.perf_counter()
    return {
        "build_us": (built - begin) / count * 1e6,
        "deploy_us": (deployed - built) / count * 1e6,
        "run_us": (ended - deployed) / count * 1e6,
        "task_us": (ended - begin) / count * 1e6,
        "peak_mb": peak_bytes() / 1e6,
    }


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    options = options_of(__doc__, rounds=3).parse_args()
    small, large = round(SMALL * options.size), round(LARGE * options.size)
    if options.once:
        with store(options.folder) as url, Engine(url) as engine:
            print(json.dumps(measure(engine, int(options.once), max(1, round(WIDTH * options.size)))))
        return
    where = [f"--size={options.size}", *([f"--folder={options.folder}"] if options.folder else [])]
    reference = Reference(folder=options.folder, chains=small // 5, width=small)
    bare = reference.figures()["fan_out_us"]
    pairs = list(
        in_turns(
            options.rounds,
            lambda: once(__file__, str(small), *where),
            lambda: once(__file__, str(large), *where),
        )
    )
    rows = [
        row(
            f"{large:,} nodes; reference: {small:,}",
            "µs/task",
            [(few["task_us"], many["task_us"]) for few, many in pairs],
            Bound(1.5, "×"),
        ),
        *(
            row(f"  of it {part}", "µs/task", [(few[f"{part}_us"], many[f"{part}_us"]) for few, many in pairs], None)
            for part in ("build", "deploy", "run")
        ),
        plain_row("peak memory", "MB", max(many["peak_mb"] for _, many in pairs), Bound(1_000, "MB")),
        plain_row("the bare reference's fan-out, for comparison", "µs/task", bare),
    ]
    tell("graph", rows, options.json, f"the small graph; {reference.told}", pairs=pairs)


if __name__ == "__main__":
    main()
