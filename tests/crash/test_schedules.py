"""Schedules under SIGKILL: whoever lives on fires what is due, and nothing twice."""

from __future__ import annotations

from datetime import datetime

from mainspring import Engine
from mainspring.looking import Looking
from tests.crash.evidence import Victim, wait_until
from tests.crash.program import now

EVERY_S = 0.05
COUNT = 80
KILLS = 4


def test_every_occurrence_starts_once_though_processes_are_killed_while_they_fire(tmp_path):
    store = tmp_path / "store.db"
    url = f"sqlite:///{store}"
    with Engine(url, slots=0) as engine:
        engine.schedule("beat", now, every=EVERY_S, count=COUNT, overlap="allow", catchup="all")

    for _ in range(KILLS):
        victim = Victim(store, tmp_path / "diary", "1.0")
        victim.wait_until_ready()
        before = fired(url)
        wait_until(lambda before=before: fired(url) > before or fired(url) == COUNT, "it goes on")  # type: ignore[misc]
        victim.kill()

    with Engine(url) as engine:
        schedule = engine.get_schedule("beat")
        assert engine.get(schedule.id).wait(timeout_s=60) == "completed"
        statistics = schedule.statistics()
        assert (statistics.fired, statistics.completed, statistics.missed) == (COUNT, COUNT, 0)
        runs = [info.id.partition("@")[2] for info in engine.list(model="task", limit=1_000) if info.id[:5] == "beat@"]
    times = sorted(datetime.fromisoformat(run).timestamp() for run in runs)
    assert [round((at - times[0]) / EVERY_S, 3) for at in times] == list(range(COUNT))


def fired(url: str) -> int:
    with Looking(url) as looking:
        return looking.get_schedule("beat").statistics().fired
