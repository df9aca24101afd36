"""Old history is dropped with its span; what lives keeps all of its own, and the rest of a mixed span is deleted."""

from __future__ import annotations

import psycopg
import pytest

from mainspring import Engine, Workflow, task
from mainspring.stores.postgres import PostgresStore
from mainspring.stores.sql import postgres_spans
from tests.postgres import database, new_schema

WAIT_S = 60


@task
def double(value: int) -> int:
    return 2 * value


def resting() -> Workflow:
    workflow = Workflow("resting")
    workflow.sleep(3_600_000)
    return workflow


@pytest.fixture
def narrow(monkeypatch):
    """Spans of a few numbers."""
    monkeypatch.setattr(postgres_spans, "WIDTHS", (100, 10_000))
    monkeypatch.setattr(postgres_spans, "GIVEN_S", 0.0)
    monkeypatch.setattr(postgres_spans, "DROP_WAIT", "30s")
    monkeypatch.setattr("mainspring.kernel.hold.INSTANCE_IDS_RESERVED", 10)
    monkeypatch.setattr("mainspring.stores.postgres.COVER_AGAIN_S", 0.0)


@pytest.fixture
def place(narrow):
    """A schema, and a connection that looks into it."""
    url = new_schema()
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f"set search_path to {url.rpartition('schema=')[2]}")
        yield url, connection


def spans(connection) -> list[tuple[int, int]]:
    return connection.execute("select first, beyond from span order by first").fetchall()


def tables(connection) -> set[str]:
    found = connection.execute(
        "select relname from pg_class where relispartition and relkind = 'r'"
        " and relnamespace = current_schema()::regnamespace"
    ).fetchall()
    return {name for (name,) in found}


def grow_old(connection) -> None:
    """As if the open span had been opened long ago."""
    connection.execute("update span set opened_at = 0 where opened_at is not null")


def run(engine: Engine, count: int) -> list:
    instances = engine.submit_many(double, [(value,) for value in range(count)])
    engine.gather(instances, timeout_s=WAIT_S)
    return instances


# --- Spans --------------------------------------------------------------------------------------


def reserve(store: PostgresStore, count: int) -> int:
    store.begin()
    first = store.reserve("instance", count)
    store.commit()
    return first


def test_a_span_is_there_before_the_one_in_use_is_full_and_wider_if_that_was_soon(place):
    url, connection = place
    store = PostgresStore(url)
    assert spans(connection) == [(0, 100)]
    reserve(store, 49)
    assert spans(connection) == [(0, 100)]
    reserve(store, 10)
    assert spans(connection) == [(0, 100), (100, 1_100)]
    reserve(store, 600)
    assert spans(connection) == [(0, 100), (100, 1_100), (1_100, 11_100)]
    reserve(store, 8_000)
    assert spans(connection)[-1] == (11_100, 21_100), "none is wider than the widest"
    assert tables(connection) == {f"{name}_{first}" for first, _ in spans(connection) for name in ("journal", "log")}
    store.close()


def test_more_numbers_than_a_span_has_get_as_many_as_they_need(place):
    url, connection = place
    store = PostgresStore(url)
    reserve(store, 5_000)
    assert spans(connection)[:3] == [(0, 100), (100, 1_100), (1_100, 11_100)]
    store.close()


def test_a_span_whose_time_is_over_gets_no_more_numbers(place):
    url, connection = place
    store = PostgresStore(url)
    assert reserve(store, 5) == 1
    grow_old(connection)
    assert reserve(store, 5) == 6, "those that were asked for already"
    assert reserve(store, 5) == 100
    assert spans(connection) == [(0, 100), (100, 200)]
    assert reserve(store, 5) == 105, "this one is open"
    store.close()


def test_a_span_that_was_hardly_used_is_followed_by_a_narrower_one(place):
    url, connection = place
    store = PostgresStore(url)
    reserve(store, 60)
    reserve(store, 60)
    assert spans(connection) == [(0, 100), (100, 1_100)]
    grow_old(connection)
    reserve(store, 5)
    assert reserve(store, 5) == 1_100
    assert spans(connection)[-1] == (1_100, 1_200)
    store.close()


# --- Forgetting ---------------------------------------------------------------------------------


