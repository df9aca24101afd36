"""`mainspring schedule`."""

from __future__ import annotations

import pickle
from datetime import datetime
from xml.etree import ElementTree

import pytest

from mainspring import Engine, task


@task(name="shop:backup")
def backup() -> None:
    """Never run here: nobody works on the store."""


@pytest.fixture
def shop(place):
    with Engine(slots=0) as engine:
        engine.schedule("backup", backup, every="10m", starts_at=datetime(2026, 1, 1).astimezone(), catchup="none")
        engine.schedule("report", backup, cron="0 9 * * MON-FRI", tz="Asia/Shanghai")
        engine.schedule("invoice", backup, rrule="FREQ=MONTHLY;BYDAY=-1FR").pause("holidays")
    return place


def test_schedules_are_listed(shop):
    told = shop("schedule", "list")
    assert told.code == 0
    for word in (
        "next (local time)",
        "backup",
        "every 600 s",
        "0 9 * * MON-FRI",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "paused",
        "holidays",
    ):
        assert word in told.out
    listed = shop("schedule", "list", "--json").json["schedules"]
    assert [(each["name"], each["status"]) for each in listed] == [
        ("backup", "running"), ("invoice", "paused"), ("report", "running"),
    ]  # fmt: skip
    assert listed[2]["next"].endswith("T09:00:00+08:00")


def test_a_schedule_is_shown_and_previewed(shop):
    told = shop("schedule", "show", "report")
    assert "0 9 * * MON-FRI, Asia/Shanghai" in told.out
    assert "0 skipped, 0 missed" in told.out
    assert shop("schedule", "show", "report", "--json").json["statistics"]["fired"] == 0
    preview = shop("schedule", "preview", "report", "--count", "3", "--json").json["preview"]
    assert [each[10:] for each in preview] == ["T09:00:00+08:00"] * 3
    assert shop("schedule", "preview", "report").out.count("09:00:00+08:00") == 10


def test_it_is_steered(shop):
    assert "backup is paused" in shop("schedule", "pause", "backup", "--reason", "disk is full").out
    assert "disk is full" in shop("schedule", "show", "backup").out
    assert shop("schedule", "resume", "backup", "--json").json["status"] == "running"
    assert "backup@trigger-1 has been started" in shop("schedule", "trigger", "backup").out
    refused = shop("schedule", "trigger", "backup")
    assert (refused.code, "still runs" in refused.err) == (5, True)
    assert shop("schedule", "backfill", "report", "--from", "2026-01-05", "--to", "2026-01-09").code == 0


def test_a_trigger_that_waits_says_so(place):
    with Engine(slots=0) as engine:
        engine.schedule("backup", backup, every="10m", overlap="queue_one")
        engine.schedule("ring", "bell-1", event="ring", every="10m")
    assert "backup@trigger-1 has been started" in place("schedule", "trigger", "backup").out
    told = place("schedule", "trigger", "backup", "--json").json
    assert (told["run"], told["story"]) == (None, "it waits in the queue until what still runs has ended")
    assert "ring is running; ring has been sent" in place("schedule", "trigger", "ring").out


def test_the_next_day_is_drawn(shop):
    told = shop("schedule", "timeline").out
    assert "report" in told
    assert "-----" in told, "what is paused does nothing"
    picture = shop("schedule", "timeline", "--svg", "-").out
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    day = shop("schedule", "timeline", "backup", "--json").json
    assert len(day["schedules"][0]["occurrences"]) == 144


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("shwo", "backup"), 2, "did you mean 'show'?"),
        (("show",), 2, "which schedule?"),
        (("show", "ghost"), 3, "no schedule 'ghost'"),
        (("backfill", "report"), 2, "which range?"),
        (("backfill", "report", "--from", "soon", "--to", "later"), 2, "'soon' is no instant"),
        (("preview", "report", "--count", "0"), 2, "count must be 1 to"),
        (("pause", "ghost"), 3, "no schedule 'ghost'"),
    ],
)
def test_what_makes_no_sense_is_refused(shop, words, code, message):
    answer = shop("schedule", *words)
    assert answer.code == code
    assert message in answer.err


def test_an_empty_store_says_how_to_begin(place):
    Engine(slots=0).close()
    assert "engine.schedule" in place("schedule", "list").out
    assert "engine.schedule" in place("schedule", "timeline").out
    assert place("schedule", "list", "--store", "nowhere.db").code == 3


def test_times_of_a_schedule_can_be_copied_to_other_processes(shop):
    with Engine(slots=0) as engine:
        preview = engine.get_schedule("report").preview(1)
    assert pickle.loads(pickle.dumps(preview)) == preview
