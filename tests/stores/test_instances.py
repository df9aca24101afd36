"""Instances, their journal, snapshots, ends and children."""

from __future__ import annotations

import json

import pytest

from mainspring.kernel.store import EndRow, EntryRow, InstanceRow
from tests.stores.bench import NOW, ended, instance_row

BIG = 4 * 1024 * 1024


def test_an_instance_is_loaded_as_it_was_written(bench):
    with bench.writing() as changes:
        changes.instances.append(
            instance_row(
                7, public_id="Bestellung №7 \U0001f600", definition=3, parent=2, parent_key="each/0", priority=-4
            )
        )
    with bench.reading(bench.another()) as other:
        assert other.find_ids(["Bestellung №7 \U0001f600", "nobody"]) == {"Bestellung №7 \U0001f600": 7}
        assert other.load_instances([7, 8]) == [
            InstanceRow(7, "Bestellung №7 \U0001f600", 3, "running", 2, "each/0", -4)
        ]


def test_empty_questions_get_empty_answers(bench):
    with bench.reading() as store:
        assert store.find_ids([]) == {}
        assert store.load_instances([]) == []
        assert store.load_snapshots([]) == {}
        assert store.load_tails([]) == []
        assert store.load_ends([]) == []
        assert store.delete_instances([]) == 0
        assert store.stale([], 1) == set()
        store.lease([], 1, NOW)


def test_many_ids_are_asked_at_once(bench):
    with bench.writing() as changes:
        changes.instances.extend(instance_row(id) for id in range(1, 2_001))
    with bench.reading() as store:
        assert len(store.load_instances(range(1, 3_001))) == 2_000
        assert len(store.find_ids(f"case-{id}" for id in range(1, 3_001))) == 2_000


@pytest.mark.parametrize(
    "name",
    ["job:7", "claim:job:7", "job:8", "job:07", "job:7 ", ":7", "7", "job:", "job:٧", f"job:{2**63}", "job:7%", "%:7"],
)
def test_an_instance_is_found_by_its_id_and_by_no_other(bench, name):
    bench.definition("one")
    bench.instance(7, public_id=name)
    other = "job:7" if name != "job:7" else "JOB:7"
    with bench.reading() as store:
        assert store.find_ids([name, other, "job:9"]) == {name: 7}
    assert bench.reader().find_instance(name).number == 7
    assert bench.reader().find_instance(other) is None


def test_a_public_id_is_unique(bench):
    bench.instance(1, public_id="order-1")
    with pytest.raises(Exception, match=r"(?i)unique"), bench.writing() as changes:
        changes.instances.append(instance_row(2, public_id="order-1"))
    bench.store.rollback()


# --- The journal ------------------------------------------------------------------------------


def entry(instance: int, seq: int, event: str = "{}", at: float | None = None) -> EntryRow:
    return EntryRow(instance, seq, NOW + seq if at is None else at, "Started", event, "[]")


def fields(row: EntryRow) -> tuple:
    return (row.instance, row.seq, row.at, row.kind, row.event, row.decisions)


def test_a_tail_comes_in_order_after_the_given_place(bench):
    rows = [entry(1, seq) for seq in (1, 2, 3)] + [entry(2, seq) for seq in (1, 2)]
    with bench.writing() as changes:
        changes.journal.extend(fields(row) for row in (rows[2], rows[0], rows[4], rows[1], rows[3]))
    with bench.reading() as store:
        tails = store.load_tails([(1, 1), (2, 0), (3, 0)])
    assert [row for row in tails if row.instance == 1] == rows[1:3]
    assert [row for row in tails if row.instance == 2] == rows[3:]


def test_two_cannot_write_the_same_entry(bench):
    with bench.writing() as changes:
        changes.journal.append(fields(entry(1, 1)))
    other = bench.another()
    with pytest.raises(Exception, match=r"(?i)unique"), bench.writing(other) as changes:
        changes.journal.append(fields(entry(1, 1)))
    other.rollback()


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_any_number_of_rows_is_written(bench, count):
    with bench.writing() as changes:
        changes.journal.extend(fields(entry(1, seq)) for seq in range(1, count + 1))
    with bench.reading() as store:
        assert [row.seq for row in store.load_tails([(1, 0)])] == list(range(1, count + 1))