def test_a_span_of_which_all_has_ended_is_dropped(place):
    url, connection = place
    with Engine(url) as engine:
        run(engine, 120)
        recent = engine.submit(double, 4)
        recent.result(timeout_s=WAIT_S)
        connection.execute("update instance set ended_at = 1 where id < 100")
        before = connection.execute("select count(*) from instance where id < 100").fetchone()[0]
        assert engine.prune(60.0) == before > 0
        assert (0, 100) not in spans(connection)
        assert not tables(connection) & {"journal_0", "log_0"}
        assert [entry.kind for entry in recent.journal()] == ["Started", "TaskCompleted"]
        # and work goes on
        run(engine, 20)


def test_what_lives_keeps_its_history_and_the_rest_of_its_span_is_deleted(place):
    url, connection = place
    with Engine(url) as engine:
        resident = engine.start(resting())
        history = [(entry.kind, entry.seq) for entry in resident.journal()]
        run(engine, 150)
        connection.execute("update instance set ended_at = 1 where id < 100 and ended_at is not null")
        assert engine.prune(60.0) > 0
        assert (0, 100) in spans(connection)
        assert [(entry.kind, entry.seq) for entry in resident.journal()] == history
        left = connection.execute("select count(distinct instance) from journal where instance < 100").fetchone()
        assert left == (1,), "only it"
        # when it has ended too, and long ago
        resident.cancel("enough")
        assert resident.wait(timeout_s=WAIT_S) == "cancelled"
        connection.execute("update instance set ended_at = 1 where id < 100")
        assert engine.prune(60.0) == 1
        assert (0, 100) not in spans(connection)


def test_a_child_keeps_its_history_as_long_as_its_family_lives(place):
    url, connection = place
    child = Workflow("child")
    child.add(double, 4)
    parent = Workflow("parent")
    parent.sleep(3_600_000, after=parent.add(child))
    with Engine(url) as engine:
        instance = engine.start(parent)
        run(engine, 150)
        (kid,) = instance.children()
        assert kid.wait(timeout_s=WAIT_S) == "completed"
        connection.execute("update instance set ended_at = 1 where ended_at is not null")
        engine.prune(60.0)
        assert kid.journal()


def test_a_process_that_holds_numbers_of_a_span_that_was_dropped_takes_others(place):
    url, connection = place
    with Engine(url) as idle, Engine(url) as busy:
        idle.submit(double, 1).result(timeout_s=WAIT_S)
        run(busy, 150)
        connection.execute("update instance set ended_at = 1 where id < 100")
        busy.prune(60.0)
        assert (0, 100) not in spans(connection)
        # when: it uses the next of its numbers, which lie in that span
        assert idle.submit(double, 4).result(timeout_s=WAIT_S) == 8


def test_a_span_is_kept_while_somebody_is_about_to_use_one_of_its_numbers(place, monkeypatch):
    url, connection = place
    with Engine(url) as engine, psycopg.connect(database()) as other:
        run(engine, 150)
        connection.execute("update instance set ended_at = 1 where id < 100")
        # given: an instance without any history yet, in a transaction that is open
        schema = url.rpartition("schema=")[2]
        other.execute(
            f"insert into {schema}.instance (id, public_id, definition, status, priority, created_at)"
            " values (0, 'late', 1, 'running', 0, 0)"
        )
        monkeypatch.setattr(postgres_spans, "DROP_WAIT", "50ms")
        assert engine.prune(60.0) > 0
        assert (0, 100) in spans(connection)
        other.commit()
        assert engine.prune(60.0) == 0
        assert (0, 100) in spans(connection)


def test_a_span_whose_numbers_may_be_in_use_still_is_not_dropped(place, monkeypatch):
    monkeypatch.setattr(postgres_spans, "GIVEN_S", 86_400.0)
    url, connection = place
    with Engine(url) as engine:
        run(engine, 150)
        connection.execute("update instance set ended_at = 1 where id < 100")
        assert engine.prune(60.0) > 0
        assert (0, 100) in spans(connection)
        assert connection.execute("select count(*) from journal where instance < 100").fetchone() == (0,)


def test_a_span_that_somebody_reads_is_dropped_the_next_time(place, monkeypatch):
    url, connection = place
    with Engine(url) as engine:
        run(engine, 150)
        connection.execute("update instance set ended_at = 1 where id < 100")
        connection.execute("begin")
        connection.execute("select count(*) from journal")
        monkeypatch.setattr(postgres_spans, "DROP_WAIT", "50ms")
        assert engine.prune(60.0) > 0
        assert (0, 100) in spans(connection)
        run(engine, 5)
        connection.execute("rollback")
        monkeypatch.setattr(postgres_spans, "DROP_WAIT", "30s")
        assert engine.prune(60.0) == 0
        assert (0, 100) not in spans(connection)
