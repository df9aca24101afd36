"""What is begun in a transaction of the caller: it is there when that commits, and never was when it does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import apsw
import psycopg
import pytest
import sqlalchemy
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from mainspring import Engine, Workflow, task
from mainspring.errors import InstanceExistsError, InstanceNotFoundError, PayloadInvalidError, SettingInvalidError
from tests.patience import PATIENCE_S
from tests.postgres import database, new_schema


@task
def double(value: int) -> int:
    return 2 * value


@task
def other(value: int) -> int:
    return value


def doubling() -> Workflow:
    workflow = Workflow("doubling")
    workflow.output(workflow.add(double, workflow.add(double, workflow.input("value", int), key="first"), key="last"))
    return workflow


# --- Connections --------------------------------------------------------------------------------


class Place:
    """A database of a user, with an engine on it, and a table of his own."""

    def __init__(self, url: str, connect) -> None:
        self.engine = Engine(url)
        self._connect = connect
        connection = self.connect()
        self.execute(connection, "create table customer (name text)")
        connection.commit()
        connection.close()

    def connect(self):
        return self._connect()

    @staticmethod
    def execute(connection, statement: str):
        is_alchemy = type(connection).__module__.startswith("sqlalchemy")
        return connection.execute(sqlalchemy.text(statement) if is_alchemy else statement)

    def customers(self) -> int:
        connection = self.connect()
        count = self.execute(connection, "select count(*) from customer").fetchall()[0]
        connection.rollback()
        connection.close()
        return next(iter(count.values())) if isinstance(count, dict) else count[0]


def alchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


class Immediate(apsw.Connection):
    """A connection of apsw with the manners of the others: a transaction begins by itself, and takes its turn."""

    def execute(self, *arguments: Any, **options: Any) -> apsw.Cursor:
        if not self.in_transaction:
            super().execute("begin immediate")
        return super().execute(*arguments, **options)

    def commit(self) -> None:
        super().execute("commit")

    def rollback(self) -> None:
        super().execute("rollback")


def open_file(file) -> Immediate:
    connection = Immediate(str(file))
    connection.set_busy_timeout(60_000)
    return connection


@pytest.fixture(params=["psycopg", "psycopg-dicts", "alchemy", "session", "apsw"])
def place(request, tmp_path):
    name = request.param
    bases = []
    connect: Callable[[], Any]
    if name == "apsw":
        file = tmp_path / "a store.db"
        url = f"sqlite:///{file}"

        connect = partial(open_file, file)
    else:
        url = new_schema()
        made = f"user_{url.rpartition('=')[2]}"
        with psycopg.connect(database(), autocommit=True) as connection:
            connection.execute(f"create schema {made}")
        options = f"-csearch_path={made}"
        bases.append(sqlalchemy.create_engine(alchemy_url(database()), connect_args={"options": options}))
        connect = {
            "psycopg": lambda: psycopg.connect(database(), options=options),
            "psycopg-dicts": lambda: psycopg.connect(database(), options=options, row_factory=dict_row),
            "alchemy": bases[0].connect,
            "session": lambda: Session(bases[0]),
        }[name]
    made_place = Place(url, connect)
    yield made_place
    made_place.engine.close()
    for base in bases:
        base.dispose()


# --- With the transaction -------------------------------------------------------------------------


def test_what_is_committed_runs(place):
    connection = place.connect()
    place.execute(connection, "insert into customer values ('Ann')")
    one = place.engine.submit(double, 4, connection=connection)
    case = place.engine.start(doubling(), {"value": 3}, id="case-1", connection=connection)
    place.execute(connection, "insert into customer values ('Bob')")
    connection.commit()
    connection.close()
    assert one.result(timeout_s=PATIENCE_S) == 8
    assert case.result(timeout_s=PATIENCE_S) == 12
    assert place.customers() == 2


def test_what_is_rolled_back_never_was(place):
    place.engine.submit(double, 1, id="before").result(timeout_s=PATIENCE_S)
    connection = place.connect()
    place.execute(connection, "insert into customer values ('Ann')")
    one = place.engine.submit(double, 4, id="gone", connection=connection)
    place.engine.start(doubling(), {"value": 3}, connection=connection)
    connection.rollback()
    connection.close()
    with pytest.raises(InstanceNotFoundError):
        place.engine.get(one.id)
    assert place.engine.submit(double, 5, id="gone").result(timeout_s=PATIENCE_S) == 10
    assert place.customers() == 0
    assert [info.id for info in place.engine.list()] == ["gone", "before"]


def test_the_same_id_again_is_the_same_instance(place):
    place.engine.submit(double, 1, id="one").result(timeout_s=PATIENCE_S)
    connection = place.connect()
    again = place.engine.submit(double, 7, id="one", connection=connection)
    assert again.existed
    with pytest.raises(InstanceExistsError):
        place.engine.submit(other, 7, id="one", connection=connection)
    connection.commit()
    connection.close()
    assert again.result(timeout_s=PATIENCE_S) == 2


def test_what_is_wrong_leaves_the_transaction_as_it_was(place):
    connection = place.connect()
    place.execute(connection, "insert into customer values ('Ann')")
    with pytest.raises(PayloadInvalidError):
        place.engine.start(doubling(), {"value": "three"}, connection=connection)
    with pytest.raises(SettingInvalidError, match="give an id"):
        place.engine.submit(double, 1, unique="key", connection=connection)
    connection.commit()
    connection.close()
    assert place.customers() == 1


# --- Connections that cannot take part ------------------------------------------------------------


def test_a_connection_without_a_transaction_is_refused(tmp_path):
    with psycopg.connect(database(), autocommit=True) as connection, Engine(new_schema()) as engine:
        with pytest.raises(SettingInvalidError, match="in no transaction"):
            engine.submit(double, 1, connection=connection)
        with connection.transaction():
            inside = engine.submit(double, 2, connection=connection)
        assert inside.result(timeout_s=PATIENCE_S) == 4
    with Engine(f"sqlite:///{tmp_path}/store.db") as engine:
        apart = apsw.Connection(f"{tmp_path}/store.db")
        with pytest.raises(SettingInvalidError, match="begin immediate"):
            engine.submit(double, 1, connection=apart)
        apart.close()


def test_a_connection_to_something_else_is_refused(tmp_path):
    with Engine(f"sqlite:///{tmp_path}/store.db") as engine:
        elsewhere = open_file(tmp_path / "other.db")
        with psycopg.connect(database()) as server, sqlite3.connect(":memory:") as other_library:
            for wrong, word in ((elsewhere, "another database"), (object(), "apsw"), (server, "apsw"),
                                (other_library, "locks")):  # fmt: skip
                with pytest.raises(SettingInvalidError, match=word):
                    engine.submit(double, 1, connection=wrong)
        other_library.close()
        with Engine(new_schema()) as on_server, pytest.raises(SettingInvalidError, match="psycopg 3"):
            on_server.submit(double, 1, connection=elsewhere)
        elsewhere.close()
