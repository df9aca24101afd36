"""Recorded scientific workflows, replayed without waiting: what a real graph costs.

    .venv/bin/python benchmarks/traces.py [--json FILE]

The recordings are those of ../shared/suites/workflows, or of $MAINSPRING_SUITES.  The reference runs the same graphs.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

from harness import SUITES, Reference, in_turns, once, options_of, recordings, row, store, tell

from mainspring import Engine, wfformat

TIMEOUT_S = 60.0


def measure(engine: Engine, path: Path) -> float:
    """Seconds of one replay; the median of three, after one that warms up."""
    workflow, times = wfformat.load(path), []
    for _ in range(4):
        begin = time.perf_counter()
        engine.start(workflow).result(TIMEOUT_S)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def main() -> None:
    parser = options_of(__doc__, rounds=3)
    parser.add_argument("--recording", type=Path, action="append", help="only this one (may be given again)")
    options = parser.parse_args()
    paths: list[Path] = options.recording or recordings()
    if options.once:
        with store(options.folder) as url, Engine(url) as engine:
            print(json.dumps({path.stem: measure(engine, path) for path in paths}))
        return
    if not paths:
        print(f"# traces: there are no recordings in {SUITES / 'workflows'}; set MAINSPRING_SUITES")
    given = [f"--recording={path}" for path in paths]
    where = [f"--folder={options.folder}"] if options.folder else []
    reference = Reference(chains=10, width=10, folder=options.folder)
    pairs = list(
        in_turns(
            options.rounds if paths else 0,
            lambda: reference.own(*given)["traces_s"],
            lambda: once(__file__, "traces", *given, *where),
        )
    )
    rows = [
        row(f"{path.stem[:40]}, {task_count(path)} tasks", "ms", [in_ms(path.stem, pair) for pair in pairs], None)
        for path in paths
    ]
    tell("traces", rows, options.json, "benchmarks/reference.py", pairs=pairs)


def in_ms(name: str, pair: tuple[dict[str, float], dict[str, float]]) -> tuple[float, float]:
    theirs, ours = pair
    return theirs[name] * 1e3, ours[name] * 1e3


def task_count(path: Path) -> int:
    return len(wfformat.load(path).nodes)


if __name__ == "__main__":
    main()
