"""The server's clock is what counts, from the first turn on."""

from __future__ import annotations

import time

import pytest

from mainspring.stores.postgres import PostgresStore
from tests.postgres import new_schema


@pytest.mark.parametrize("wrong_s", [-90_000.0, 4_000.0])
def test_a_machine_whose_clock_is_wrong_knows_the_time_before_its_first_turn(monkeypatch, wrong_s):
    """Or it would take all others for dead, or lease tasks until tomorrow."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + wrong_s)
    store = PostgresStore(new_schema())
    assert abs(store.clock.now() - right()) < 1_000
    store.close()
