"""Looking: pages, filters, and what people see of tasks, events and logs."""

from __future__ import annotations

import pytest

from mainspring.kernel.reader import EventView, Filter, LogView
from tests.stores.bench import NOW, ended, task_row


@pytest.fixture
def filled(bench):
    """Ten instances of two definitions, one of them a child."""
    bench.definition("report")
    bench.definition("report")
    bench.definition("other")
    for id in range(1, 10):
        attributes = f'{{"customer": "c{id % 3}", "n": {id}, "flag": {"true" if id % 2 else "false"}, "odd \\"key": 1}}'
        bench.instance(id, definition=1 + id % 3, attributes=attributes, created_at=NOW + id)
    bench.instance(10, definition=1, parent=9, parent_key="child")
    with bench.writing() as changes:
        changes.statuses = {1: ended(1, output='{"a": 1}'), 2: ("failed", NOW, None, "{}", None, 2)}
    return bench


def ids(rows) -> list[int]:
    return [row.number for row in rows]


def test_pages_are_newest_first_without_children(filled):
    reader = filled.reader()
    first = reader.list_instances(Filter(), before=None, limit=4)
    assert ids(first) == [9, 8, 7, 6]
    assert ids(reader.list_instances(Filter(), before=6, limit=100)) == [5, 4, 3, 2, 1]
    assert ids(reader.list_instances(Filter(), before=1, limit=100)) == []
    assert ids(reader.list_instances(Filter(children=True), before=None, limit=1)) == [10]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(status=("completed", "failed")), [2, 1]),
        (Filter(status=()), []),
        (Filter(status=("failed",)), [2]),
        (Filter(status=("failed", "cancelled")), [2]),
        (Filter(status=("cancelled",)), []),
        (Filter(definition="other"), [8, 5, 2]),
        (Filter(definition="nothing"), []),
        (Filter(model="workflow", since=NOW + 8), [9, 8]),
        (Filter(model="task"), []),
        (Filter(attributes=(("customer", '"c1"'),)), [7, 4, 1]),
        (Filter(attributes=(("customer", '"c1"'), ("n", "4"))), [4]),
        (Filter(attributes=(("flag", "true"), ("customer", '"c0"'))), [9, 3]),
        (Filter(attributes=(('odd "key', "1"), ("n", "3"))), [3]),
        (Filter(attributes=(("missing", "null"),), status=("failed",)), [2]),
        (Filter(attributes=(("n", '"4"'),)), []),
        (Filter(attributes=(("customer", '"c1\' or 1=1 --"'),)), []),
    ],
)
def test_filters(filled, wanted, expected):
    assert ids(filled.reader().list_instances(wanted, before=None, limit=100)) == expected


def test_instances_are_counted_by_status(filled):
    reader = filled.reader()
    assert reader.count_instances(Filter()) == {"running": 7, "completed": 1, "failed": 1}
    assert reader.count_instances(Filter(children=True))["running"] == 8
    assert reader.count_instances(Filter(definition="other", status=("failed",))) == {"failed": 1}
    assert reader.count_instances(Filter(model="task")) == {}


def test_an_instance_is_shown_with_its_definition_and_its_parent(filled):
    reader = filled.reader()
    view = reader.find_instance("case-10")
    assert (view.model, view.definition, view.version, view.parent) == ("workflow", "report", 1, "case-9")
    assert ids(reader.list_children(9)) == [10]
    assert reader.find_instance("case-99") is None
    assert reader.definition_of(10).version == 1


def test_ends_are_found_by_public_id(filled):
    reader = filled.reader()
    assert reader.find_end("case-1").output == '{"a": 1}'
    assert reader.find_end("case-3") is None
    assert reader.find_end("nobody") is None
    assert sorted(row.public_id for row in reader.find_ends(["case-1", "case-2", "case-3", "nobody"])) == [
        "case-1",
        "case-2",
    ]
    assert reader.find_ends([]) == []


def test_the_newest_definition_of_a_name_or_the_version_asked_for(filled):
    reader = filled.reader()
    assert reader.find_definition("report").version == 2
    assert reader.find_definition("report", 1).version == 1
    assert reader.find_definition("report", 3) is None
    assert reader.find_definition("nothing") is None


def test_entries_come_in_pages(filled):
    with filled.writing() as changes:
        changes.journal.extend((1, seq, NOW, "Started", "{}", "[]") for seq in range(1, 8))
    reader = filled.reader()
    assert [row.seq for row in reader.list_entries(1, after=2, limit=3)] == [3, 4, 5]
    assert [row.seq for row in reader.list_entries(1, after=7, limit=3)] == []


def test_tasks_say_whether_they_wait_run_or_are_held(filled):
    filled.capability("work")
    filled.worker(4)
    with filled.writing() as changes:
        changes.tasks.append(task_row(3, "runs", owner=4, attempt=1, token=1, leased_at=NOW))
        changes.tasks.append(task_row(3, "held", owner=0))
        changes.tasks.append(task_row(3, "waits"))
        changes.events[3] = {"t": (3, "t", NOW, "TimerFired", "{}")}
        changes.logs.extend([(3, "runs", 1, NOW, "INFO", "one ☂"), (3, "runs", 1, NOW, "INFO", "two")])
    reader = filled.reader()
    views = {view.key: (view.running, view.held, view.worker) for view in reader.list_tasks(3, 10)}
    assert views == {"runs": (True, False, "worker-4"), "held": (False, True, None), "waits": (False, False, None)}
    assert len(reader.list_tasks(3, 2)) == 2
    assert reader.list_events(3) == [EventView("t", "TimerFired", NOW)]
    assert reader.list_logs(3, 10) == [LogView("runs", 1, NOW, "INFO", "one ☂"), LogView("runs", 1, NOW, "INFO", "two")]
    assert reader.list_workers()[0].running_count == 1


def test_health_counts_what_there_is(filled):
    filled.capability("work")
    filled.worker(4)
    with filled.writing() as changes:
        changes.tasks.append(task_row(3, "waits", ready_at=NOW - 1_000))
        changes.tasks.append(task_row(4, "runs", owner=4))
        changes.events[5] = {"t": (5, "t", NOW, "TimerFired", "{}")}
        changes.statuses[6] = ("paused", None, None, None, None, 6)
    health = filled.reader().health(NOW)
    assert health.problems == ()
    assert health.schema == health.schema_known
    assert health.bytes > 0
    assert health.instances == {"completed": 1, "failed": 1, "paused": 1, "running": 7}
    assert (health.tasks_waiting, health.tasks_running, health.events_waiting) == (1, 1, 1)
    assert health.orphans == (("work", 1),)
    assert set(health.stuck) == {"case-7", "case-8", "case-10"}, "9 waits for its child"


def test_a_reader_notices_commits(bench):
    reader = bench.reader()
    reader.changed()
    assert not reader.changed()
    bench.instance(1)
    assert reader.changed()
    assert not reader.changed()


def test_a_reader_sees_nothing_of_an_open_transaction(bench):
    reader = bench.reader()
    if bench.store.poll_s is None:
        pytest.skip("a store in memory lets readers wait instead")
    bench.store.begin()
    bench.store.reserve("instance", 1)
    assert reader.find_instance("case-1") is None
    bench.store.rollback()
