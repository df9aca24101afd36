"""The examples of state machines run as they are, and the order in all its ways with the time turned by hand."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mainspring.testing import Simulation
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]

SAYS = {
    "order": [
        "A-1 is in packing, billed; possible now: ship",
        "A-1 is in delivered; possible now: give_back",
        "A-1 has completed as returned",
    ]
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


@pytest.fixture(scope="module")
def shop():
    spec = importlib.util.spec_from_file_location("order", ROOT / "examples" / "order.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules["order"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["order"]


@pytest.fixture
def simulation():
    with Simulation() as made:
        yield made


def paid(simulation, shop):
    order = simulation.start(shop.Order, {"order": "A-1", "amount": 30})
    order.send("checkout", card="golden")
    simulation.advance(0)
    return order


def test_nothing_is_odd_about_the_order(shop):
    assert shop.Order.machine().oddities() == []


def test_a_basket_that_nobody_pays_for_and_a_bank_that_never_answers_are_given_up(simulation, shop):
    forgotten = simulation.start(shop.Order, {"order": "A-1", "amount": 30})
    simulation.run_until_idle()
    assert forgotten.state == "abandoned"

    simulation.stub(shop.charge, raises=shop.BankClosedError("closed"), times=2)
    slow = paid(simulation, shop)
    assert slow.state == "paying"
    simulation.advance(60)
    assert len(simulation.calls(shop.charge)) == 3
    assert slow.state == "packing, billed"

    simulation.stub(shop.charge, takes_s=3_600)
    stuck = paid(simulation, shop)
    simulation.advance(60)
    assert stuck.state == "basket", "each attempt has half a minute"


def test_what_is_packed_late_is_shipped_all_the_same_and_kept_after_two_weeks(simulation, shop):
    order = paid(simulation, shop)
    simulation.run_until_idle()
    assert order.state == "late, billed"
    order.send("ship")
    assert order.result() == "invoice A-1/30"


def test_what_never_comes_back_is_kept(simulation, shop):
    order = paid(simulation, shop)
    order.send("ship")
    order.send("give_back")
    simulation.run_until_idle()
    assert order.state == "kept"
    assert simulation.calls(shop.refund) == []
