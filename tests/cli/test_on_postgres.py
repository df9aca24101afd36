"""The command line on a server: what it shows of a store and changes there, and what it says where there is none."""

from __future__ import annotations

import re

import psycopg
import pytest

from mainspring import Engine
from scripts.postgres_server import free_port
from tests.old_postgres import OldPostgres
from tests.postgres import database, new_schema, server


@pytest.fixture(scope="module")
def url():
    """A store with some history, which these tests only look at, each in its own way."""
    return new_schema()


@pytest.fixture
def ran(place, flow, url):
    """The same, run once by a command."""
    with Engine(url, slots=0) as engine:
        is_new = not engine.list()
    if is_new:
        assert place("run", flow, "--id", "one", "--store", url).code == 0
        with Engine(url, slots=0) as engine:
            engine.submit("elsewhere:work", id="waits")
            engine.queue("mail").limit(concurrency=3)
    return place


def test_what_is_there_is_listed(ran, url):
    answer = ran("list", "--store", url)
    assert answer.code == 0
    assert re.search(r"one\s+✓ completed\s+squares", answer.out)
    assert [row["id"] for row in ran("list", "--store", url, "--status", "completed", "--json").json["instances"]] == [
        "one"
    ]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["show", "one"], "completed"),
        (["show", "waits"], "elsewhere:work"),
        (["journal", "one"], "TaskCompleted"),
        (["logs", "one"], "no luck today"),
        (["timeline", "one"], "parts"),
        (["graph", "one"], "parts"),
        (["workers"], ""),
        (["queues"], "concurrency=3"),
        (["why", "waits"], "no worker is alive"),
        (["schedule", "list"], ""),
        (["tasks"], ""),
        (["incidents"], ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_each_command_shows(ran, url, command, words):
    answer = ran(*command, "--store", url)
    assert answer.code == 0, answer.err
    assert words in answer.out
    assert ran(*command, "--store", url, "--json").json is not None


def test_the_doctor_finds_what_nobody_takes(ran, url):
    answer = ran("doctor", "--store", url)
    assert "elsewhere:work" in answer.out
    assert "postgresql" in answer.out.lower()
    assert answer.code == 1
    told = ran("doctor", "--store", url, "--json").json
    assert url in str(told)
    assert told["findings"]


def test_the_environment_names_it_as_well(ran, url, monkeypatch):
    monkeypatch.setenv("MAINSPRING_URL", url)
    assert ran("show", "one").code == 0
    assert ran("cancel", "none").code == 3


def test_requests_queues_schedules_and_forgetting(place, flow):
    url = new_schema()
    assert place("run", flow, "--id", "one", "--store", url).code == 0
    with Engine(url, slots=0) as engine:
        engine.submit("elsewhere:work", id="waits")
    for verb, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert place(verb, "waits", "--store", url, "--json").json["status"] == status
    assert place("queues", "limit", "mail", "--concurrency", "2", "--store", url).code == 0
    assert place("queues", "pause", "mail", "--reason", "no relay", "--store", url).code == 0
    assert "paused (no relay)" in place("queues", "--store", url).out
    assert place("rerun", "one", "parts", "--store", url).code == 0
    assert place("worker", flow, "--until-idle", "--store", url).code == 0
    assert place("show", "one", "--store", url, "--json").json["status"] == "completed"
    assert place("prune", "--older-than", "0s", "--store", url).code == 0
    assert place("list", "--store", url, "--json").json["instances"] == []


# --- What is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["list"], ["show", "one"], ["doctor"], ["queues"], ["workers"], ["why", "one"]])
def test_nothing_to_look_at(place, command):
    answer = place(*command, "--store", new_schema())
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("command", [["list"], ["worker"], ["cancel", "one"], ["run", "FLOW"]])
def test_a_server_that_is_not_there(place, flow, command):
    words = [flow if word == "FLOW" else word for word in command]
    answer = place(*words, "--store", f"postgresql://me@127.0.0.1:{free_port()}/shop")
    assert answer.code == 6
    assert "is the server running?" in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("command", [["list"], ["worker"], ["cancel", "one"], ["run", "FLOW"]])
def test_a_server_that_is_too_old(place, flow, command):
    old = OldPostgres("13.9")
    words = [flow if word == "FLOW" else word for word in command]
    answer = place(*words, "--store", f"postgresql://me@127.0.0.1:{old.port}/shop")
    old.close()
    assert answer.code == 2
    assert "is PostgreSQL 13; mainspring needs 14 or newer" in answer.err
    assert len(answer.err.splitlines()) == 1


LOOKING, CHANGING = ["list"], ["start", "FLOW"]


@pytest.mark.parametrize(
    ("granted", "refused", "allowed"),
    [
        ((), (LOOKING, CHANGING, ["worker"], ["doctor"]), ()),
        (("usage on schema",), (LOOKING, CHANGING, ["worker"], ["doctor"]), ()),
        (
            ("usage on schema", "select on all tables in schema"),
            (CHANGING, ["worker"], ["cancel", "one"], ["queues", "pause", "mail"]),
            (LOOKING, ["show", "one"]),
        ),
        (
            ("usage on schema", "select on all tables in schema", "all on all sequences in schema"),
            (CHANGING, ["worker", "--until-idle"], ["cancel", "one"], ["queues", "pause", "mail"]),
            (LOOKING, ["show", "one"]),
        ),
    ],
    ids=("nothing", "usage", "reading", "reading and sequences"),
)
def test_a_user_without_rights(place, flow, granted, refused, allowed):
    schema = new_schema().rpartition("schema=")[2]
    role = f"guest_of_{schema}"
    with Engine(f"{server().url()}&schema={schema}", slots=0) as engine:
        engine.submit("elsewhere:work", id="one")
    with psycopg.connect(server().url(), autocommit=True) as connection:
        connection.execute(f"create role {role} login password 'guest'")
        for right in granted:
            connection.execute(f"grant {right} {schema} to {role}")
    theirs = f"postgresql://{role}:guest@127.0.0.1:{server().port}/postgres?schema={schema}"
    for command in refused:
        answer = place(*(flow if word == "FLOW" else word for word in command), "--store", theirs)
        assert answer.code == 4, (command, answer)
        assert f"let it make schema {schema}, or grant it all rights there" in answer.err, command
        assert len(answer.err.splitlines()) == 1, answer.err
    for command in allowed:
        assert place(*command, "--store", theirs).code == 0


def test_what_may_not_be_read_and_what_is_newer(place, flow):
    url = new_schema()
    assert place("run", flow, "--id", "one", "--store", url).code == 0
    schema = url.rpartition("schema=")[2]
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f"insert into {schema}.version values (1000, now())")
        for command in (["list"], ["worker"], ["doctor"], ["cancel", "one"]):
            answer = place(*command, "--store", url)
            assert answer.code == 5, command
            assert "newer mainspring" in answer.err
            assert len(answer.err.splitlines()) == 1
