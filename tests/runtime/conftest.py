"""What the tests of the runtime share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from mainspring.runtime.watchdog import Watchdog
from tests.runtime.shop import GRACE_S, Shop


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the time of every attempt pass at once, without the watchdog's notice."""
    gone_s = [0.0]
    monkeypatch.setattr(Watchdog, "has_come", lambda _, at: time.monotonic() + gone_s[0] >= at)
    return lambda: gone_s.append(gone_s.pop() + 1_000)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is given up because the machine is busy; a test of giving up sets its own limit, or lets time pass."""
    for name in (
        "loop.YIELD_GRACE_S", "loop.BLOCKED_S", "processes.TERMINATE_GRACE_S", "children.OUTPUT_WAIT_S_MAX",
        "children.DEATH_WAIT_S_MAX", "worker.STOP_GRACE_S",
    ):  # fmt: skip
        monkeypatch.setattr(f"mainspring.runtime.{name}", GRACE_S)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop(threads=4, processes=2)
    yield shop
    shop.worker.kill()
