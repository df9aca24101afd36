"""Every engine that the port has, one after another."""

from __future__ import annotations

import pytest

from tests.stores.bench import ENGINES, Bench


@pytest.fixture(params=sorted(ENGINES))
def bench(request, tmp_path):
    made: Bench = ENGINES[request.param](tmp_path)
    yield made
    made.close()
