"""Small worlds."""

from __future__ import annotations

import pytest

from tests.kernel.world import World


@pytest.fixture
def world():
    """Two processes with two slots each."""
    made = World(processes=2, slots=2)
    yield made
    made.close()
