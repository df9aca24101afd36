"""The display of a terminal, seen through a pseudo-terminal; and which rows it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from mainspring.cli.stages import rows_of, stages_of
from mainspring.models.contract import NodeView
from tests.cli.conftest import SOURCES
from tests.patience import PATIENCE_S

pty = pytest.importorskip("pty")


def seen_on_terminal(place, *arguments):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from mainspring.cli import main; sys.exit(main())", *arguments],
        cwd=place.folder,
        env=os.environ | {"PYTHONPATH": str(SOURCES), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
    os.close(ours)
    return process.wait(timeout=PATIENCE_S), re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())


def test_a_terminal_shows_bars_and_failures(place, flow):
    code, seen = seen_on_terminal(place, "run", flow, "count=30", "--id", "shown")
    assert code == 0
    assert "parts/2 attempt 1: ConnectionError: no route to host, again in" in seen
    assert "30/30" in seen
    assert "━" in seen
    assert "shown completed in" in seen


def chain(length, width):
    nodes = [NodeView(f"load_{number}", "task", "completed") for number in range(width)]
    for depth in range(1, length):
        above = nodes[-width:]
        nodes += [
            NodeView(f"step{chr(96 + depth)}_{number}", "task", "pending", parents=(above[number].key,))
            for number in range(width)
        ]
    return nodes


def test_few_nodes_have_a_row_each():
    rows = rows_of(chain(2, 3), {}, rows_max=10)
    assert [row.name for row in rows][:2] == ["load_0", "load_1"]


def test_many_nodes_are_shown_in_stages():
    rows = rows_of(chain(4, 10), {"load_0": (1.0, 3.0)}, rows_max=10)
    assert [(row.name, row.status, row.done, row.total) for row in rows] == [
        ("1: load", "completed", 10, 10),
        ("2: stepa", "pending", 0, 10),
        ("3: stepb", "pending", 0, 10),
        ("4: stepc", "pending", 0, 10),
    ]
    assert (rows[0].started_at, rows[0].finished_at) == (1.0, 3.0)


def test_many_stages_are_shortened_around_what_runs():
    rows = rows_of(chain(20, 2), {}, rows_max=6)
    assert len(rows) <= 6
    assert rows[0].name == "1: load"
    assert rows[-1].name == "16 stages"
    assert sum(row.total for row in rows) == 40


def test_parents_may_come_after_their_children():
    nodes = [NodeView("b", "task", "pending", parents=("a",)), NodeView("a", "task", "pending")]
    assert [[node.key for node in stage] for stage in stages_of(nodes)] == [["a"], ["b"]]
