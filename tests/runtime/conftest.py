"""What the tests of the runtime share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runtime.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop(threads=4, processes=2)
    yield shop
    shop.worker.kill()
