"""Alarms go off in their order and at their time, silenced ones do not, and they do not pile up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from mainspring.runtime.watchdog import STALE_COUNT_MAX, Watchdog
from tests.patience import PATIENCE_S


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog()
    watchdog.start()
    yield watchdog
    watchdog.stop()
    watchdog._thread.join(PATIENCE_S)
    assert not watchdog._thread.is_alive()


def turn_the_clock(watchdog: Watchdog, to: float) -> None:
    with watchdog._changed:
        watchdog._monotonic = lambda: to
        watchdog._changed.notify()


def test_alarms_go_off_in_the_order_of_their_times(watchdog):
    rang: queue.Queue[str] = queue.Queue()
    watchdog._monotonic = lambda: 0.0
    watchdog.set(6, rang.put, "last")
    watchdog.set(3, rang.put, "middle")
    watchdog.set(0, rang.put, "first")
    assert rang.get(timeout=PATIENCE_S) == "first"
    turn_the_clock(watchdog, 10.0)
    assert [rang.get(timeout=PATIENCE_S) for _ in range(2)] == ["middle", "last"]


def test_a_silenced_alarm_does_not_go_off(watchdog):
    rang: queue.Queue[str] = queue.Queue()
    watchdog._monotonic = lambda: 0.0
    watchdog.silence(watchdog.set(1, rang.put, "silenced"))
    watchdog.set(2, rang.put, "kept")
    turn_the_clock(watchdog, 10.0)
    assert rang.get(timeout=PATIENCE_S) == "kept"


def test_it_wakes_by_itself_when_the_time_has_come(watchdog):
    rang = threading.Event()
    watchdog.set(0.05, lambda _: rang.set(), None)
    assert rang.wait(PATIENCE_S)


def test_an_alarm_that_fails_does_not_stop_the_others(watchdog, caplog):
    rang = threading.Event()
    watchdog.set(0.0, [].pop, 7)
    watchdog.set(0.01, lambda _: rang.set(), None)
    assert rang.wait(PATIENCE_S)
    assert "an alarm failed" in caplog.text


def test_silenced_alarms_do_not_pile_up():
    now = 0.0
    watchdog = Watchdog(lambda: now)
    kept = watchdog.set(60, print, None)
    for _ in range(10 * STALE_COUNT_MAX):
        watchdog.silence(watchdog.set(30, print, None))
    assert len(watchdog._heap) <= 2 * STALE_COUNT_MAX
    assert any(entry[2] is kept for entry in watchdog._heap)
