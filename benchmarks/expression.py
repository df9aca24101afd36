"""What expressions cost: evaluating and compiling a guard, a loop over 1,000 numbers, and importing the language.

    python benchmarks/expression.py [--json]

The references are measured in the same run: Python's own `eval` of a code object, the same sum in plain Python, and an
interpreter that imports nothing. Times are the best of several rounds, for this machine runs other things as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from mainspring import feel

SOURCE = Path(__file__).resolve().parents[1] / "src"
GUARD = "amount > limit and approved"
INPUTS = {"amount": 5000, "limit": 1000, "approved": True}
NUMBERS = list(range(1000))
ROUNDS = 7
PROCESSES = 15
"""Interpreters to start for the import; the best counts."""

IMPORT = """
import sys, time, types
for name, folder in (("mainspring", ""), ("mainspring.models", "/models")):
    package = types.ModuleType(name)
    package.__path__ = [sys.argv[1] + "/mainspring" + folder]
    sys.modules[name] = package
import mainspring.errors
start = time.perf_counter()
import mainspring.feel
print(time.perf_counter() - start)
"""
"""Imports the language without what else the package's root has to offer, which is not its cost."""


def best_us(work: Callable[[], object], count: int) -> float:
    """Microseconds per call, in the best of the rounds."""
    return min(timeit.repeat(work, number=count, repeat=ROUNDS)) / count * 1e6


def measure() -> dict[str, float]:
    guard, code = feel.compile(GUARD, strict=True), compile(GUARD, "", "eval")
    loop, mapping = feel.compile("sum(for x in xs return x * 2)"), {"xs": NUMBERS}
    return {
        "evaluate_us": best_us(lambda: guard(INPUTS), 50_000),
        "evaluate_with_names_us": best_us(lambda: guard(**INPUTS), 50_000),
        "python_eval_us": best_us(lambda: eval(code, {}, INPUTS), 50_000),
        "compile_us": best_us(lambda: feel.compile(GUARD), 2_000),
        "python_compile_us": best_us(lambda: compile(GUARD, "", "eval"), 2_000),
        "loop_us": best_us(lambda: loop(mapping), 200),
        "python_loop_us": best_us(lambda: sum(x * 2 for x in NUMBERS), 200),
        "import_ms": import_ms(),
    }


def import_ms() -> float:
    """Milliseconds that the import takes in a fresh interpreter, with byte code on disk as once installed."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(SOURCE)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found = []
        for _ in range(PROCESSES):
            command = [sys.executable, "-c", IMPORT, str(SOURCE)]
            output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            found.append(float(output) * 1e3)
            time.sleep(0.01)
    return min(found)


def rows(found: dict[str, float]) -> list[tuple[str, str, str, str]]:
    """What was measured, the figure, what it must reach, and the reference."""
    ratio = found["loop_us"] / found["python_loop_us"]
    return [
        (f"`{GUARD}`", f"{found['evaluate_us']:.2f} µs", "≤ 1.5 µs", f"eval {found['python_eval_us']:.2f} µs"),
        ("  the same, inputs by name", f"{found['evaluate_with_names_us']:.2f} µs", "", ""),
        ("  compile it", f"{found['compile_us']:.0f} µs", "≤ 150 µs", f"Python {found['python_compile_us']:.0f} µs"),
        (
            "`sum(for x in xs return x * 2)`, 1,000",
            f"{found['loop_us']:.0f} µs",
            "",
            f"{found['python_loop_us']:.0f} µs",
        ),
        ("  times plain Python", f"{ratio:.1f} ×", "≤ 10 ×", ""),
        ("import", f"{found['import_ms']:.1f} ms", "≤ 15 ms", ""),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure()
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
        return
    for what, figure, goal, reference in rows(found):
        print(f"{what:<42}{figure:>10}  {goal:<10}{reference}")


if __name__ == "__main__":
    main()
