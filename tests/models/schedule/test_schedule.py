"""The schedule as a model: what falls due, collides, is missed, caught up on, paused and ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, json

from mainspring.models.contract import (
    CancelRequested,
    ChildCancelled,
    PauseRequested,
    Refusal,
    ResumeRequested,
    RetryRequested,
    SendTo,
    Signal,
    StartInstance,
    TimerFired,
)
from mainspring.models.schedule.asking import BackfillRange, backfill_signal
from mainspring.models.schedule.model import DOCUMENT, SCHEDULE
from mainspring.models.schedule.settings import (
    AnyRule,
    AtRule,
    CronRule,
    EveryRule,
    Exclusions,
    Settings,
    Target,
)
from tests.models.driver import Driver

TARGET = Target("report", model="task", digest="d1", input=Raw(b'{"a":1}'))
EVERY_MINUTE = EveryRule(60.0)


def settings_of(*rules: AnyRule, **options: Any) -> Settings:
    return Settings(options.pop("target", TARGET), rules or (EVERY_MINUTE,), **options)


def made(*rules: AnyRule, **options: Any) -> Driver:
    driver = Driver(SCHEDULE, DOCUMENT, instance="schedule/report")
    driver.start(json.decode(settings_of(*rules, **options).encode()))
    return driver


def update(driver: Driver, *rules: AnyRule, **options: Any) -> Refusal | None:
    return driver.send(Signal("update", Raw(settings_of(*rules, **options).encode())))


def fire(driver: Driver, late_s: float = 0.0) -> list[str]:
    """The timer fires, in time or late; returns the keys of what was started."""
    driver.at = max(driver.at, driver.timers.pop("next") + late_s)
    driver.send(TimerFired("next"))
    return started(driver)


def started(driver: Driver) -> list[str]:
    return [command.key for command in driver.asked if isinstance(command, StartInstance)]


def key(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


# --- What falls due -----------------------------------------------------------------------------


def test_an_occurrence_starts_the_target_once_and_the_next_is_awaited():
    driver = made()
    assert driver.timers == {"next": 1_060.0}
    assert fire(driver) == ["1970-01-01T00:17:40Z"]
    command = next(each for each in driver.asked if isinstance(each, StartInstance))
    assert command.public_id == "report@1970-01-01T00:17:40Z"
    assert (command.digest, command.input, command.is_detached) == ("d1", b'{"a":1}', True)
    assert driver.timers == {"next": 1_120.0}
    driver.check_fold()


def test_the_time_of_the_occurrence_goes_into_the_input_in_its_zone():
    target = Target("report", model="task", digest="d1", input=Raw(b'{"a":1}'), occurrence_in=("day",))
    driver = made(CronRule("0 9 * * *"), target=target, tz="Europe/Berlin")
    fire(driver)
    command = next(each for each in driver.asked if isinstance(each, StartInstance))
    assert json.decode(command.input) == {"a": 1, "day": "1970-01-01T09:00:00+01:00"}


def test_an_event_goes_to_the_instance_that_is_named():
    driver = made(target=Target("order-1", event="remind", input=Raw(b'{"n":1}')))
    driver.at = driver.timers.pop("next")
    driver.send(TimerFired("next"))
    command = next(each for each in driver.asked if isinstance(each, SendTo))
    assert isinstance(command.event, Signal)
    assert (command.to, command.event.name, bytes(command.event.data)) == ("order-1", "remind", b'{"n":1}')


def test_a_definition_by_its_name_is_the_newest_when_it_starts():
    driver = made(target=Target("approval", model="workflow"))
    fire(driver)
    command = next(each for each in driver.asked if isinstance(each, StartInstance))
    assert (command.digest, command.newest) == ("", ("workflow", "approval"))


def test_it_completes_when_nothing_is_to_come_and_nothing_runs():
    driver = made(AtRule(2_000.0))
    [run] = fire(driver)
    assert driver.status == "running"
    driver.complete_child(run)
    assert driver.status == "completed"
    assert driver.output == {"fired": 1, "completed": 1}
    driver.check_fold()


def test_what_never_fires_again_is_completed_at_once():
    assert made(AtRule(500.0)).status == "completed"
    assert made(ends_at=1_010.0).status == "completed"


def test_it_fires_at_most_so_often():
    driver = made(count=2, overlap="allow")
    runs = fire(driver) + fire(driver)
    assert "next" not in driver.timers
    for run in runs:
        driver.complete_child(run)
    assert driver.status == "completed"


def test_a_start_in_the_past_is_caught_up_on_where_all_is_wanted():
    assert made(starts_at=500.0).timers == {"next": 1_040.0}
    assert made(starts_at=500.0, catchup="none").timers == {"next": 1_040.0}
    eager = made(starts_at=500.0, catchup="all", overlap="allow")
    assert eager.timers == {"next": 500.0}
    assert len(fire(eager)) == 9


def test_jitter_is_of_the_occurrence_and_keeps_its_name():
    first, second = made(jitter_s=30.0), made(jitter_s=30.0)
    due = first.timers["next"]
    assert due == second.timers["next"]
    assert 1_060.0 < due < 1_090.0
    assert fire(first) == [key(1_060.0)]
    other = Driver(SCHEDULE, DOCUMENT, instance="schedule/other")
    other.start(json.decode(settings_of(jitter_s=30.0).encode()))
    assert other.timers["next"] != due, "schedules do not come together"


# --- What collides ------------------------------------------------------------------------------


def test_allow_starts_beside():
    driver = made(overlap="allow")
    assert len(fire(driver) + fire(driver)) == 2
    assert len(driver.state.active) == 2


def test_skip_leaves_out():
    driver = made(overlap="skip")
    [run] = fire(driver)
    assert fire(driver) == []
    assert driver.state.counts.skipped == 1
    driver.complete_child(run)
    assert len(fire(driver)) == 1


def test_queue_one_keeps_one_waiting():
    driver = made(overlap="queue_one")
    [run] = fire(driver)
    assert fire(driver) + fire(driver) + fire(driver) == []
    assert driver.state.counts.skipped == 2
    driver.complete_child(run)
    assert started(driver) == [key(1_120.0)]


def test_queue_all_runs_one_after_the_other():
    driver = made(overlap="queue_all", count=3)
    [run] = fire(driver)
    assert fire(driver) + fire(driver) == []
    seen = [run]
    while driver.children:
        driver.complete_child(seen[-1])
        seen += started(driver)
    assert seen == [key(1_060.0), key(1_120.0), key(1_180.0)]
    assert driver.status == "completed"
    driver.check_fold()


def test_cancel_waits_for_the_end_of_the_old():
    driver = made(overlap="cancel")
    [run] = fire(driver)
    assert fire(driver) == []
    assert [each.to for each in driver.asked if isinstance(each, SendTo)] == [f"report@{run}"]
    assert fire(driver) == []
    assert not [each for each in driver.asked if isinstance(each, SendTo)], "it has been asked once"
    del driver.children[run]
    driver.send(ChildCancelled(run))
    assert started(driver) == [key(1_180.0)]
    assert (driver.state.counts.skipped, driver.state.counts.cancelled) == (1, 1)
    driver.check_fold()


def test_terminate_does_not():
    driver = made(overlap="terminate")
    [run] = fire(driver)
    assert fire(driver) == [key(1_120.0)]
    assert list(driver.state.active) == [key(1_120.0)]
    driver.send(ChildCancelled(run))
    assert driver.state.counts.cancelled == 1, "its end is no news"


# --- What is missed -----------------------------------------------------------------------------


def test_latest_starts_only_the_last_of_a_million_and_counts_the_others():
    driver = made(overlap="allow")
    assert fire(driver, late_s=60.0 * 1_000_000) == [key(1_060.0 + 60.0 * 1_000_000)]
    assert driver.state.counts.missed == 1_000_000
    assert driver.timers["next"] == 1_060.0 + 60.0 * 1_000_001


def test_none_starts_nothing_that_is_late_by_more_than_a_minute():
    driver = made(EveryRule(3_600.0), catchup="none")
    assert fire(driver, late_s=59.0) == [key(4_600.0)]
    driver.complete_child(key(4_600.0))
    assert fire(driver, late_s=61.0) == []
    assert driver.state.counts.missed == 1


def test_all_starts_the_latest_up_to_a_bound():
    driver = made(overlap="allow", catchup="all", catchup_max=3)
    assert fire(driver, late_s=600.0) == [key(1_540.0), key(1_600.0), key(1_660.0)]
    assert driver.state.counts.missed == 8


def test_of_all_that_are_caught_up_on_the_oldest_starts_where_others_are_left_out_while_it_runs():
    skipping = made(overlap="skip", catchup="all", catchup_max=3)
    assert fire(skipping, late_s=600.0) == [key(1_540.0)]
    assert (skipping.state.counts.missed, skipping.state.counts.skipped) == (8, 2)
    queueing = made(overlap="queue_all", catchup="all", catchup_max=3)
    assert fire(queueing, late_s=600.0) == [key(1_540.0)]
    queueing.complete_child(key(1_540.0))
    assert started(queueing) == [key(1_600.0)]


def test_window_starts_what_lies_in_it():
    driver = made(overlap="allow", catchup="window", catchup_s=130.0)
    assert fire(driver, late_s=600.0) == [key(1_540.0), key(1_600.0), key(1_660.0)]


def test_a_short_window_does_not_miss_what_is_hardly_late():
    driver = made(overlap="allow", catchup="window", catchup_s=0.0)
    assert fire(driver, late_s=1.0) == [key(1_060.0)]
    assert fire(driver, late_s=130.0) == [key(1_240.0)]
    assert driver.state.counts.missed == 2


def test_none_is_lost_where_jitter_is_longer_than_the_interval():
    driver = made(EveryRule(1.0), overlap="allow", catchup="all", jitter_s=20.0)
    seen = []
    for _ in range(30):
        seen += fire(driver)
    assert seen == [key(1_001.0 + number) for number in range(len(seen))]
    late = made(EveryRule(1.0), overlap="allow", jitter_s=20.0)
    assert len(fire(late, late_s=1_000_000.0)) == 1
    assert late.state.counts.missed > 999_900, "without a step for each"


def test_misses_of_a_cron_rule_are_counted_by_days():
    driver = made(CronRule("* * * * *"), tz="Europe/Berlin")
    driver.at = driver.timers.pop("next") + 400 * 86_400.0
    driver.send(TimerFired("next"))
    assert driver.state.counts.missed == 400 * 1_440
    assert not driver.state.counts.missed_is_least


# --- Steering -----------------------------------------------------------------------------------


def test_pause_waits_for_nothing_and_resume_catches_up():
    driver = made(overlap="allow")
    driver.send(PauseRequested("holidays"))
    assert (driver.status, driver.timers, driver.state.reason) == ("paused", {}, "holidays")
    driver.at += 600.0
    driver.send(ResumeRequested())
    assert driver.timers == {"next": 1_060.0}
    assert fire(driver) == [key(1_600.0)]
    assert driver.state.counts.missed == 9
    driver.check_fold()


def test_it_pauses_after_failures_in_a_row():
    driver = made(pause_after=2)
    for status in ("running", "paused"):
        [run] = fire(driver)
        driver.fail_child(run)
        assert driver.status == status
    assert "2 times in a row" in driver.state.reason
    driver.send(ResumeRequested())
    [run] = fire(driver)
    driver.fail_child(run)
    assert driver.status == "running", "it is counted anew"


def test_a_trigger_starts_at_once_beside_the_rule():
    driver = made()
    assert driver.send(Signal("trigger")) is None
    assert started(driver) == ["trigger-1"]
    refusal = driver.send(Signal("trigger"))
    assert isinstance(refusal, Refusal)
    assert "report@trigger-1 still runs" in refusal.reason
    driver.complete_child("trigger-1")
    driver.send(Signal("trigger"))
    assert started(driver) == ["trigger-2"]
    assert driver.timers == {"next": 1_060.0}
    assert driver.state.counts.triggered == 2


def test_a_range_of_the_past_is_started_at_a_rate():
    driver = made(overlap="allow", starts_at=100_000.0)
    driver.send(backfill_signal(BackfillRange(100_000.0 - 120.0, 100_000.0, 5.0)))
    seen = []
    while "backfill-1" in driver.timers:
        before = driver.at
        driver.fire("backfill-1")
        assert driver.at - before in (0.0, 5.0)
        seen += started(driver)
    assert seen == [f"{key(100_000.0 - late)}/backfill-1" for late in (120.0, 60.0, 0.0)]
    assert driver.state.counts.backfilled == 3
    assert driver.timers == {"next": 100_000.0}
    driver.check_fold()


def test_an_update_has_other_rules_from_now_on_and_nothing_fires_twice():
    driver = made(overlap="allow")
    fire(driver)
    assert update(driver, EveryRule(30.0), overlap="allow") is None
    assert driver.timers == {"next": 1_090.0}
    journal = len(driver.journal)
    update(driver, EveryRule(30.0), overlap="allow")
    assert len(driver.journal) == journal, "the same settings change nothing"
    driver.check_fold()


def test_an_update_fires_what_is_due_already_by_what_was_said_before():
    """Which of the two comes first is chance: the timer, or the update."""
    driver = made(overlap="allow", catchup="all", count=3)
    driver.at = driver.timers["next"] + 60.0
    update(driver, EveryRule(30.0), overlap="allow", count=4)
    assert started(driver) == [key(1_060.0), key(1_120.0)]
    assert driver.timers == {"next": 1_150.0}
    assert [fire(driver), fire(driver), driver.timers] == [[key(1_150.0)], [key(1_180.0)], {}]
    driver.check_fold()


def test_what_an_update_finds_due_counts_and_may_be_the_last():
    driver = made()
    driver.at = driver.timers["next"]
    update(driver, EveryRule(30.0), count=1)
    assert (started(driver), driver.status, driver.timers) == ([key(1_060.0)], "running", {})
    driver.complete_child(key(1_060.0))
    assert driver.status == "completed"


def test_an_update_that_is_refused_fires_nothing():
    driver = made()
    driver.at = driver.timers["next"]
    assert isinstance(driver.send(Signal("update", Raw(b'{"rules":[]}'))), Refusal)
    assert (started(driver), driver.timers) == ([], {"next": 1_060.0})


def test_an_update_gives_a_new_life():
    driver = made(AtRule(500.0))
    assert driver.status == "completed"
    update(driver, AtRule(3_000.0))
    assert (driver.status, driver.timers) == ("running", {"next": 3_000.0})
    driver.send(CancelRequested("no longer"))
    assert (driver.status, driver.timers) == ("cancelled", {})
    update(driver, AtRule(4_000.0))
    assert (driver.status, driver.timers) == ("running", {"next": 4_000.0})


def test_the_same_settings_do_not_wake_what_has_completed():
    driver = made(AtRule(500.0))
    entries = len(driver.journal)
    update(driver, AtRule(500.0))
    assert (driver.status, len(driver.journal)) == ("completed", entries)


def test_an_update_while_paused_leaves_it_paused():
    driver = made()
    driver.send(PauseRequested())
    update(driver, EveryRule(30.0))
    assert (driver.status, driver.timers) == ("paused", {})
    driver.send(ResumeRequested())
    assert driver.timers == {"next": 1_030.0}


def test_a_new_tz_database_moves_what_is_to_come(monkeypatch):
    driver = made(CronRule("0 9 * * *"), tz="Europe/Berlin")
    before = driver.timers["next"]
    assert driver.send(Signal("zones")) is None
    assert not driver.asked, "nothing is new"
    monkeypatch.setattr("mainspring.models.schedule.decide.zones_version", lambda: "2099z")
    monkeypatch.setattr("mainspring.models.schedule.timetable.zone_of", lambda name: UTC)
    driver.state.settings = Raw(bytes(driver.state.settings) + b" ")  # not the timetable that is kept
    driver.send(Signal("zones"))
    assert driver.timers["next"] == before + 3_600.0
    assert json.decode(driver.journal[-1][2]) == [
        {"do": "move", "zones": "2099z", "next": before + 3_600.0, "due_at": before + 3_600.0, "before": before}
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (RetryRequested(), "trigger it"),
        (Signal("dance"), "no event 'dance'"),
        (ResumeRequested(), None),
        (backfill_signal(BackfillRange(50.0, 20.0, 1.0)), "before the start"),
        (backfill_signal(BackfillRange(1_061.0, 1_062.0, 1.0)), "no occurrence"),
        (Signal("backfill", Raw(b"{}")), "backfill: "),
        (Signal("update", Raw(b'{"rules":[]}')), "target"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(event, reason):
    refusal = made().send(event)
    if reason is None:
        assert refusal is None
    else:
        assert isinstance(refusal, Refusal)
        assert reason in refusal.reason


# --- The laws -----------------------------------------------------------------------------------

RULES: st.SearchStrategy[tuple[AnyRule, ...]] = st.sampled_from(
    [
        (EveryRule(60.0),),
        (EveryRule(0.25),),
        (AtRule(1_500.0), AtRule(1_700.0)),
        (CronRule("*/2 * * * *"), EveryRule(90.0)),
    ]
)
OPTIONS = st.fixed_dictionaries(
    {
        "overlap": st.sampled_from(["allow", "skip", "queue_one", "queue_all", "cancel", "terminate"]),
        "catchup": st.sampled_from(["none", "latest", "all", "window"]),
    },
    optional={
        "count": st.integers(1, 4),
        "ends_at": st.floats(1_000, 3_000),
        "pause_after": st.integers(1, 2),
        "catchup_max": st.integers(1, 3),
        "catchup_s": st.floats(0, 200),
        "jitter_s": st.floats(0.1, 40),
        "exclude": st.just(Exclusions(windows=((1_200.0, 1_400.0),))),
    },
)
HAPPENINGS = st.sampled_from(
    ["fire", "fire", "late", "complete", "complete", "fail", "cancelled", "pause", "resume", "trigger", "backfill",
     "update", "cancel"]
)  # fmt: skip


@given(RULES, OPTIONS, st.lists(HAPPENINGS, max_size=25))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_laws_hold(rules, options, happenings):
    driver = made(*rules, **options)
    for happening in happenings:
        happen(driver, happening, options)
        if driver.status == "running":
            assert driver.timers or driver.state.active, "it waits for something that exists"
        if driver.status in ("completed", "cancelled"):
            assert not driver.timers
        assert driver.state.next is None or driver.state.next > driver.state.cursor
        driver.check_fold()


def happen(driver: Driver, happening: str, options: dict[str, Any]) -> None:
    run = next(iter(driver.children), None)
    match happening:
        case "fire" | "late":
            if driver.timers:
                name = min(driver.timers, key=lambda each: driver.timers[each])
                driver.at = max(driver.at, driver.timers[name] + (500.0 if happening == "late" else 0.0))
                driver.fire(name)
        case "complete" if run is not None:
            driver.complete_child(run)
        case "fail" if run is not None:
            driver.fail_child(run)
        case "cancelled" if run is not None:
            del driver.children[run]
            driver.send(ChildCancelled(run))
        case "pause":
            driver.send(PauseRequested())
        case "resume":
            driver.send(ResumeRequested())
        case "trigger":
            driver.send(Signal("trigger"))
        case "backfill":
            driver.send(backfill_signal(BackfillRange(driver.at - 200.0, driver.at, 1.0)))
        case "update":
            update(driver, EveryRule(30.0), **options)
        case "cancel":
            driver.send(CancelRequested())
