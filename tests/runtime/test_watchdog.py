"""Alarms go off in their order and at their time, silenced ones do not, and they do not pile up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from mainspring.runtime.watchdog import STALE_COUNT_MAX, Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog()
    watchdog.start()
    yield watchdog
    watchdog.stop()
    watchdog._thread.join(20)
    assert not watchdog._thread.is_alive()


def test_alarms_go_off_in_the_order_of_their_times(watchdog):
    rang: queue.Queue[str] = queue.Queue()
    watchdog.set(0.06, rang.put, "last")
    watchdog.set(0.03, rang.put, "middle")
    watchdog.set(0.0, rang.put, "first")
    assert [rang.get(timeout=20) for _ in range(3)] == ["first", "middle", "last"]


def test_a_silenced_alarm_does_not_go_off(watchdog):
    rang: queue.Queue[str] = queue.Queue()
    watchdog.silence(watchdog.set(0.01, rang.put, "silenced"))
    watchdog.set(0.05, rang.put, "kept")
    assert rang.get(timeout=20) == "kept"


def test_an_alarm_that_fails_does_not_stop_the_others(watchdog, caplog):
    rang = threading.Event()
    watchdog.set(0.0, [].pop, 7)
    watchdog.set(0.01, lambda _: rang.set(), None)
    assert rang.wait(20)
    assert "an alarm failed" in caplog.text


def test_silenced_alarms_do_not_pile_up():
    now = 0.0
    watchdog = Watchdog(lambda: now)
    kept = watchdog.set(60, print, None)
    for _ in range(10 * STALE_COUNT_MAX):
        watchdog.silence(watchdog.set(30, print, None))
    assert len(watchdog._heap) <= 2 * STALE_COUNT_MAX
    assert any(entry[2] is kept for entry in watchdog._heap)
