"""Every benchmark runs, at a size at which its figures mean nothing, and writes what it prints."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
PAGE = ROOT / "docs" / "how-to" / "import-a-recorded-workflow.md"

PEERS = [
    bound
    for case in (("≥ 1.5 ×", "≥ 20 ×"), ("≥ 5 ×", "≥ 5 ×"), ("≥ 5 ×", "≥ 5 ×"))
    for bound, peer in zip(case, ("transitions", "statemachine"), strict=True)
    if find_spec(peer)
]
"""What machines are held to beside the peers that are installed: flat, parallel, nested."""

BOUNDS = {
    "steps": ["≥ 0.4 ×", "≥ 0.25 ×", "≤ 2.5 ×", "≥ 0.35 ×", "≤ 2 ×"],
    "graph": ["≤ 1.5 ×", "≤ 1000 MB"],
    "disk": ["≤ 600 bytes"],
    "waiting": ["≤ 150 MB", "≤ 150 MB", "≤ 1 %"],
    "startup": ["≤ 150 ms", "≤ 300 ms"],
    "events": ["≥ 0.4 ×", "≤ 1 s", "≤ 100 MB"],
    "machines": [*PEERS, "≤ 10 µs"],
    "schedules": ["≤ 50 µs", "≤ 1000 ms", "≤ 10 ms", "≤ 500 ms", "≤ 15 ms"],
    "processes": [
        *(["≥ 20 ×"] if find_spec("SpiffWorkflow") else []),
        "≤ 5 ms",
        "≤ 50 ms",
        "≤ 50 ms",
        "≥ 0.3 ×",
        "≤ 3 ×",
        "≤ 2 ×",
        "≤ 5 ms",
    ],
    "traces": [],
    "postgres": [
        "≥ 1 ×",
        "≤ 1 % CPU",
        "≤ 2 queries/s",
        "≤ 20 ms",
        "≥ 70 %",
    ],
    "clusters": ["≥ 1 ×"],
}
"""What each holds mainspring to."""
HEAVY = ("postgres", "clusters")
"""Servers and a dozen processes."""


def run(name: str, *options: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), f"--json={folder / 'figures.json'}", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "MAINSPRING_SPIKE": "none"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert (folder / "figures.json").exists(), done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "tea.json"
    path.write_text(re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0], encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.timeout(600)] if name in HEAVY else ())
        for name in BOUNDS
    ],
)
def test_a_benchmark_tells_each_figure_with_its_bound(name, tmp_path, recording):
    options = [f"--recording={recording}"] if name == "traces" else []

    printed = run(name, "--size=0.002", "--rounds=1", *options, folder=tmp_path)

    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["benchmark"].partition(":")[0] == name
    assert figures["reference"], "a figure alone says nothing of another machine"
    assert [row["bound"] for row in figures["rows"] if row["bound"]] == BOUNDS[name]
    for row in figures["rows"]:
        assert row["value"] >= 0 or name == "disk"
        assert row["what"] in printed
        assert (row["holds"] is None) == (not row["bound"])


def test_the_reference_runs_alone(tmp_path, recording):
    printed = run("reference", "--chains=10", "--width=10", f"--recording={recording}", folder=tmp_path)

    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["steps_per_s"] > 0
    assert "durable steps/s" in printed
    assert figures["traces_s"]["tea"] > 0


def test_what_a_server_used_is_told_though_one_of_its_processes_ends_meanwhile(tmp_path):
    """PostgreSQL begins and ends processes all the time (autovacuum)."""
    program = (
        "import sys, subprocess; sys.path.insert(0, sys.argv[1]); import postgres;"
        "ended = subprocess.Popen(['true']); ended.wait();"
        "print(postgres.process_s(ended.pid), postgres.process_s(1) >= 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(FOLDER)], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "0.0 True\n", done.stderr


@pytest.mark.slow
def test_where_no_peers_are_ours_is_measured_alone(tmp_path):
    run("postgres_peers", "--size=0.005", f"--environment={tmp_path / 'none'}", folder=tmp_path)

    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert [row["unit"] for row in figures["rows"]] == ["tasks/s", "steps/s"]
    assert all(row["value"] > 0 for row in figures["rows"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_run_one_after_the_other_into_one_file(tmp_path):
    printed = run("run", "--size=0.002", "--rounds=1", folder=tmp_path)

    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert sorted(each["benchmark"].partition(":")[0] for each in figures["benchmarks"]) == sorted(BOUNDS)
    assert "missed" in printed or "every bound is kept" in printed


def test_what_a_turn_spends_its_time_on_is_told(tmp_path):
    run("turns", "--size=0.02", folder=tmp_path)

    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    parts = {row["what"]: row["value"] for row in figures["rows"]}
    assert sum(value for what, value in parts.items() if what.startswith("pump: ")) == pytest.approx(100)
    assert parts["pump: SQLite"] > 0
