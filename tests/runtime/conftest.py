"""What the tests of the runtime share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from mainspring.runtime.watchdog import Watchdog
from tests.runtime.shop import Shop


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the time of every attempt pass at once, without the watchdog's notice."""
    gone_s = [0.0]
    monkeypatch.setattr(Watchdog, "has_come", lambda _, at: time.monotonic() + gone_s[0] >= at)
    return lambda: gone_s.append(gone_s.pop() + 1_000)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop(threads=4, processes=2)
    yield shop
    shop.worker.kill()
