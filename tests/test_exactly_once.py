"""What a handler writes by its transaction, and the completion of its task: both, or neither, and once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import apsw
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.orm import Session

import mainspring.stores.loans
import mainspring.task_transaction
from mainspring import Context, Engine, Retry, Transaction, Workflow, task
from mainspring.errors import (
    HandlerInvalidError,
    InstanceCancelledError,
    InstanceFailedError,
    RefusedError,
    TransactionLostError,
)
from mainspring.testing import Simulation
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import database, new_schema


class Book:
    """A store with a table of the user's beside it, and a way to write there."""

    def __init__(self, url: str, connect: Callable[[], Any], mark: str) -> None:
        self.url, self.connect, self._mark = url, connect, mark
        self._insert = f"insert into entry (name, note) values ({mark}, {mark})"
        self.engine = Engine(url)
        with closing(connect()) as connection:
            connection.execute("create table entry (name text, note text)")

    def enter(self, transaction: Any, name: str, note: str = "") -> None:
        transaction.connection.execute(self._insert, (name, note))

    def give_to_nobody(self) -> None:
        """As if its worker had been taken for dead: whoever has a lease has it no more."""
        schema = "" if self._mark == "?" else f"{self.url.rpartition('schema=')[2].partition('&')[0]}."
        with closing(self.connect()) as connection:
            connection.execute(f"update {schema}task set owner = null, attempt = 1")
            if schema:  # others hear of commits by this
                connection.execute(f"select nextval('{schema}pulse')")

    @property
    def entries(self) -> list[str]:
        with closing(self.connect()) as connection:
            return [name for (name,) in connection.execute("select name from entry order by name")]


def on_file(path) -> Book:
    def connect() -> apsw.Connection:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(60_000)
        return connection

    return Book(f"sqlite:///{path}", connect, "?")


def on_server() -> Book:
    """The user's tables lie in a schema that the URL's search path leads to, as they do for an application."""
    url = new_schema()
    made = f"user_{url.rpartition('=')[2]}"
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f"create schema {made}")
    options = f"-csearch_path={made}"
    joined = f"{url}&options={options.replace('=', '%3D')}"
    return Book(joined, partial(psycopg.connect, database(), options=options, autocommit=True), "%s")


@pytest.fixture(params=["sqlite", "postgres"])
def book(request, tmp_path) -> Iterator[Book]:
    made = on_file(tmp_path / "a store.db") if request.param == "sqlite" else on_server()
    yield made
    made.engine.close()


# --- Both, or neither ---------------------------------------------------------------------------


def test_what_it_writes_is_there_with_its_completion(book):
    @task
    def enter(name: str, transaction: Transaction) -> str:
        book.enter(transaction, name)
        return f"entered {name}"

    instance = book.engine.submit(enter, "Ann")
    assert instance.result(timeout_s=PATIENCE_S) == "entered Ann"
    assert book.entries == ["Ann"]
    assert [entry.kind for entry in instance.journal()] == ["Started", "TaskCompleted"]