@pytest.mark.parametrize("text", ["ä☂\U0001f600", "quote ' and \" and \\", "a\\u0000b", "\n\r\t", "x" * BIG])
def test_text_comes_back_as_it_went_in(bench, text):
    with bench.writing() as changes:
        changes.instances.append(instance_row(1))
        changes.journal.append((1, 1, NOW, "Started", text, text))
        changes.snapshots.append((1, 1, text))
        changes.statuses[1] = ended(1, output=json.dumps(text))
    with bench.reading(bench.another()) as other:
        (row,) = other.load_tails([(1, 0)])
        assert (row.event, row.decisions) == (text, text)
        assert other.find_snapshot(1) == (1, text)
        assert other.load_ends([1])[0].output == json.dumps(text), "not even a blank is different"


# --- Snapshots and ends -----------------------------------------------------------------------


def test_a_newer_snapshot_replaces_the_older(bench):
    with bench.writing() as changes:
        changes.snapshots.extend([(1, 5, "five"), (2, 1, "one")])
    with bench.writing() as changes:
        changes.snapshots.append((1, 9, "nine"))
    with bench.reading() as store:
        assert store.find_snapshot(1) == (9, "nine")
        assert store.load_snapshots([1, 2, 3]) == {1: (9, "nine"), 2: (1, "one")}


def test_a_status_written_twice_in_a_turn_is_the_last_one(bench):
    bench.instance(1)
    with bench.writing() as changes:
        changes.statuses[1] = ("paused", None, None, None, None, 1)
        changes.statuses[1] = ended(1, "failed")
    with bench.reading() as store:
        assert store.load_instances([1])[0].status == "failed"


def test_ends_are_those_that_have_ended(bench):
    for id in (1, 2, 3, 4):
        bench.instance(id)
    with bench.writing() as changes:
        changes.statuses[1] = ("completed", NOW, '{"a": 1}', None, None, 1)
        changes.statuses[2] = ("failed", NOW, None, '{"type": "E"}', None, 2)
        changes.statuses[3] = ("cancelled", NOW, None, None, "not needed", 3)
    with bench.reading() as store:
        assert sorted(store.load_ends([1, 2, 3, 4, 5]), key=lambda row: row.id) == [
            EndRow(1, "case-1", "completed", '{"a": 1}', None, None),
            EndRow(2, "case-2", "failed", None, '{"type": "E"}', None),
            EndRow(3, "case-3", "cancelled", None, None, "not needed"),
        ]


def test_what_runs_again_has_not_ended(bench):
    bench.instance(1)
    with bench.writing() as changes:
        changes.statuses[1] = ended(1, "failed")
    with bench.writing() as changes:
        changes.statuses[1] = ("running", None, None, None, None, 1)
    with bench.reading() as store:
        assert store.load_ends([1]) == []
        assert store.list_prunable(NOW + 1, 10) == []


def test_children_are_listed_with_their_keys(bench):
    bench.instance(1)
    bench.instance(3, parent=1, parent_key="b")
    bench.instance(2, "failed", parent=1, parent_key="a")
    bench.instance(4, parent=3, parent_key="deep")
    with bench.reading() as store:
        assert store.list_children(1) == [(2, "a", "failed"), (3, "b", "running")]
        assert store.list_children(4) == []


# --- Forgetting -------------------------------------------------------------------------------


def test_prunable_is_what_ended_before_and_has_no_parent(bench):
    for id in range(1, 6):
        bench.instance(id, parent=1 if id == 5 else None)
    with bench.writing() as changes:
        changes.statuses = {id: ended(id, at=NOW + id) for id in (1, 2, 3, 5)}
    with bench.reading() as store:
        assert store.list_prunable(NOW + 3, 10) == [1, 2]
        assert store.list_prunable(NOW + 3, 1) == [1]
        assert store.list_prunable(NOW - 1, 10) == []


