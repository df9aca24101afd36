"""Events that wait for their time."""

from __future__ import annotations

import pytest

from mainspring.kernel.store import EventRow
from tests.stores.bench import NOW


@pytest.fixture
def alarms(bench):
    """Instances 1 and 2 of definition 1, instance 3 of definition 2."""
    bench.definition("one")
    bench.definition("two")
    bench.instance(1)
    bench.instance(2)
    bench.instance(3, definition=2)
    return bench


def put(bench, instance: int, key: str, ready_at: float, kind: str = "TimerFired", data: str = "{}") -> None:
    with bench.writing() as changes:
        changes.events[instance] = {key: (instance, key, ready_at, kind, data)}


def due(bench, now: float, limit: int = 10, unhosted=()) -> list[tuple[int, str]]:
    with bench.reading() as store:
        return [(row.instance, row.key) for row in store.due_events(now, limit, unhosted)]


def test_due_events_come_earliest_first(alarms):
    put(alarms, 1, "late", NOW + 5)
    put(alarms, 2, "early", NOW - 5)
    put(alarms, 3, "now", NOW, data='{"key": "☂"}')
    assert due(alarms, NOW) == [(2, "early"), (3, "now")]
    assert due(alarms, NOW + 5, limit=2) == [(2, "early"), (3, "now")]
    assert due(alarms, NOW + 5) == [(2, "early"), (3, "now"), (1, "late")]
    with alarms.reading() as store:
        assert store.due_events(NOW, 10, [1]) == [EventRow(3, "now", NOW, "TimerFired", '{"key": "☂"}')]


def test_events_of_one_moment_come_in_the_order_of_their_keys(alarms):
    for number in (10, 2, 9, 1):
        put(alarms, 1, f"!{number:012}", NOW)
    assert due(alarms, NOW) == [(1, f"!{number:012}") for number in (1, 2, 9, 10)]


def test_definitions_that_are_not_hosted_are_left_out(alarms):
    put(alarms, 1, "a", NOW)
    put(alarms, 3, "b", NOW - 1)
    assert due(alarms, NOW, unhosted=[2]) == [(1, "a")]
    assert due(alarms, NOW, unhosted=[1, 2]) == []
    with alarms.reading() as store:
        assert store.next_event_at([]) == NOW - 1
        assert store.next_event_at([2]) == NOW
        assert store.next_event_at([1, 2]) is None


def test_unhosted_events_do_not_use_up_the_limit(alarms):
    for number in range(5):
        put(alarms, 3, f"t{number}", NOW - 10)
    put(alarms, 1, "a", NOW)
    assert due(alarms, NOW, limit=1, unhosted=[2]) == [(1, "a")]


def test_no_events_no_time(alarms):
    with alarms.reading() as store:
        assert store.next_event_at([]) is None


def test_an_event_put_again_moves(alarms):
    put(alarms, 1, "a", NOW)
    put(alarms, 1, "a", NOW + 9, kind="Signal", data='{"b": 1}')
    assert due(alarms, NOW) == []
    with alarms.reading() as store:
        assert store.due_events(NOW + 9, 10, []) == [EventRow(1, "a", NOW + 9, "Signal", '{"b": 1}')]


def test_an_event_is_deleted_alone(alarms):
    put(alarms, 1, "a", NOW)
    put(alarms, 1, "b", NOW)
    put(alarms, 2, "a", NOW)
    with alarms.writing() as changes:
        changes.events[1] = {"a": None, "never there": None}
    assert due(alarms, NOW) == [(1, "b"), (2, "a")]


def test_put_and_dropped_in_one_turn_is_the_last_word(alarms):
    with alarms.writing() as changes:
        events = changes.events.setdefault(1, {})
        events["a"] = (1, "a", NOW, "TimerFired", "{}")
        events["a"] = None
        events["b"] = None
        events["b"] = (1, "b", NOW, "TimerFired", "{}")
    assert due(alarms, NOW) == [(1, "b")]


def test_what_waits_in_line(alarms):
    put(alarms, 1, "timer", NOW)
    put(alarms, 2, "!0000000000000001", NOW, kind="PauseRequested")
    put(alarms, 2, "!ended/first", NOW + 5, kind="TaskCompleted")
    with alarms.reading() as store:
        lines = [sorted(store.line(instance)) for instance in (1, 2, 3)]
    assert lines == [[], [("PauseRequested", NOW), ("TaskCompleted", NOW + 5)], []]
