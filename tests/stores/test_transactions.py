"""One transaction at a time: all of it or nothing, and who sees whose changes when."""

from __future__ import annotations

from mainspring.kernel.need import Need
from mainspring.kernel.store import Changes
from tests.stores.bench import NOW, instance_row, task_row


def test_what_is_committed_another_connection_sees(bench):
    bench.instance(7)
    with bench.reading(bench.another()) as other:
        assert other.find_ids(["case-7"]) == {"case-7": 7}


def test_a_rollback_leaves_nothing_of_any_table(bench):
    bench.definition()
    bench.capability()
    store = bench.store
    store.begin()
    changes = Changes()
    changes.instances.append(instance_row(1))
    changes.journal.append((1, 1, NOW, "Started", "{}", "[]"))
    changes.tasks.append(task_row(1, "a"))
    changes.logs.append((1, "a", 1, NOW, "INFO", "line"))
    changes.snapshots.append((1, 1, "{}"))
    changes.events[1] = {"t": (1, "t", NOW, "TimerFired", "{}")}
    store.write(changes)
    store.add_definition("workflow", "other", "d2", b"{}", NOW)
    store.intern_capability(Need("other", "default", "", ""))
    store.reserve("instance", 10)
    store.rollback()

    with bench.reading():
        assert store.load_instances([1]) == []
        assert store.load_tails([(1, 0)]) == []
        assert store.waiting(1, NOW, 10) == []
        assert store.find_snapshot(1) is None
        assert store.due_events(NOW, 10, []) == []
        assert store.find_definition(digest="d2") is None
        assert len(store.list_capabilities()) == 1
    assert bench.reader().list_logs(1, 10) == []


def test_a_rollback_without_a_transaction_is_harmless(bench):
    bench.store.rollback()
    bench.store.begin()
    bench.store.rollback()
    bench.store.rollback()


def test_no_changes_write_nothing(bench):
    assert not Changes()
    with bench.writing() as changes:
        assert not changes


# --- changed and foreign ----------------------------------------------------------------------


def test_changed_tells_once_of_a_commit_of_another(bench):
    other = bench.another()
    with bench.reading():
        bench.store.changed()
    bench_written_by(bench, other)
    with bench.reading():
        assert bench.store.changed()
        assert not bench.store.changed()
    with bench.reading():
        assert not bench.store.changed()


def test_own_commits_are_no_change(bench):
    with bench.reading():
        bench.store.changed()
    bench.instance(1)
    assert not bench.store.foreign()
    with bench.reading():
        assert not bench.store.changed()


def test_a_rollback_of_another_is_no_change(bench):
    other = bench.another()
    with bench.reading():
        bench.store.changed()
    other.begin()
    other.reserve("instance", 1)
    other.rollback()
    assert not bench.store.foreign()


def test_foreign_is_asked_outside_and_forgets_nothing(bench):
    other = bench.another()
    with bench.reading():
        bench.store.changed()
    assert not bench.store.foreign()
    bench_written_by(bench, other)
    assert bench.store.foreign()
    assert bench.store.foreign()
    with bench.reading():
        assert bench.store.changed(), "foreign has not used it up"
    assert not bench.store.foreign()


def test_a_change_seen_in_a_transaction_that_is_rolled_back_counts_as_seen(bench):
    other = bench.another()
    bench_written_by(bench, other)
    bench.store.begin()
    assert bench.store.changed()
    bench.store.rollback()
    with bench.reading():
        assert not bench.store.changed()


def bench_written_by(bench, store) -> None:
    with bench.writing(store):
        store.reserve("instance", 1)


# --- Sequences --------------------------------------------------------------------------------


def test_a_sequence_counts_from_one_in_steps(bench):
    store = bench.store
    with bench.writing():
        assert [store.reserve("instance", 1), store.reserve("instance", 1_000), store.reserve("instance", 2)] == [
            1,
            2,
            1_002,
        ]
        assert store.reserve("worker", 1) == 1, "sequences are apart"


def test_two_writers_never_get_the_same_number(bench):
    stores = [bench.store, bench.another()]
    seen: list[int] = []
    for turn in range(10):
        store = stores[turn % 2]
        with bench.writing(store):
            first = store.reserve("instance", 3)
            seen += range(first, first + 3)
    assert seen == list(range(1, 31))
