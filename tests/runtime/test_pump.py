"""The pump while nothing is to be done."""

from __future__ import annotations

from mainspring import Engine
from mainspring.clock import ManualClock
from mainspring.engine import LEASE_S
from tests.patience import wait_until


def test_it_takes_a_turn_when_the_clock_was_set_back(tmp_path):
    """All that it waits for is far away now; so is the end of a lease that others would have to wait for."""
    clock = ManualClock()
    with Engine(f"sqlite:///{tmp_path}/store.db", clock=clock) as engine:
        engine.pause()
        clock.advance(-3_600)
        wait_until(
            lambda: [worker.lease_until for worker in engine.workers()] == [clock.now() + LEASE_S],
            "its lease is renewed",
        )
