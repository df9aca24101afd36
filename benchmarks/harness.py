"""What the benchmarks share: graphs, the reference, runs side by side, and the table.

Machines are noisy, so nothing is compared across runs: the reference and the engine take turns (A B A B …), each in a
fresh process, and what is judged is the median of the ratios pair by pair.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import apsw

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks"
sys.path.insert(0, str(ROOT / "src"))  # measured is this checkout, whatever is installed
ROUNDS = 5
PROCESS_S_MAX = 600
"""A measurement that takes longer hangs."""

SPIKE = os.environ.get("MAINSPRING_SPIKE") or str(ROOT.parent / "shared" / "spikes" / "pump.py")
"""A reference of others, which is run instead of ours where it is at hand; `none`: ours."""
SUITES = Path(os.environ.get("MAINSPRING_SUITES") or ROOT.parent / "shared" / "suites")


# --- Graphs -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by number: the children of each, and how many parents it waits for."""

    children: list[list[int]]
    waiting: list[int]


def chain(length: int) -> Graph:
    return Graph([[node + 1] for node in range(length - 1)] + [[]], [0] + [1] * (length - 1))


def fan_out(width: int) -> Graph:
    """One node, `width` after it, and one after all of these."""
    last = width + 1
    return Graph([list(range(1, last)), *([[last]] * width), []], [0, *([1] * width), width])


def recorded_graph(path: Path) -> Graph:
    """Of a workflow recorded in WfFormat."""
    tasks = json.loads(path.read_text(encoding="utf-8"))["workflow"]["specification"]["tasks"]
    number = {task["id"]: place for place, task in enumerate(tasks)}
    children: list[list[int]] = [[] for _ in tasks]
    for task in tasks:
        for parent in task["parents"]:
            children[number[parent]].append(number[task["id"]])
    return Graph(children, [len(task["parents"]) for task in tasks])


def recordings() -> list[Path]:
    return sorted((SUITES / "workflows").glob("*.json"))


# --- The reference ----------------------------------------------------------------------------


class Reference:
    """The bare proof that figures are compared with, run anew for each pair."""

    def __init__(self, *, chains: int = 2_000, width: int = 10_000, folder: str | None = None) -> None:
        self.ours = [str(HERE / "reference.py"), f"--chains={chains}", f"--width={width}"]
        self.folder = folder
        self.uses_spike = SPIKE != "none" and Path(SPIKE).exists() and importlib.util.find_spec("uvloop") is not None
        self.name = "spikes/pump.py" if self.uses_spike else "benchmarks/reference.py"
        loop = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"
        self.told = f"{self.name}, on {loop}, run beside each measurement"

    def figures(self) -> dict[str, Any]:
        return self._spike() if self.uses_spike else self.own()

    def own(self, *arguments: str) -> dict[str, Any]:
        """Of the reference that is kept here, which can do more."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "figures.json"
            where = [f"--folder={self.folder}"] if self.folder else []
            python(*self.ours, f"--json={file}", *where, *arguments)
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return found

    def _spike(self) -> dict[str, Any]:
        said = python(SPIKE, environment={"SPIKE_DIR": self.folder} if self.folder else {})
        return {
            "lonely_ms": _figure(r"idle: p50 ([\d.,]+) ms", said),
            "steps_per_s": _figure(r"2000 chains of 10: ([\d.,]+) durable", said),
            "fan_out_us": _figure(r"fan-out of 10,000: ([\d.,]+) us", said),
        }


def _figure(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    if found is None:
        raise SystemExit(f"the reference {SPIKE} does not tell {pattern!r}; it said:\n{said}")
    return float(found[1].replace(",", ""))


# --- Measuring --------------------------------------------------------------------------------


def python(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """What a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | (environment or {}),
        timeout=PROCESS_S_MAX,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def once(script: str, case: str, *arguments: str) -> dict[str, float]:
    """One measurement in a fresh process: the benchmark calls itself with `--once CASE`, and prints JSON."""
    found: dict[str, float] = json.loads(python(script, "--once", case, *arguments).splitlines()[-1])
    return found


def in_turns(rounds: int, a: Callable[[], Any], b: Callable[[], Any]) -> Iterator[tuple[Any, Any]]:
    """A B A B …"""
    for _ in range(rounds):
        yield a(), b()


@contextmanager
def store(folder: str | None) -> Iterator[str]:
    """The URL of a new file, which is removed at the end."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield f"sqlite:///{place}/benchmark.db"


def size_without_log(file: Path) -> int:
    """Of a SQLite database, once its log has been written back into it."""
    database = apsw.Connection(str(file))
    list(database.execute("pragma wal_checkpoint(truncate)"))
    database.close()
    return file.stat().st_size


# --- Telling ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure, or its ratio to the reference, must keep to."""

    limit: float
    unit: str
    """`×` for a ratio to the reference."""
    is_least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.limit:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    value: float
    reference: float | None = None
    ratio: float | None = None
    bound: str = ""
    holds: bool | None = None
    """None: nothing was asked."""


def row(what: str, unit: str, pairs: list[tuple[float, float]], bound: Bound | None) -> Row:
    """Medians of (reference, ours), and of their ratios; judged by the ratio."""
    ratio = statistics.median(ours / reference for reference, ours in pairs)
    return Row(
        what,
        unit,
        statistics.median(ours for _, ours in pairs),
        statistics.median(reference for reference, _ in pairs),
        ratio,
        str(bound) if bound else "",
        bound.holds(ratio) if bound else None,
    )


def plain_row(what: str, unit: str, value: float, bound: Bound | None = None, reference: float | None = None) -> Row:
    """One figure, judged by itself."""
    ratio = value / reference if reference else None
    return Row(what, unit, value, reference, ratio, str(bound) if bound else "", bound.holds(value) if bound else None)


HEADER = ("what", "unit", "value", "reference", "ratio", "must be", "")
LEFT = (0, 1, 6)
"""Columns of words."""


def table(rows: list[Row]) -> str:
    """Columns in which nothing stands are left out."""
    lines = [HEADER, *(_cells(each) for each in rows)]
    columns = [number for number in range(len(HEADER)) if any(line[number] for line in lines[1:])]
    widths = {number: max(len(line[number]) for line in lines) for number in columns}
    return "\n".join(
        "  ".join(
            line[number].ljust(widths[number]) if number in LEFT else line[number].rjust(widths[number])
            for number in columns
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    verdict = {True: "ok", False: "MISSED", None: ""}[row.holds]
    numbers = [_number(row.value), _number(row.reference), "" if row.ratio is None else f"{row.ratio:.2f} ×"]
    return row.what, row.unit, *numbers, row.bound, verdict


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def tell(name: str, rows: list[Row], file: Path | None, told: str = "", **samples: Any) -> None:
    """Print the table; write it with the samples as JSON."""
    print(f"# {name}" + (f"  (reference: {told})" if told else ""))
    print(table(rows))
    found = {"benchmark": name, "reference": told, "machine": machine(), "rows": [asdict(each) for each in rows]}
    save(file, found | {"samples": samples})


def machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }


def save(file: Path | None, found: dict[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def options_of(doc: str | None, *, rounds: int = ROUNDS) -> argparse.ArgumentParser:
    """Options that every benchmark has."""
    parser = argparse.ArgumentParser(description=(doc or "").strip().partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"pairs that are measured (default: {rounds})")
    parser.add_argument("--size", type=float, default=1.0, help="of everything; 0.01: a hundredth (default: 1)")
    parser.add_argument("--folder", help="where stores are made (default: the folder for temporary files)")
    parser.add_argument("--once", metavar="CASE", help=argparse.SUPPRESS)
    return parser
