"""The scheduler of the imperative vocabulary, on every store."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from mainspring import Engine, classic
from mainspring.errors import SettingInvalidError
from tests.patience import PATIENCE_S
from tests.postgres import new_schema


@pytest.fixture(params=["memory", "file", "postgres"])
def url(request, tmp_path):
    match request.param:
        case "memory":
            return None
        case "file":
            return f"sqlite:///{tmp_path}/classic.db"
        case _:
            return new_schema()


def test_nothing_runs_before_the_start_and_all_is_counted_after_the_stop(url):
    ticks, done = [], threading.Event()

    def tick() -> None:
        ticks.append(1)
        if len(ticks) >= 3:
            done.set()

    with classic.TaskScheduler(url, workers=2) as scheduler:
        past = datetime.now() - timedelta(seconds=1)  # noqa: DTZ005 - as its users write it
        once = scheduler.schedule_task("once", lambda: ticks.append(0), past)
        scheduler.schedule_task("broken", lambda: 1 / 0, past, priority=5)
        scheduler.schedule_recurring_task("tick", tick, 0.05)
        assert scheduler.get_statistics()["pending_tasks"] >= 2
        assert ticks == []
        scheduler.start()
        assert done.wait(60)
        assert once.wait(60) == "completed"
        scheduler.stop()
        seen, statistics = len(ticks), scheduler.get_statistics()
        assert statistics["running_tasks"] == 0
        assert statistics["completed_tasks"] == seen
        assert statistics["failed_tasks"] == 1
        assert statistics["total_tasks"] == sum(count for name, count in statistics.items() if name != "total_tasks")
        assert len(ticks) == seen, "nothing more begins"


def test_a_stopped_scheduler_starts_again(url):
    both = [threading.Event(), threading.Event()]
    with classic.TaskScheduler(url) as scheduler:
        for event in both:
            scheduler.start()
            scheduler.schedule_task("set", event.set, datetime.now())  # noqa: DTZ005 - as its users write it
            assert event.wait(60)
            scheduler.stop()


@pytest.mark.parametrize("url", ["file", "postgres"], indirect=True)
def test_a_stop_waits_for_what_runs_here_and_for_nobody_else(url):
    # Given a store on which another engine is busy
    entered, let_go, done = threading.Event(), threading.Event(), threading.Event()
    here, go_on_here = threading.Event(), threading.Event()

    def elsewhere() -> None:
        entered.set()
        let_go.wait(PATIENCE_S)

    def work() -> None:
        here.set()
        go_on_here.wait(PATIENCE_S)
        done.set()

    with Engine(url, slots=1) as other, classic.TaskScheduler(url) as scheduler:
        try:
            other.submit(other.register(elsewhere))
            assert entered.wait(PATIENCE_S)
            # And a scheduler that runs something too
            scheduler.start()
            scheduler.schedule_task("work", work, datetime.now())  # noqa: DTZ005 - as its users write it
            assert here.wait(PATIENCE_S)
            # When the scheduler is stopped, and what it runs ends
            stopping = threading.Thread(target=scheduler.stop, daemon=True)
            stopping.start()
            go_on_here.set()
            stopping.join(PATIENCE_S)
            # Then it has waited for that, and not for the other
            assert not stopping.is_alive()
            assert done.is_set()
            assert (scheduler.engine.running_count, other.running_count) == (0, 1)
            assert scheduler.get_statistics()["running_tasks"] == 1
        finally:
            let_go.set()


def test_mistakes_are_refused_with_the_reason(url):
    with classic.TaskScheduler(url) as scheduler:
        with pytest.raises(SettingInvalidError, match="every: 0"):
            scheduler.schedule_recurring_task("tick", print, 0)
        with pytest.raises(SettingInvalidError, match="at must be a datetime with a zone, not 'tomorrow'"):
            scheduler.schedule_task("soon", print, "tomorrow")  # type: ignore[arg-type]
        with pytest.raises(SettingInvalidError, match="slots"):
            classic.TaskScheduler(url, workers=-1)
