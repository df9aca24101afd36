"""What is to be there once, under a name."""

from __future__ import annotations

from typing import Any

import pytest

from mainspring.kernel.store import OnceRow
from tests.stores.bench import NOW, ended

STARTED = (1, NOW, "Started", "{}")
PUT_OFF = (1, NOW, "Started", '{"not_before":%s}' % (NOW + 1))
PAUSED, RESUMED = (2, NOW, "PauseRequested", '{"reason":""}'), (3, NOW, "ResumeRequested", "{}")
FIRED = (2, NOW + 1, "TimerFired", '{"key":"begin"}')


def test_what_began_once_is_found_by_its_name_with_where_it_stands(bench):
    bench.definition()
    bench.capability()
    for id in (1, 2, 3):
        bench.instance(id)
    bench.task(1, "waits")
    bench.task(2, "tried", attempt=1)
    with bench.writing() as changes:
        changes.once.update({name: (name, id, NOW + id) for name, id in (("a", 1), ("b", 2), ("c", 3))})
        changes.statuses[3] = ended(3)
    with bench.reading() as store:
        assert store.find_once(["a", "b", "c", "d"]) == {
            "a": OnceRow("a", 1, "case-1", "running", NOW + 1, False),
            "b": OnceRow("b", 2, "case-2", "running", NOW + 2, True),
            "c": OnceRow("c", 3, "case-3", "completed", NOW + 3, False),
        }
        assert store.find_once([]) == {}


def test_a_name_goes_to_the_next_one(bench):
    bench.definition()
    bench.instance(1)
    bench.instance(2)
    for id in (1, 2):
        with bench.writing() as changes:
            changes.once["a"] = ("a", id, NOW)
    with bench.reading() as store:
        assert store.find_once(["a"])["a"].instance == 2


def test_a_name_is_free_when_its_instance_is_forgotten(bench):
    bench.definition()
    bench.instance(1)
    with bench.writing() as changes:
        changes.once["a"] = ("a", 1, NOW)
    with bench.writing():
        bench.store.delete_instances([1])
    with bench.reading() as store:
        assert store.find_once(["a"]) == {}


@pytest.mark.parametrize(
    ("model", "entries", "snapshot", "has_begun"),
    [
        ("machine", [], 0, False),  # it waits for a process that hosts it
        ("machine", [PUT_OFF], 0, False),
        ("machine", [PUT_OFF, PAUSED, RESUMED], 0, False),
        ("machine", [PUT_OFF], 1, False),  # its input is long
        ("machine", [PUT_OFF, FIRED], 0, True),
        ("process", [STARTED], 0, True),
        ("workflow", [(1, NOW + 1, *PUT_OFF[2:])], 0, True),  # it was written down when its time had come
        ("workflow", [RESUMED], 3, True),  # what was before is pruned
        ("task", [STARTED], 0, False),  # it waits in its queue
        ("task", [STARTED, PAUSED, RESUMED], 0, False),
        ("task", [STARTED, (2, NOW, "TaskFailed", "{}")], 0, True),
    ],
)
def test_one_that_has_left_its_start_has_begun_though_nothing_is_attempted_now(
    bench, model, entries, snapshot, has_begun
):
    with bench.writing():
        definition = bench.store.add_definition(model, "it", "digest", b"{}", NOW).id
    bench.capability()
    bench.instance(1, definition=definition)
    bench.task(1, "waits")
    rows: list[Any] = [(1, *entry, "[]") for entry in entries]
    with bench.writing() as changes:
        changes.journal.extend(rows)
        changes.snapshots.extend([(1, snapshot, "{}")] if snapshot else [])
        changes.once["a"] = ("a", 1, NOW)
    with bench.reading() as store:
        assert store.find_once(["a"])["a"].has_begun == has_begun
