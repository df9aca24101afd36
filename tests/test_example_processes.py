"""The examples of business processes run as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]

SAYS = {
    "purchase": [
        "the director is told: harp for 9000 waits for an approval",
        "Approve the purchase: due Tuesday",
        "waits at Find a supplier",
        "ordered from Strings Ltd",
    ],
    "fulfilment": [
        "A-1: parcel 17",
        "paid back, A-2: 90",
        "A-2 cannot be shipped; the customer is told",
        "paid back, A-3: 5000",
        "A-3 cannot be shipped; the customer is told",
    ],
}
"""What each prints."""


@pytest.mark.parametrize("name", SAYS)
def test_an_example_says_what_it_did(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == SAYS[name]
