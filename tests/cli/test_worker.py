"""`mainspring worker`: what it offers, and how it ends."""

from __future__ import annotations

import signal

import apsw
import pytest

from mainspring import Engine, task
from tests.cli.conftest import end_of, heard_until

SHOP = """
import time
from pathlib import Path

from mainspring import Engine, task

engine = Engine("sqlite:///shop.db", slots=0)

@task
def held(number: int) -> int:
    with open("began.txt", "a") as file:
        file.write(f"{number}\\n")
    while Path("hold").exists():
        time.sleep(0.01)
    return number

@task(requires="gpu and region = \\"eu\\"", queue="heavy")
def train(number: int) -> str:
    return f"trained {number}"

@task(isolation="process")
def apart(number: int) -> int:
    return number

engine.register(lambda number: 2 * number, "double")
"""


@pytest.fixture
def shop(place):
    (place.folder / "shop.py").write_text(SHOP)
    return place


@task(name="shop:train", requires='gpu and region = "eu"', queue="heavy")
def train(number: int) -> str:
    raise AssertionError("not here")


def submitted(place, *tasks):
    with Engine(f"sqlite:///{place.folder}/shop.db", slots=0) as engine:
        return [engine.submit(handler, number=number).id for handler, number in tasks]


def began(place):
    file = place.folder / "began.txt"
    return len(file.read_text().split()) if file.exists() else 0


def rows(place, statement):
    connection = apsw.Connection(str(place.folder / "shop.db"), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(60_000)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_it_takes_the_store_and_the_handlers_of_an_engine(shop):
    (double, apart) = submitted(shop, ("double", 4), ("shop:apart", 7))
    worker = shop.spawn("worker", "shop:engine", "--slots", "4", "--until-idle", "--json")
    assert end_of(worker).endswith('{\n  "interrupted": false\n}\n')
    assert worker.returncode == 0
    assert shop("show", double, "--store", "shop.db", "--json").json["output"] == 8
    assert shop("show", apart, "--store", "shop.db", "--json").json["output"] == 7


def test_it_takes_what_its_labels_and_queues_allow(shop):
    (plain, from_shop) = submitted(shop, ("double", 4), (train, 1))
    labels = ("--label", "gpu", "--label", "region=eu")
    worker = shop.spawn("worker", "shop.py", "--store", "shop.db", *labels, "--queue", "heavy,other")
    shop.wait_until(lambda: shop("show", from_shop, "--store", "shop.db", "--json").json["status"] == "completed")
    worker.send_signal(signal.SIGTERM)
    end_of(worker)
    assert worker.returncode == 0
    assert shop("show", plain, "--store", "shop.db", "--json").json["status"] == "running"


def test_sigterm_begins_nothing_more_lets_what_runs_end_and_exits_with_0(shop):
    (shop.folder / "hold").touch()
    submitted(shop, *(("shop:held", number) for number in range(5)))
    worker = shop.spawn("worker", "shop", "--store", "shop.db", "--slots", "2")
    shop.wait_until(lambda: began(shop) == 2)
    worker.send_signal(signal.SIGTERM)
    assert "stopping: waiting up to 30 s for 2 tasks that run" in heard_until(worker, "stopping:")
    (shop.folder / "hold").unlink()
    end_of(worker)
    assert worker.returncode == 0
    assert began(shop) == 2
    assert rows(shop, "select status, count(*) from instance group by status") == [("completed", 2), ("running", 3)]
    assert rows(shop, "select attempt, owner from task") == [(0, None)] * 3


def test_what_runs_longer_than_its_grace_is_given_back_uncounted(shop):
    (shop.folder / "hold").touch()
    submitted(shop, ("shop:held", 1))
    worker = shop.spawn("worker", "shop", "--store", "shop.db", "--grace", "0.1")
    shop.wait_until(lambda: began(shop) == 1)
    worker.send_signal(signal.SIGTERM)
    shop.wait_until(lambda: rows(shop, "select attempt, owner from task") == [(0, None)])
    (shop.folder / "hold").unlink()  # a thread cannot be ended; it holds the process until it returns
    end_of(worker)
    assert worker.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing_here"], "there is no module 'nothing_here'"),
        (["shop:nothing"], "shop has no 'nothing'"),
        (["shop:Path"], "shop:Path is no workflow, machine, handler or engine"),
        (["--queue", "mail,,other"], "--queue takes names with commas"),
        (["--label", "=eu"], "a label's name is a word"),
        (["--slots", "0"], "--slots must be 1 or more"),
        (["--grace", "-1"], "--grace must be seconds from 0"),
        (["--recycle-attempts", "0"], "--recycle-attempts must be 1 or more"),
        (["--recycle-mb", "0"], "--recycle-mb megabytes above 0"),
        (["shop:engine", "--cluster", "dusk=here"], "there are clusters of dask and ray, not of 'dusk'"),
        (["shop:engine", "--cluster", "dask"], "names a cluster by kind=address"),
        (["shop:engine", "--cluster-slots", "0"], "--cluster-slots must be 1 or more"),
        (["shop:engine", "--store", "other.db"], "a worker works on one store"),
    ],
)
def test_what_makes_no_sense_is_refused(shop, arguments, words):
    worker = shop.spawn("worker", *arguments)
    assert words in end_of(worker)
    assert worker.returncode in (2, 3)