def test_what_it_writes_is_undone_when_it_raises(book):
    @task(retries=Retry.fixed(2, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        book.enter(transaction, f"{name} {context.attempt}")
        if context.attempt < 3:
            raise ConnectionError("again")
        return context.attempt

    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == 3
    assert book.entries == ["Ann 3"]


def test_what_cannot_be_its_output_is_no_completion(book):
    @task
    def enter(name: str, transaction: Transaction) -> int:
        book.enter(transaction, name)
        return name  # type: ignore[return-value]

    instance = book.engine.submit(enter, "Ann")
    with pytest.raises(InstanceFailedError, match="Expected `int`"):
        instance.result(timeout_s=PATIENCE_S)
    assert book.entries == []


def test_it_begins_when_a_connection_is_asked_for(book):
    @task
    def enter(name: str, transaction: Transaction) -> str:
        return "not needed"

    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == "not needed"


def test_in_a_workflow_each_node_has_its_own(book):
    @task
    def enter(name: str, transaction: Transaction) -> str:
        book.enter(transaction, name)
        return name + "!"

    workflow = Workflow("entering")
    first = workflow.add(enter, workflow.input("name", str), key="first")
    workflow.output(workflow.add(enter, first, key="second"))
    assert book.engine.start(workflow, {"name": "Ann"}).result(timeout_s=PATIENCE_S) == "Ann!!"
    assert book.entries == ["Ann", "Ann!"]


def test_what_was_left_half_read_is_in_nobodys_way(book):
    left: list[Any] = []

    @task
    def enter(name: str, transaction: Transaction) -> str:
        statement = f"insert into entry (name) values ('{name}'), ('{name}') returning name"
        left.append(transaction.connection.execute(statement))
        return str(left[0].fetchone()[0])

    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == "Ann"
    assert book.entries == ["Ann", "Ann"]


def test_many_at_once(book):
    @task
    def enter(name: str, transaction: Transaction) -> None:
        book.enter(transaction, name)

    names = [f"{number:03}" for number in range(60)]
    book.engine.gather(book.engine.submit_many(enter, [(name,) for name in names]), timeout_s=PATIENCE_S)
    assert book.entries == names


def test_what_it_says_is_kept(book):
    @task
    def enter(name: str, transaction: Transaction, context: Context) -> None:
        book.enter(transaction, name)
        context.logger.info("entered %s", name)

    instance = book.engine.submit(enter, "Ann")
    instance.result(timeout_s=PATIENCE_S)
    assert [line.message for line in instance.logs()] == ["entered Ann"]


def test_what_it_starts_begins_with_its_completion(book):
    @task
    def greet(name: str) -> str:
        return f"hello {name}"

    @task(retries=Retry.fixed(1, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> str:
        book.enter(transaction, name)
        begun = book.engine.submit(greet, f"{name} {context.attempt}", connection=transaction.connection)
        if context.attempt == 1:
            raise ConnectionError("not this time")
        return begun.id

    begun = book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert book.engine.get(begun).result(timeout_s=PATIENCE_S) == "hello Ann 2"
    assert len(book.engine.list()) == 2


# --- A handler that ends it by itself -------------------------------------------------------------


def test_a_handler_does_not_commit(book):
    @task
    def enter(name: str, transaction: Transaction) -> None:
        book.enter(transaction, name)
        if isinstance(transaction.connection, apsw.Connection):
            transaction.connection.execute("commit")
        else:
            transaction.connection.commit()

    with pytest.raises(InstanceFailedError, match="commit"):
        book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert book.entries == []


def test_a_handler_that_ends_it_by_hand_is_told(book):
    @task
    def enter(name: str, transaction: Transaction) -> None:
        book.enter(transaction, name)
        transaction.connection.execute("rollback")
        transaction.connection.execute("begin")
        book.enter(transaction, name)

    with pytest.raises(InstanceFailedError, match="has ended the transaction of its task"):
        book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert book.entries == []


def test_savepoints_are_its_own(book):
    @task
    def enter(name: str, transaction: Transaction) -> None:
        book.enter(transaction, name)
        for statement in ("savepoint part", "delete from entry", "rollback to part", "release part"):
            transaction.connection.execute(statement)

    book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert book.entries == ["Ann"]


# --- Attempts that do not count any more ----------------------------------------------------------


def test_one_that_is_too_late_leaves_nothing_and_holds_nothing(book):
    over = threading.Event()

    @task(retries=Retry.fixed(100, 0.0), timeout_s=0.5)  # a busy machine may be late more than once
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        book.enter(transaction, f"{name} {context.attempt}")
        if context.attempt == 1:
            over.wait(PATIENCE_S)
        return context.attempt

    try:
        # While its thread waits, the second attempt and the turns must have the file.
        attempt = book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    finally:
        over.set()
    assert attempt > 1
    assert book.entries == [f"Ann {attempt}"]


def test_one_that_goes_on_after_its_time_writes_nothing(book):
    ends: list[str] = []

    @task(timeout_s=0.5)
    def enter(name: str, transaction: Transaction, context: Context) -> None:
        until = time.monotonic() + PATIENCE_S
        try:
            connection = transaction.connection
            while time.monotonic() < until:
                connection.execute("insert into entry (name) values ('late')")
        finally:
            ends.append("ended")

    with pytest.raises(InstanceFailedError, match="took longer"):
        book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    wait_until(lambda: ends, "the attempt ends")
    assert book.entries == []


def test_one_whose_task_is_cancelled_leaves_nothing(book):
    begun, cancelled = threading.Event(), threading.Event()
    ends: list[Exception] = []

    @task
    def enter(name: str, transaction: Transaction) -> None:
        begun.set()
        cancelled.wait(PATIENCE_S)
        try:
            book.enter(transaction, name)
        except Exception as error:
            ends.append(error)
            raise

    instance = book.engine.submit(enter, "Ann")
    assert begun.wait(PATIENCE_S)
    instance.cancel()
    with pytest.raises(InstanceCancelledError):
        instance.result(timeout_s=PATIENCE_S)
    cancelled.set()
    wait_until(lambda: ends, "the attempt ends")
    assert isinstance(ends[0], TransactionLostError)
    assert book.entries == []


def test_one_whose_lease_was_lost_leaves_nothing(book):
    ends: list[Any] = []

    @task(retries=Retry.fixed(1, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        ends.append(context.attempt)
        if context.attempt == 1:
            book.give_to_nobody()
        book.enter(transaction, f"{name} {context.attempt}")
        return context.attempt

    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == 2
    assert ends == [1, 2]
    assert book.entries == ["Ann 2"]


def test_nobody_is_kept_waiting_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr("mainspring.task_transaction.HOLD_S_MAX", 0.2)
    book = on_file(tmp_path / "store.db")
    begun, over = threading.Event(), threading.Event()

    @task
    def enter(name: str, transaction: Transaction) -> None:
        try:
            book.enter(transaction, name)
        finally:
            begun.set()
        over.wait(PATIENCE_S)

    @task
    def other() -> str:
        return "done"

    with book.engine:
        held = book.engine.submit(enter, "Ann")
        assert begun.wait(PATIENCE_S)
        # It cannot even be begun before the file is free.
        assert book.engine.submit(other).result(timeout_s=PATIENCE_S) == "done"
        over.set()
        with pytest.raises(InstanceFailedError, match="has kept all others from writing"):
            held.result(timeout_s=PATIENCE_S)
    assert book.entries == []


def test_what_would_wait_for_itself_is_refused(tmp_path):
    book = on_file(tmp_path / "store.db")

    @task
    def other() -> str:
        return "done"

    @task
    def enter(name: str, transaction: Transaction) -> None:
        assert book.engine.submit(other).result(timeout_s=PATIENCE_S) == "done"
        book.enter(transaction, name)
        with pytest.raises(RefusedError, match=r"connection=transaction\.connection"):
            book.engine.submit(other)

    with book.engine:
        book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert book.entries == ["Ann"]


# --- Commits whose answer is lost -----------------------------------------------------------------


@pytest.mark.parametrize("is_durable", [True, False], ids=["durable", "undone"])
def test_a_commit_without_an_answer_is_looked_up(book, monkeypatch, is_durable):
    lend = mainspring.stores.loans.lend
    attempts: list[int] = []

    def unlucky(url: str, source: Any = None) -> Any:
        loan: Any = lend(url, source)
        if attempts == [1]:
            end = loan.commit if is_durable else loan.rollback

            def commit() -> None:
                end()
                raise ConnectionError("the line is dead")

            loan.commit = commit
        return loan

    monkeypatch.setattr(mainspring.task_transaction, "lend", unlucky)

    @task(retries=Retry.fixed(1, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        attempts.append(context.attempt)
        book.enter(transaction, f"{name} {context.attempt}")
        return context.attempt

    last = 1 if is_durable else 2
    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == last
    assert book.entries == [f"Ann {last}"]
    assert attempts == list(range(1, last + 1))


def test_a_server_that_hangs_up_is_a_failure_like_any_other():
    book = on_server()

    @task(retries=Retry.fixed(1, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        book.enter(transaction, name)
        if context.attempt == 1:
            number = transaction.connection.info.backend_pid
            with closing(book.connect()) as other:
                other.execute("select pg_terminate_backend(%s)", (number,))
        return context.attempt

    with book.engine:
        assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == 2
    assert book.entries == ["Ann"]


def test_an_error_at_the_commit_is_the_failure():
    book = on_server()
    with closing(book.connect()) as connection:
        connection.execute("alter table entry add constraint once unique (name) deferrable initially deferred")

    @task
    def enter(name: str, transaction: Transaction) -> None:
        book.enter(transaction, name)
        book.enter(transaction, name)

    with book.engine, pytest.raises(InstanceFailedError, match="once") as failed:
        book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S)
    assert "UniqueViolation" in str(failed.value)
    assert book.entries == []


# --- Connections of one's own ---------------------------------------------------------------------


def test_a_connection_of_ones_own(book):
    @task(retries=Retry.fixed(1, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        connection = transaction.connect(book.connect)
        assert transaction.connection is connection
        book.enter(transaction, name)
        if context.attempt == 1:
            raise ConnectionError("again")
        with pytest.raises(RefusedError, match="has begun"):
            transaction.connect(book.connect)
        return context.attempt

    assert book.engine.submit(enter, "Ann").result(timeout_s=PATIENCE_S) == 2
    assert book.entries == ["Ann"]


def test_an_engine_of_sqlalchemy():
    book = on_server()
    options = book.url.rpartition("options=")[2].replace("%3D", "=")
    base = sqlalchemy.create_engine(
        database().replace("postgresql://", "postgresql+psycopg://"), connect_args={"options": options}
    )

    @task(retries=Retry.fixed(2, 0.0))
    def enter(name: str, transaction: Transaction, context: Context) -> int:
        connection = transaction.connect(base)
        with Session(connection) as session:
            session.execute(sqlalchemy.text("insert into entry (name) values (:name)"), {"name": name})
            session.commit()  # which an outer transaction makes a part of itself
        if context.attempt == 1:
            raise ConnectionError("again")
        if context.attempt == 2:
            connection.commit()
        return context.attempt

    with book.engine:
        instance = book.engine.submit(enter, "Ann")
        assert instance.result(timeout_s=PATIENCE_S) == 3
        told = [entry.event["error"]["message"] for entry in instance.journal() if entry.kind == "TaskFailed"]
    assert "has ended the transaction" in told[1]
    assert book.entries == ["Ann"]
    assert base.pool.checkedout() == 0  # type: ignore[attr-defined]
    base.dispose()


def test_what_leads_elsewhere_is_refused(book, tmp_path):
    other_store = partial(psycopg.connect, database(), dbname="template1")
    wrong = {
        "other file": partial(apsw.Connection, str(tmp_path / "other.db")),
        "other library": partial(sqlite3.connect, str(tmp_path / "a store.db")),
        "no function": 5,
        "other database": other_store,
    }

    @task
    def enter(name: str, transaction: Transaction) -> None:
        transaction.connect(wrong[name])

    for name in wrong:
        with pytest.raises(InstanceFailedError, match="SettingInvalidError"):
            book.engine.submit(enter, name).result(timeout_s=PATIENCE_S)


# --- Where there can be none ----------------------------------------------------------------------


def test_only_handlers_in_threads_can_have_one():
    async def waits(transaction: Transaction) -> None: ...

    with pytest.raises(HandlerInvalidError, match="use `def`, without isolation"):
        task(waits)
    with pytest.raises(HandlerInvalidError, match="runs as 'process'"):
        task(isolation="process")(apart)


def apart(transaction: Transaction) -> None: ...


def test_a_store_in_memory_has_none():
    @task
    def enter(transaction: Transaction) -> None:
        transaction.connection.execute("create table entry (name text)")

    with Engine("sqlite://") as engine, pytest.raises(InstanceFailedError, match="use a file"):
        engine.submit(enter).result(timeout_s=PATIENCE_S)


def test_a_simulation_has_none():
    @task
    def enter(name: str, transaction: Transaction) -> str:
        raise AssertionError

    with Simulation() as simulation:
        with pytest.raises(InstanceFailedError, match="stub"):
            simulation.submit(enter, "Ann").result()
        simulation.stub(enter, returns="entered")
        assert simulation.submit(enter, "Ann").result() == "entered"
