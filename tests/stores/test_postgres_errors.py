"""What goes wrong with a server, in one clear sentence of the right family; and what is tried again by itself."""

from __future__ import annotations

import threading
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from mainspring.errors import (
    MainspringError,
    SchemaNewerError,
    StoreDeniedError,
    StoreInvalidError,
    StoreLostError,
    StoreNotFoundError,
    StoreUnavailableError,
)
from mainspring.kernel.store import Changes
from mainspring.stores.postgres import PostgresStore
from mainspring.stores.postgres_connection import told, told_of_connecting
from mainspring.stores.postgres_url import read_url
from mainspring.stores.sql.postgres_schema import MIGRATIONS
from mainspring.stores.url import open_existing, open_store
from scripts.postgres_server import free_port
from tests.plain_sql import plain_sql
from tests.postgres import database, new_schema, server
from tests.stores.bench import NOW, instance_row
from tests.wire import Wire

SECRET = "s3cret"


def refused(url: str) -> MainspringError:
    with pytest.raises(MainspringError) as caught:
        open_store(url).close()
    assert SECRET not in str(caught.value), "a password is shown"
    assert "\n" not in str(caught.value)
    assert not caught.value.__suppress_context__ or SECRET not in repr(caught.value.__cause__)
    return caught.value


# --- Refusals -----------------------------------------------------------------------------------


def test_a_server_that_is_not_there():
    error = refused(f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/shop")
    assert isinstance(error, StoreUnavailableError)
    assert "is the server running?" in str(error)
    assert error.exit_code == 6


@pytest.mark.parametrize("url", [f"postgresql://me:{SECRET}@127.0.0.1:x/shop", "postgresql://host/db?schema=No-Good"])
def test_a_url_that_makes_no_sense(url):
    assert isinstance(refused(url), StoreInvalidError)


@pytest.fixture
def tcp():
    """The parts of a URL by which a password is asked for."""
    return urlsplit(server().url(tcp=True))


def test_a_wrong_password(tcp):
    error = refused(f"postgresql://{tcp.username}:{SECRET}@127.0.0.1:{tcp.port}/postgres")
    assert isinstance(error, StoreDeniedError)
    assert "password" in str(error)


def test_an_unknown_user(tcp):
    assert isinstance(refused(f"postgresql://nobody:{SECRET}@127.0.0.1:{tcp.port}/postgres"), StoreDeniedError)


def test_a_server_that_speaks_no_tls(tcp):
    error = refused(f"{tcp.geturl()}?sslmode=require&schema=safe")
    assert isinstance(error, StoreDeniedError), "trying again would not help"
    assert "see to sslmode" in str(error)


def test_a_host_that_nobody_knows():
    error = refused(f"postgresql://me:{SECRET}@no.such.host.invalid/shop")
    assert isinstance(error, StoreUnavailableError)
    assert "the host of" in str(error)
    assert "is the server running?" not in str(error)


def a_role(name: str, settings: str = "") -> str:
    """A user with a password, as it begins a URL."""
    with psycopg.connect(server().url(), autocommit=True) as connection:
        connection.execute(f"drop role if exists {name}")
        connection.execute(f"create role {name} login password '{SECRET}' {settings}")
    return f"postgresql://{name}:{SECRET}@127.0.0.1:{urlsplit(server().url(tcp=True)).port}"


def test_a_user_with_all_the_connections_it_may_have():
    error = refused(f"{a_role('crowd', 'connection limit 0')}/postgres")
    assert isinstance(error, StoreUnavailableError)
    assert "has no connection left for this process" in str(error)


def test_a_session_that_may_only_read():
    begin = a_role("reading")
    with psycopg.connect(server().url(), autocommit=True) as connection:
        connection.execute("alter role reading set default_transaction_read_only = on")
    error = refused(f"{begin}/postgres")
    assert isinstance(error, StoreUnavailableError)
    assert "may only be read" in str(error)
    assert "name the primary" in str(error)


@pytest.mark.parametrize(
    ("said", "family", "words"),
    [
        ("FATAL:  sorry, too many clients already", StoreUnavailableError, "max_connections"),
        ("FATAL:  the database system is starting up", StoreUnavailableError, "try again in a moment"),
        ("FATAL:  the database system is shutting down", StoreUnavailableError, "try again in a moment"),
        ("SSL error: certificate verify failed", StoreDeniedError, "sslrootcert"),
        ("FATAL:  Passwort-Authentifizierung für Benutzer »me« fehlgeschlagen", StoreUnavailableError, "password"),
        ("SSL SYSCALL error: Connection reset by peer", StoreUnavailableError, "is the server running?"),
    ],
)
def test_what_servers_say_to_those_who_connect(said, family, words):
    text = f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {said}'
    error = told_of_connecting(psycopg.OperationalError(text), read_url("postgresql://me@host/shop"))
    assert type(error) is family
    assert words in str(error)


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (psycopg.errors.InvalidPassword, StoreDeniedError),
        (psycopg.errors.InvalidCatalogName, StoreNotFoundError),
        (psycopg.errors.TooManyConnections, StoreUnavailableError),
        (psycopg.errors.CannotConnectNow, StoreUnavailableError),
    ],
)
def test_a_code_counts_in_any_language(kind, family):
    assert type(told_of_connecting(kind("néant"), read_url("postgresql://me@host/shop"))) is family


