"""Under a snapshot that somebody holds open a look for tasks stays cheap, and what it passes over is found later."""

from __future__ import annotations

import psycopg
import pytest

from mainspring.kernel.store import WaitingRow
from mainspring.stores.postgres_lookback import (
    BEGINNING,
    DEAR,
    LATE_S,
    LEVELS_MAX,
    PAUSE_S,
    PAUSE_S_MAX,
    Lookback,
    Pace,
    Place,
)
from tests.postgres import database
from tests.stores.bench import NOW, postgres

DEAD = 2 * DEAR
LATER = NOW + 3 * DEAD * PAUSE_S + 0.1
"""When a look from the beginning is afforded again."""


@pytest.fixture
def crowd(tmp_path):
    """A store in which many tasks have been done that somebody may still see, so that looks have become dear."""
    bench = postgres(tmp_path)
    bench.definition()
    bench.capability()
    bench.instance(1)
    bench.worker(5)
    with psycopg.connect(database()) as holder:
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from pg_class")
        execute = bench.store._connection.execute  # type: ignore[attr-defined]
        execute(
            "insert into task (instance, key, capability, priority, ready_at, attempt, token, payload)"
            " select 1, 'done' || n, 1, 0, %s, 0, 0, '{}' from generate_series(1, %s) as n", (NOW - 60, DEAD),
        )  # fmt: skip
        execute("delete from task")
        assert look(bench, NOW) == [], "the first look, from the beginning"
        yield bench
    bench.close()


def look(bench, now: float, limit: int = 100) -> list[str]:
    with bench.reading() as store:
        return [row.key for row in store.waiting(1, now, limit)]


def next_at(bench, now: float) -> float | None:
    with bench.reading() as store:
        at: float | None = store.next_task_at(1, now)
        return at


def walked(bench, now: float) -> int:
    """Entries of the index that a look walks over."""
    count = "select pg_stat_get_xact_tuples_returned('task_waiting'::regclass)"
    with bench.reading() as store:
        (before,) = store._one(count)
        store.waiting(1, now, 100)
        store.next_task_at(1, now)
        (after,) = store._one(count)
    return int(after - before)


def test_looks_begin_where_nothing_has_waited_lately(crowd):
    crowd.task(1, "new", ready_at=NOW + 0.1)
    assert look(crowd, NOW + 0.15) == ["new"]
    assert walked(crowd, NOW + 0.15) < 100


def test_what_was_passed_over_is_found_when_a_look_from_the_beginning_is_afforded(crowd):
    crowd.task(1, "late", ready_at=NOW - 30)
    crowd.task(1, "urgent", priority=7)
    assert look(crowd, NOW + 0.1) == []
    at = next_at(crowd, NOW + 0.1)
    assert at is not None
    assert NOW + 0.1 < at < LATER, "it is known that there may be more"
    assert look(crowd, LATER) == ["urgent", "late"]


def test_what_is_committed_a_little_late_is_found_at_once(crowd):
    crowd.task(1, "new", ready_at=NOW - LATE_S / 2)
    assert look(crowd, NOW + 0.1) == ["new"]


def test_a_clock_that_is_set_back_keeps_nothing_from_being_found(crowd):
    crowd.task(1, "old", ready_at=NOW - 100)
    assert look(crowd, NOW - 50) == ["old"]


def test_of_what_is_found_and_not_taken_nothing_is_passed_over_afterwards(crowd):
    for number in range(6):
        crowd.task(1, f"n{number}", ready_at=NOW)
    assert look(crowd, NOW + 0.1, 3) == ["n0", "n1", "n2"]
    assert look(crowd, NOW + 0.1, 3) == ["n0", "n1", "n2"], "the turn was undone"
    with crowd.writing() as _:
        rows = crowd.store.waiting(1, NOW + 0.1, 3)
        crowd.store.lease([(row.instance, row.key) for row in rows], 5, NOW)
    assert look(crowd, NOW + 0.1) == ["n3", "n4", "n5"]


