"""What a turn spends its time on: the pump's thread function by function, and the interpreter thread by thread.

    .venv/bin/python benchmarks/turns.py [--case chains] [--json FILE]

Twice the case of `steps.py` runs: under cProfile, switched on in the pump's thread only (it stretches small Python
functions, so shares of different kinds of work are rough), and under py-spy, which samples whoever holds the
interpreter and stretches nothing.
"""

from __future__ import annotations

import cProfile
import pstats
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from harness import ROOT, Row, options_of, plain_row, store, tell
from steps import CASES, scaled

from mainspring import Engine

PUMP = "mainspring-pump"
FUNCTIONS_SHOWN = 12
RATE = 500
"""Samples a second."""

KINDS = (
    ("apsw", "SQLite"),
    ("/mainspring/stores/", "SQLite"),
    ("msgspec", "JSON"),
    ("/mainspring/codec", "JSON"),
    ("/mainspring/models/", "decide, evolve, commands"),
    ("/mainspring/kernel/", "kernel"),
    ("/mainspring/runtime/pump", "pump"),
    ("/mainspring/runtime/", "handlers and outcomes"),
    ("/mainspring/", "engine"),
    ("/asyncio/", "event loop"),
    ("uvloop", "event loop"),
    ("/concurrent/futures/", "futures"),
    ("/threading", "waiting"),
    ("acquire", "waiting"),
)
"""Part of a file's or a built-in's name: the kind of work; the first that fits."""


def kind_of(name: str) -> str:
    return next((kind for part, kind in KINDS if part in name), "other")


# --- cProfile, in the pump's thread -----------------------------------------------------------


def profile_pump(case: str, size: float, folder: str | None) -> list[Row]:
    profiler = cProfile.Profile()

    def begin(*_: Any) -> None:
        sys.setprofile(None)
        if threading.current_thread().name == PUMP:
            profiler.enable()

    threading.setprofile(begin)
    with store(folder) as url:
        with Engine(url) as engine:
            threading.setprofile(None)  # type: ignore[arg-type]  # the documented way to end it
            CASES[case][0](engine, size)
        profiler.create_stats()
    return profile_rows(pstats.Stats(profiler).stats)  # type: ignore[attr-defined]


def profile_rows(stats: dict[Any, Any]) -> list[Row]:
    """Shares of the thread's own time; a built-in belongs to the Python function that called it."""
    kinds, functions = Counter[str](), Counter[str]()
    for (file, _, name), (_, _, own_s, _, callers) in stats.items():
        if file != "~":
            kinds[kind_of(file)] += own_s
            functions[f"{short(file)} {name}"] += own_s
            continue
        for (caller_file, _, caller), (_, _, part_s, _) in callers.items():
            kind = kind_of(name) if kind_of(name) in ("SQLite", "JSON", "waiting") else kind_of(caller_file)
            kinds[kind] += part_s
            functions[f"{short(caller_file)} {caller}: {short_built_in(name)}"] += part_s
    for waiting in [name for name in functions if "acquire" in name]:
        del functions[waiting]
    return shares("pump", kinds) + shares("pump, function", functions, FUNCTIONS_SHOWN)


def short(file: str) -> str:
    """`kernel/turn`; of other packages the last two parts."""
    ours = file.rpartition("/mainspring/")
    return (ours[2] if ours[1] else "/".join(file.split("/")[-2:])).removesuffix(".py")


def short_built_in(name: str) -> str:
    """`<method 'execute' of 'apsw.Connection' objects>` → `execute`."""
    return name.split("'")[1] if "'" in name else name.strip("<>").rpartition(" ")[2]


def shares(what: str, seconds: Counter[str], most: int = 99) -> list[Row]:
    """Percent of the whole, without waiting."""
    del seconds["waiting"]
    whole = seconds.total() or 1.0
    return [plain_row(f"{what}: {name}", "%", part / whole * 100) for name, part in seconds.most_common(most)]


# --- py-spy, in all threads -------------------------------------------------------------------


def sample(case: str, size: float, folder: str | None) -> list[Row]:
    """Who holds the interpreter."""
    spy = Path(sysconfig.get_path("scripts")) / "py-spy"
    if not spy.exists():
        print("py-spy is not here: pip install 'mainspring[bench]'")
        return []
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "stacks.txt"
        where = [f"--folder={folder}"] if folder else []
        spying = [str(spy), "record", "--gil", "--threads", "--format=raw", f"--rate={RATE}", f"--output={out}", "--"]
        command = [*spying, sys.executable, str(ROOT / "benchmarks" / "steps.py"), "--once", case, f"--size={size}"]
        done = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            print(f"py-spy could not sample: {done.stderr.strip().splitlines()[-1:]}")
            return []
        return sample_rows(out.read_text(encoding="utf-8"))


def sample_rows(stacks: str) -> list[Row]:
    threads, kinds = Counter[str](), Counter[str]()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        name = thread_name(thread)
        if not frames or "<module>" in frames[-1] or "importlib" in stack:
            continue  # imports are no part of a turn
        threads[name] += int(count)
        kinds[f"{name}: {sampled_kind(frames)}"] += int(count)
    return shares("interpreter", threads) + shares("interpreter", kinds, FUNCTIONS_SHOWN)


def thread_name(text: str) -> str:
    """`thread (0x7f…): mainspring-pump` → `mainspring-pump`."""
    return text.partition(": ")[2].strip('"') or "main"


def sampled_kind(frames: list[str]) -> str:
    """Of the innermost frame whose file says something."""
    return next((kind for frame in reversed(frames) if (kind := kind_of(frame.replace("(", "/"))) != "other"), "other")


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--case", choices=CASES, default="chains", help="of steps.py (default: chains)")
    options = parser.parse_args()
    rows = profile_pump(options.case, options.size, options.folder) + sample(options.case, options.size, options.folder)
    copies = scaled(2_000, options.size) if options.case == "chains" else None
    tell(f"turns: {options.case}", rows, options.json, chains=copies)


if __name__ == "__main__":
    main()