def test_a_database_that_is_missing(tcp):
    error = refused(f"postgresql://{tcp.username}:{tcp.password}@127.0.0.1:{tcp.port}/not_there")
    assert isinstance(error, StoreNotFoundError)
    assert "createdb" in str(error)


def test_a_user_without_rights(tcp):
    with psycopg.connect(server().url(), autocommit=True) as connection:
        connection.execute("drop role if exists guest")
        connection.execute(f"create role guest login password '{SECRET}'")
    error = refused(f"postgresql://guest:{SECRET}@127.0.0.1:{tcp.port}/postgres?schema=of_guest")
    assert isinstance(error, StoreDeniedError)
    assert "grant" in str(error)


@pytest.mark.parametrize("code", ["53100", "53200", "57014", "25006", "55P03", "25P04", "58030", "XX000"])
def test_what_is_the_doing_of_the_server_is_tried_again(code):
    error = told(psycopg.errors.lookup(code)("as it says"), read_url("postgresql://me@host/shop"))
    assert isinstance(error, StoreUnavailableError)
    assert "postgresql://me@host/shop" in str(error)


def test_a_table_that_others_hold(monkeypatch):
    url = new_schema()
    open_store(url).close()
    monkeypatch.setattr("mainspring.stores.postgres_connection.LOCK_TIMEOUT", "10ms")
    with psycopg.connect(database()) as other, closing(open_existing(url)) as reader:
        other.execute(f"lock table {read_url(url).schema}.worker")
        with pytest.raises(StoreUnavailableError, match="others hold the tables"):
            reader.list_workers()


def test_a_schema_of_a_newer_mainspring():
    url = new_schema()
    open_store(url).close()
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f'insert into "{read_url(url).schema}".version values ({len(MIGRATIONS) + 1}, now())')
    error = refused(url)
    assert isinstance(error, SchemaNewerError)
    assert "pip install -U mainspring" in str(error)
    with pytest.raises(SchemaNewerError):
        open_existing(url)


def test_looking_makes_nothing():
    url = new_schema()
    with pytest.raises(StoreNotFoundError):
        open_existing(url)
    with psycopg.connect(database()) as connection:
        assert connection.execute("select to_regnamespace(%s)", (read_url(url).schema,)).fetchone() == (None,)


def test_without_the_driver_it_is_said_how_to_get_it(monkeypatch):
    def missing(name: str):
        raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")

    monkeypatch.setattr("mainspring.stores.url.import_module", missing)
    error = refused("postgresql://host/db")
    assert isinstance(error, StoreInvalidError)
    assert "pip install 'mainspring[postgres]'" in str(error)


# --- Opening ------------------------------------------------------------------------------------


