"""The examples of state machines run as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SAYS = {"order": ["A-1 is delivered; possible now: give_back", "A-1 has completed as returned"]}
"""What each prints."""


@pytest.mark.parametrize("name", SAYS)
def test_an_example_says_what_it_did(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == SAYS[name]