def test_what_stands_on_its_own_is_kept_and_forgotten_by_itself(bench):
    bench.instance(1)
    bench.instance(2, "completed", parent=1, parent_key="a", detached=True)
    bench.instance(3, parent=1, parent_key="b", detached=True)
    bench.instance(4, parent=1, parent_key="c")
    with bench.writing() as changes:
        changes.statuses = {1: ended(1, at=NOW + 9), 2: ended(2, at=NOW)}
    store = bench.store
    store.begin()
    assert [bool(row.detached) for row in store.load_instances([3, 4])] == [True, False]
    assert store.list_children(1) == [(4, "c", "running")]
    assert store.list_prunable(NOW + 1, 10) == [2]
    assert store.delete_instances([1]) == 2
    store.commit()
    assert [view.number for view in bench.reader().list_children(1)] == []
    with bench.reading():
        assert sorted(row.id for row in store.load_instances(range(1, 5))) == [2, 3]


def test_a_clock_that_was_set_back_leaves_no_gap_in_a_journal_that_is_pruned(bench):
    bench.instance(1)
    with bench.writing() as changes:
        changes.journal.extend(fields(entry(1, seq, at=at)) for seq, at in ((1, NOW), (2, NOW + 9), (3, NOW), (4, NOW)))
        changes.snapshots.append((1, 4, "{}"))
    store = bench.store
    store.begin()
    assert store.prune_journals(NOW + 5, 10) == 1
    assert store.prune_journals(NOW + 5, 10) == 0, "what follows one that stays, stays"
    store.commit()
    with bench.reading():
        assert [row.seq for row in store.load_tails([(1, 0)])] == [2, 3, 4]


def test_entries_that_a_snapshot_covers_are_forgotten_while_the_instance_lives(bench):
    for id in (1, 2, 3):
        bench.instance(id)
    with bench.writing() as changes:
        changes.journal.extend(fields(entry(id, seq)) for id in (1, 2, 3) for seq in range(1, 6))
        changes.snapshots += [(1, 3, "{}"), (3, 5, "{}")]
        changes.statuses[3] = ended(3)
    store = bench.store
    store.begin()
    assert store.prune_journals(NOW + 3, 1) == 1
    assert store.prune_journals(NOW + 2, 10) == 0, "what is younger stays"
    assert store.prune_journals(NOW + 99, 10) == 1, "what no snapshot covers stays, and so does what has ended"
    store.commit()
    with bench.reading():
        assert [(row.instance, row.seq) for row in store.load_tails([(1, 0), (2, 4), (3, 4)])] == [
            (1, 3), (1, 4), (1, 5), (2, 5), (3, 5),
        ]  # fmt: skip


def test_an_instance_is_forgotten_with_its_family_and_all_they_left(bench):
    bench.definition()
    for id, parent in ((1, None), (2, 1), (3, 2), (9, None)):
        bench.instance(id, parent=parent, parent_key="child")
    with bench.writing() as changes:
        for id in (1, 2, 3, 9):
            changes.journal.append(fields(entry(id, 1)))
            changes.snapshots.append((id, 1, "{}"))
            changes.logs.append((id, "a", 1, NOW, "INFO", "line"))
            changes.events[id] = {"t": (id, "t", NOW, "TimerFired", "{}")}
    store = bench.store
    store.begin()
    assert store.delete_instances([1]) == 3
    store.commit()
    with bench.reading():
        assert [row.id for row in store.load_instances([1, 2, 3, 9])] == [9]
        assert [row.instance for row in store.load_tails([(id, 0) for id in (1, 2, 3, 9)])] == [9]
        assert list(store.load_snapshots([1, 2, 3, 9])) == [9]
        assert [row.instance for row in store.due_events(NOW, 10, [])] == [9]
    reader = bench.reader()
    assert [len(reader.list_logs(id, 10)) for id in (1, 2, 3, 9)] == [0, 0, 0, 1]