def test_many_may_make_the_tables_at_once():
    url = new_schema()
    opened: list[PostgresStore] = []
    failed: list[Exception] = []

    def start() -> None:
        try:
            opened.append(PostgresStore(url))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    versions = plain_sql(opened[0])("select number from version").fetchall()
    assert versions == [(number,) for number in range(1, len(MIGRATIONS) + 1)]
    for store in opened:
        store.close()


# --- Connections that are lost --------------------------------------------------------------------


@pytest.fixture
def store():
    made = PostgresStore(new_schema())
    made.query_s = (0.0, 0.0)
    yield made
    made.close()


def look(store: PostgresStore) -> None:
    store.begin()
    store.load_instances([1])


def cut(store: PostgresStore) -> None:
    """The server ends the connection of a store."""
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 100000)", (store._pid,))


def test_a_connection_that_was_lost_between_turns_is_opened_again(store):
    cut(store)
    assert store.foreign(), "whatever has happened meanwhile has not been heard"
    with pytest.raises(StoreUnavailableError):
        look(store)
    store.rollback()
    store.begin()
    assert store.changed()
    store.rollback()


def test_a_connection_that_is_lost_in_a_turn_leaves_nothing_of_it(store):
    store.begin()
    store.reserve("instance", 1)
    changes = made_of(1)
    store.write(changes)
    store.load_instances([1])
    cut(store)
    with pytest.raises(StoreUnavailableError):
        store.commit()
    store.rollback()
    store.begin()
    assert store.load_instances([1]) == []
    store.write(changes)
    store.commit()
    assert [row.id for row in store.load_instances([1])] == [1]


def made_of(id: int) -> Changes:
    changes = Changes()
    changes.instances.append(instance_row(id))
    changes.journal.append((id, 1, NOW, "Started", "{}", "[]"))
    return changes


ASKED, ANSWERED = b"commit\x00", b"COMMIT\x00"
"""What is sent, and what the server answers to it."""


@pytest.mark.parametrize("word", [ASKED, ANSWERED])
def test_a_commit_without_an_answer_is_asked_after(tcp, word):
    """Whether it arrived or not: it is durable or it is not, and the kernel is told which."""
    wire = Wire()
    schema = read_url(new_schema()).schema
    store = PostgresStore(f"postgresql://{tcp.username}:{tcp.password}@127.0.0.1:{wire.port}/postgres?schema={schema}")
    for number in range(1, 4):
        store.begin()
        store.write(made_of(number))
        wire.word = word
        if word == ANSWERED:
            store.commit()
        else:
            with pytest.raises(StoreUnavailableError):
                store.commit()
            store.rollback()
        assert wire.cut_count == number
        store.begin()
        assert bool(store.load_instances([number])) is (word == ANSWERED)
        store.rollback()
    store.close()
    wire.close()


@pytest.mark.parametrize("word", [ASKED, ANSWERED])
def test_a_commit_of_which_nothing_is_heard_for_long_counts_as_undone_until_it_shows(tcp, word, monkeypatch):
    monkeypatch.setattr("mainspring.stores.postgres_session.DOUBT_S", 0.3)
    wire = Wire()
    schema = read_url(new_schema()).schema
    store = PostgresStore(f"postgresql://{tcp.username}:{tcp.password}@127.0.0.1:{wire.port}/postgres?schema={schema}")
    store.begin()
    store.write(made_of(1))
    wire.word, wire.is_dead_when_cut = word, True
    with pytest.raises(StoreUnavailableError, match=r"in the middle of a commit.*whether it is durable will show"):
        store.commit()
    store.rollback()
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        store.begin()
    wire.is_dead = False
    store.begin()
    assert bool(store.load_instances([1])) is (word == ANSWERED)
    assert store.changed(), "what others may have written meanwhile is looked at"
    store.rollback()
    store.close()
    wire.close()


def test_a_schema_that_is_removed_while_it_is_open_is_no_reason_to_try_again(store):
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f"drop schema {store.url.schema} cascade")
    with pytest.raises(StoreLostError):
        look(store)
    store.rollback()
