"""Schedules as users have them: made, changed, steered, looked at; on the kernel, in simulated and in real time."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mainspring import OCCURRENCE, Engine, Machine, Process, Workflow, task
from mainspring.errors import (
    DefinitionNotFoundError,
    InstanceFailedError,
    PayloadInvalidError,
    RefusedError,
    ScheduleNotFoundError,
    SettingInvalidError,
)
from mainspring.models.schedule.timetable import timetable_of
from mainspring.testing import Simulation
from tests.patience import PATIENCE_S
from tests.postgres import new_schema

ROOT = Path(__file__).parents[1]
MINUTE = 60.0


@task
def backup(what: str = "all", day: str = "") -> str:
    return f"{what} {day}"


@task
def broken() -> None:
    raise ValueError("no disk")


@task
async def slow() -> None:
    """Takes as long as a simulation says."""


@pytest.fixture
def simulation():
    with Simulation() as simulation:
        yield simulation


def runs(simulation: Engine, name: str) -> list[str]:
    """The keys of what a schedule has started, in order."""
    return [
        info.id.partition("@")[2]
        for info in reversed(list(simulation.list(limit=1000)))
        if info.id.startswith(f"{name}@")
    ]


def at(simulation: Simulation, seconds: float) -> str:
    moment = datetime.fromtimestamp(simulation.clock.now() + seconds, UTC)
    return moment.isoformat().replace("+00:00", "Z")


# --- Targets ------------------------------------------------------------------------------------


def test_a_handler_is_called_again_and_again(simulation):
    first, second = at(simulation, MINUTE), at(simulation, 2 * MINUTE)
    schedule = simulation.schedule("backup", backup, "disk", every="1m")
    simulation.advance(2 * MINUTE + 1)
    assert runs(simulation, "backup") == [first, second]
    assert simulation.get(f"backup@{first}").result() == "disk "
    assert schedule.statistics().completed == 2
    assert schedule.status == "running"


def test_the_time_it_stands_for_is_an_argument(simulation):
    simulation.schedule("backup", backup, "disk", input={"day": OCCURRENCE}, cron="0 9 * * *", tz="Asia/Shanghai")
    simulation.advance(86_400)
    [run] = runs(simulation, "backup")
    output = simulation.get(f"backup@{run}").result()
    assert output.startswith("disk 20")
    assert output.endswith("T09:00:00+08:00")


def test_a_workflow_is_started_with_its_input(simulation):
    wf = Workflow("report")
    wf.output(wf.add(backup, wf.input("what", str)))
    simulation.schedule("report", wf, {"what": "sales"}, every=10)
    simulation.advance(11)
    [run] = runs(simulation, "report")
    assert simulation.get(f"report@{run}").result() == "sales "
    with pytest.raises(PayloadInvalidError, match="what"):
        simulation.schedule("wrong", wf, {}, every=10)


def test_a_definition_by_its_name_is_the_newest_there_is(simulation):
    wf = Workflow("report")
    wf.output(wf.add(backup, "one"))
    simulation.deploy(wf)
    simulation.schedule("by-name", "report", every=10)
    simulation.advance(10)
    newer = Workflow("report")
    newer.output(newer.add(backup, "two"))
    simulation.deploy(newer)
    simulation.advance(10)
    outputs = [simulation.get(f"by-name@{run}").result() for run in runs(simulation, "by-name")]
    assert outputs == ["one ", "two "]
    with pytest.raises(DefinitionNotFoundError, match="ghost"):
        simulation.schedule("nothing", "ghost", every=10)


LAMP = Machine.of_data({
    "machine": "lamp",
    "data": {"count": 0},
    "initial": "on",
    "states": {
        "on": {"on": [{"event": "toggle", "target": "off"}]},
        "off": {"on": [{"event": "toggle", "target": "on"}]},
    },
})  # fmt: skip


def test_a_machine_is_started(simulation):
    simulation.schedule("lamps", LAMP, every=10, overlap="allow")
    simulation.advance(21)
    assert [simulation.get(f"lamps@{run}").state for run in runs(simulation, "lamps")] == ["on", "on"]


def test_a_process_is_started_also_by_its_name(simulation):
    sums = Process("sums").start("begin").script("sum", "amount + 1", result="total").end("done")
    simulation.schedule("sums", sums, {"amount": 1}, every=10)
    simulation.schedule("by-name", "sums", {"amount": 2}, every=10)
    simulation.advance(10)
    totals = [simulation.get(f"{name}@{runs(simulation, name)[0]}").result()["total"] for name in ("sums", "by-name")]
    assert totals == [2, 3]


def test_an_event_is_sent_to_a_machine_that_is_there(simulation):
    lamp = simulation.start(LAMP, id="lamp-1")
    schedule = simulation.schedule("toggler", lamp, event="toggle", every=10)
    simulation.advance(10)
    assert lamp.state == "off"
    simulation.advance(10)
    assert lamp.state == "on"
    assert schedule.statistics().completed == 2
    lamp.cancel()
    simulation.advance(10)
    assert schedule.statistics().failed == 1
    ghost = simulation.schedule("ghost", "nobody", event="toggle", every=10)
    simulation.advance(10)
    assert ghost.statistics().failed == 1


# --- Making and changing ------------------------------------------------------------------------


def test_the_same_settings_change_nothing_and_others_are_an_update(simulation):
    schedule = simulation.schedule("backup", backup, every=10)
    entries = len(simulation.get(schedule.id).journal())
    simulation.schedule("backup", backup, every=10)
    assert len(simulation.get(schedule.id).journal()) == entries
    simulation.advance(5)
    simulation.schedule("backup", backup, every=20)
    assert schedule.info().rule == "every 20 s"
    assert simulation.get(schedule.id).journal()[-1].kind == "Signal"
    schedule.update(overlap="allow", every=30)
    assert schedule.info().settings["overlap"] == "allow"
    with pytest.raises(SettingInvalidError, match="no 'colour'"):
        schedule.update(colour="red")


def test_a_limit_is_lifted(simulation):
    schedule = simulation.schedule("backup", backup, every=10, count=1)
    simulation.advance(11)
    assert schedule.status == "completed"
    schedule.update(count=None)
    assert (schedule.status, schedule.info().settings.get("count")) == ("running", None)


def test_a_schedule_is_found_by_name_and_listed_while_it_may_fire(simulation):
    simulation.schedule("b", backup, every=10)
    simulation.schedule("a", backup, every=10)
    simulation.schedule("once", backup, at=datetime.fromtimestamp(simulation.clock.now() + 5, UTC))
    assert [each.name for each in simulation.schedules()] == ["a", "b", "once"]
    simulation.advance(6)
    assert [each.name for each in simulation.schedules()] == ["a", "b"]
    assert [each.name for each in simulation.schedules(status=None)] == ["a", "b", "once"]
    assert simulation.get_schedule("a").status == "running"
    with pytest.raises(ScheduleNotFoundError, match="no schedule 'ghost'"):
        simulation.get_schedule("ghost")


def test_one_that_never_fires_is_completed_with_a_warning(simulation, caplog):
    past = datetime.fromtimestamp(simulation.clock.now() - 5, UTC)
    with caplog.at_level(logging.WARNING, "mainspring.schedule"):
        schedule = simulation.schedule("late", backup, at=past)
    assert schedule.status == "completed"
    assert "never fires again" in caplog.text
    assert schedule.preview() == []


def test_delete_ends_it_and_the_same_name_gives_it_a_new_life(simulation):
    schedule = simulation.schedule("backup", backup, every=10)
    simulation.advance(11)
    schedule.delete()
    simulation.advance(100)
    assert (schedule.status, len(runs(simulation, "backup"))) == ("cancelled", 1)
    simulation.schedule("backup", backup, every=10)
    simulation.advance(20)
    assert (schedule.status, len(runs(simulation, "backup"))) == ("running", 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": ""}, "name: expected 1 to"),
        ({"name": "a\nb"}, "name: expected"),
        ({"every": None}, "needs a rule"),
        ({"every": 0}, "every: 0"),
        ({"priority": "high"}, "priority"),
        ({"event": "go"}, "event= is sent to an instance"),
        ({"input": [1]}, "input must be a dict"),
    ],
)
def test_a_wrong_schedule_is_refused_and_nothing_is_made(simulation, arguments, words):
    given: dict[str, Any] = {"name": "backup", "every": 10} | arguments
    with pytest.raises(SettingInvalidError) as caught:
        simulation.schedule(given.pop("name"), backup, **given)
    assert words in str(caught.value)
    assert simulation.schedules(status=None) == []


def test_wrong_arguments_of_a_handler_are_refused_at_once(simulation):
    with pytest.raises(PayloadInvalidError, match="colour"):
        simulation.schedule("backup", backup, input={"colour": "red"}, every=10)


# --- Steering -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "place"), [([OCCURRENCE], "$.day[0]"), ({"of": OCCURRENCE}, "$.day.of")])
def test_the_time_it_stands_for_is_no_part_of_an_argument(simulation, days, place):
    words = f"OCCURRENCE may only be an argument .* - at `{re.escape(place)}`"
    with pytest.raises(PayloadInvalidError, match=words):
        simulation.schedule("backup", backup, every=10, input={"day": days})
    workflow = Workflow("nightly")
    workflow.add(backup)
    with pytest.raises(PayloadInvalidError, match=words):
        simulation.schedule("nightly", workflow, every=10, input={"day": days})
    with pytest.raises(PayloadInvalidError, match="a field of the input by itself"):
        simulation.schedule("nightly", workflow, every=10, input=OCCURRENCE)
    assert simulation.schedules(status=None) == []


def test_pausing_does_not_pause_what_runs(simulation):
    simulation.stub(slow, takes_s=30)
    schedule = simulation.schedule("slow", slow, every=10)
    simulation.advance(11)
    [run] = runs(simulation, "slow")
    schedule.pause("maintenance")
    assert simulation.get(f"slow@{run}").status == "running"
    assert (schedule.status, schedule.info().reason) == ("paused", "maintenance")
    simulation.advance(100)
    assert simulation.get(f"slow@{run}").status == "completed"
    assert len(runs(simulation, "slow")) == 1
    schedule.resume()
    simulation.advance(1)
    assert len(runs(simulation, "slow")) == 2, "the latest of what was missed"
    assert schedule.statistics().missed == 9


def test_cancelling_does_not_cancel_what_runs(simulation):
    simulation.stub(slow, takes_s=30)
    schedule = simulation.schedule("slow", slow, every=10)
    simulation.advance(11)
    schedule.delete()
    [run] = runs(simulation, "slow")
    simulation.advance(100)
    assert simulation.get(f"slow@{run}").status == "completed"


def test_the_old_is_cancelled_for_the_new(simulation):
    simulation.stub(slow, takes_s=25)
    for overlap in ("cancel", "terminate"):
        simulation.schedule(overlap, slow, every=10, overlap=overlap)
    simulation.advance(21)
    for overlap in ("cancel", "terminate"):
        statuses = [simulation.get(f"{overlap}@{run}").status for run in runs(simulation, overlap)]
        assert statuses == ["cancelled", "running"]


def test_it_pauses_when_its_runs_fail(simulation):
    schedule = simulation.schedule("broken", broken, every=10, pause_on_failure=2)
    simulation.advance(100)
    assert schedule.status == "paused"
    assert "2 times in a row" in schedule.info().reason
    statistics = schedule.statistics()
    assert (statistics.failed, statistics.last_runs[0].outcome) == (2, "failed")
    with pytest.raises(InstanceFailedError, match="no disk"):
        simulation.get(statistics.last_runs[0].id).result()


def test_it_is_triggered_by_hand(simulation):
    simulation.stub(slow, takes_s=5)
    schedule = simulation.schedule("slow", slow, every=1000)
    instance = schedule.trigger()
    assert instance is not None
    assert instance.id == "slow@trigger-1"
    with pytest.raises(RefusedError, match="slow@trigger-1 still runs"):
        schedule.trigger()
    simulation.advance(6)
    assert instance.status == "completed"
    assert schedule.statistics().triggered == 1


def test_a_range_of_the_past_is_caught_up_on(simulation):
    schedule = simulation.schedule("backup", backup, input={"day": OCCURRENCE}, cron="0 9 * * *")
    now = datetime.fromtimestamp(simulation.clock.now(), UTC)
    schedule.backfill(now - timedelta(days=3), now, every_s=2)
    simulation.advance(3)
    assert schedule.statistics().backfilled == 2, "one every two seconds"
    simulation.advance(3)
    assert schedule.statistics().backfilled == 3
    assert all(run.endswith("T09:00:00Z/backfill-1") for run in runs(simulation, "backup"))
    with pytest.raises(RefusedError, match="no occurrence"):
        schedule.backfill(now, now)
    with pytest.raises(SettingInvalidError, match="every_s must be seconds from 0 to 86,400, not '5'"):
        schedule.backfill(now - timedelta(days=3), now, every_s="5")
    with pytest.raises(SettingInvalidError, match="count must be 1 to 10,000, not 'x'"):
        schedule.preview("x")


def test_a_preview_says_what_will_be(simulation):
    schedule = simulation.schedule("backup", backup, cron="0 9 * * *", tz="Europe/Berlin", count=3)
    preview = schedule.preview(10)
    assert [each.hour for each in preview] == [9, 9, 9]
    simulation.run_until_idle()
    assert [run[:13] for run in runs(simulation, "backup")] == [
        each.astimezone(UTC).isoformat()[:13] for each in preview
    ]
    assert schedule.status == "completed"


# --- Kept for years -----------------------------------------------------------------------------


def test_what_it_has_left_behind_is_forgotten_while_it_lives(simulation, monkeypatch):
    monkeypatch.setattr("mainspring.kernel.instances.TAIL_BYTES_MIN", 2_000)
    schedule = simulation.schedule("backup", backup, every=10)
    simulation.advance(2_000)
    before = schedule.statistics()
    assert before.completed == 200
    simulation.prune(100.0)
    left, journal = runs(simulation, "backup"), simulation.get(schedule.id).journal()
    assert 9 <= len(left) <= 11
    assert len(journal) < 100
    assert journal[0].seq > 1
    assert schedule.statistics() == before
    simulation.crash()
    simulation.advance(100)
    assert schedule.statistics().completed == 210
    assert simulation.get(schedule.id).nodes() == []


def test_a_run_outlives_a_schedule_that_is_forgotten(simulation):
    simulation.stub(slow, takes_s=500)
    schedule = simulation.schedule("slow", slow, every=10, count=1)
    simulation.advance(11)
    schedule.delete()
    simulation.advance(10)
    assert simulation.prune(0.0) == 1
    simulation.crash()
    simulation.advance(600)
    [run] = runs(simulation, "slow")
    assert simulation.get(f"slow@{run}").status == "completed"


def test_an_occurrence_that_was_started_in_an_earlier_life_is_not_started_again(simulation):
    begin = datetime.fromtimestamp(simulation.clock.now(), UTC)
    options: dict[str, Any] = {"every": 10, "starts_at": begin, "catchup": "all", "overlap": "allow"}
    schedule = simulation.schedule("backup", backup, **options)
    simulation.advance(25)
    schedule.delete()
    number = simulation.get(schedule.id)._view().number
    simulation._store.begin()
    simulation._store.delete_instances([number])
    simulation._store.commit()
    for process in simulation.processes:
        process.kernel.forget()
    simulation.schedule("backup", backup, **options)
    simulation.advance(10)
    assert len(runs(simulation, "backup")) == 4, "three of before, and one"
    assert [call.instance for call in simulation.calls(backup)] == [
        f"backup@{run}" for run in runs(simulation, "backup")
    ]


# --- The tz database ------------------------------------------------------------------------------


def test_a_new_tz_database_moves_what_is_to_come_and_says_so(simulation, monkeypatch, caplog):
    simulation.schedule("civil", backup, cron="0 9 * * *", tz="Europe/Berlin")
    simulation.schedule("plain", backup, cron="0 9 * * *")
    assert simulation.refresh_zones() == []
    before = simulation.get_schedule("civil").info().next
    assert before is not None
    for place in ("decide", "civil"):
        monkeypatch.setattr(f"mainspring.models.schedule.{place}.zones_version", lambda: "2099z")
    monkeypatch.setattr("mainspring.scheduling.zones_version", lambda: "2099z")
    monkeypatch.setattr("mainspring.models.schedule.timetable.zone_of", lambda name: UTC)
    timetable_of.cache_clear()
    with caplog.at_level(logging.WARNING, "mainspring.schedule"):
        assert simulation.refresh_zones() == ["civil"]
    timetable_of.cache_clear()
    monkeypatch.undo()
    info = simulation.get_schedule("civil").info()
    assert info.moved_from == before
    assert info.next is not None
    assert abs(info.next - before) in (timedelta(hours=1), timedelta(hours=2))
    assert "'civil' has moved" in caplog.text


# --- In real time ---------------------------------------------------------------------------------


@pytest.fixture(params=["file", "postgres"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/schedules.db" if request.param == "file" else new_schema()


def test_two_engines_on_one_store_start_every_occurrence_once(url):
    with Engine(url, slots=4) as one, Engine(url, slots=4) as other:
        schedule = one.schedule("backup", backup, every=0.05, count=40, overlap="allow", catchup="all")
        other.schedule("backup", backup, every=0.05, count=40, overlap="allow", catchup="all")
        assert one.get(schedule.id).wait(PATIENCE_S) == "completed"
        statistics = schedule.statistics()
        assert (statistics.fired, statistics.completed, statistics.missed) == (40, 40, 0)
        assert len(runs(other, "backup")) == 40


def test_a_schedule_is_made_changed_paused_and_forgotten_on_every_store(url):
    with Engine(url, slots=4) as engine:
        schedule = engine.schedule("backup", backup, "disk", cron="0 9 * * *", tz="Asia/Shanghai")
        run = schedule.trigger()
        assert run is not None
        assert run.result(timeout_s=PATIENCE_S) == "disk "
        engine.schedule("backup", backup, "disk", cron="0 10 * * *", tz="Asia/Shanghai", jitter_s=5)
        assert schedule.preview(1)[0].hour == 10
        schedule.pause("holidays")
        assert [(each.name, each.status) for each in engine.schedules()] == [("backup", "paused")]
        assert engine.counts(model="task") == {"completed": 1}
        assert engine.prune(0.0) == 1, "what it has started, while it lives"
        schedule.delete()
        assert engine.prune(0.0) == 1


def test_an_engine_that_is_paused_begins_nothing():
    with Engine("sqlite://", slots=2, paused=True) as engine:
        instance = engine.submit(backup)
        assert [worker.running_count for worker in engine.workers()] == [0]
        assert engine.counts(model="task") == {"running": 1}
        engine.resume()
        assert instance.result(timeout_s=PATIENCE_S) == "all "
        engine.pause()
        later = engine.submit(backup)
        assert engine.list(status="running").items[0].id == later.id


def test_the_example_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "schedules.py"), "2.5"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "month-end: next at 20" in done.stdout
    assert "restock: " in done.stdout