def test_tasks_of_every_priority_that_is_known_are_found_in_their_order(crowd):
    crowd.task(1, "urgent", priority=7)
    assert look(crowd, LATER) == ["urgent"]  # from the beginning, and dear again
    crowd.task(1, "plain", ready_at=LATER)
    crowd.task(1, "most urgent", priority=8, ready_at=LATER)
    assert look(crowd, LATER + 0.01) == ["urgent", "plain"]


def test_where_nothing_was_passed_over_nothing_is_looked_for_again(crowd):
    assert next_at(crowd, NOW) is None
    assert next_at(crowd, NOW + 0.01) is not None, "priorities that nobody knew were passed over"
    assert look(crowd, LATER) == []
    assert next_at(crowd, LATER) is None


def test_the_next_one_is_told_whatever_its_priority(crowd):
    crowd.task(1, "tomorrow", priority=3, ready_at=NOW + 0.01)
    assert next_at(crowd, NOW) == NOW + 0.01


# --- The decision ---------------------------------------------------------------------------------


def test_what_is_cheap_is_always_done():
    pace = Pace()
    pace.did(DEAR, NOW)
    assert pace.affords(NOW + 1e-6)


def test_what_is_dear_is_done_again_after_a_time_that_has_a_limit():
    pace = Pace()
    pace.did(DEAR + 1, NOW)
    assert pace.affords(NOW), "the other looks of the same turn"
    assert not pace.affords(NOW + 1e-6)
    assert pace.again_at == NOW + (DEAR + 1) * PAUSE_S
    pace.did(10**12, NOW)
    assert pace.again_at == NOW + PAUSE_S_MAX
    assert pace.affords(NOW + PAUSE_S_MAX)
    assert pace.affords(NOW - 1)


def test_the_looks_of_one_turn_count_together():
    pace = Pace()
    pace.did(DEAR, NOW)
    pace.did(DEAR, NOW)
    assert not pace.is_cheap
    pace.did(DEAR, NOW + 60)
    assert pace.is_cheap


def test_two_capabilities_look_again_together():
    pace = Pace()
    one, two = Lookback(pace), Lookback(pace)
    for lookback in (one, two):
        lookback.seen([], 9, NOW, 10**6)
        assert lookback.next_at(None, NOW, 10**6) is None
    for lookback in (one, two):
        assert lookback.is_short(NOW + 1)
        lookback.seen([], 9, NOW + 1, None)
        assert lookback.next_at(None, NOW + 1, None) == pace.again_at


def found(*instances: int, priority: int = 0) -> list[WaitingRow]:
    return [WaitingRow(priority, NOW, each, "n", 1, 0, 0, None, "{}", f"case-{each}") for each in instances]


def test_a_place_is_behind_what_is_taken_and_before_what_is_left_waiting():
    lookback = Lookback(Pace())
    lookback.seen(found(1, 2, 3), 9, NOW + 60, None)
    assert lookback.places == {0: BEGINNING}, "nothing is taken yet"
    lookback.took({(1, "n"), (3, "n")})
    assert lookback.places == {0: Place(NOW, 2)}
    lookback.seen(found(2), 9, NOW + 60, None)
    lookback.took({(2, "n")})
    assert lookback.places == {0: Place(NOW + 60 - LATE_S, 0)}


def test_of_less_urgent_ones_that_were_not_reached_nothing_is_passed_over():
    lookback = Lookback(Pace())
    rows = found(1, 2, priority=5)
    lookback.seen(rows, len(rows), NOW + 60, None)
    lookback.took({(1, "n"), (2, "n")})
    assert lookback.places == {0: BEGINNING, 5: Place(NOW, 2)}


def test_with_very_many_priorities_all_looks_begin_at_the_beginning():
    lookback = Lookback(Pace())
    lookback.pace.did(10**6, NOW)
    assert lookback.is_short(NOW + 1)
    lookback.places |= {priority: Place(NOW, 0) for priority in range(1, LEVELS_MAX + 1)}
    assert not lookback.is_short(NOW + 1)
