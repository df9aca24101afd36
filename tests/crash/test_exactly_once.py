"""`kill -9` again and again while handlers write with the transactions of their tasks: as many rows as completions."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import apsw
import psycopg
import pytest

from mainspring import Engine
from tests.crash.entries import COUNT, TABLE, enter, work
from tests.crash.evidence import Victim
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import database, new_schema

KILLS = 2


def on_file(tmp_path) -> tuple[str, str, Callable[[], Any]]:
    def connect() -> apsw.Connection:
        connection = apsw.Connection(f"{tmp_path}/store.db")
        connection.set_busy_timeout(60_000)
        return connection

    return f"sqlite:///{tmp_path}/store.db", "?", connect


def on_server(_: Any) -> tuple[str, str, Callable[[], Any]]:
    url = new_schema()
    made = f"user_{url.rpartition('=')[2]}"
    with psycopg.connect(database(), autocommit=True) as connection:
        connection.execute(f"create schema {made}")
    options = f"-csearch_path={made}"
    joined = f"{url}&options={options.replace('=', '%3D')}"
    return joined, "%s", lambda: psycopg.connect(database(), options=options, autocommit=True)


def while_fewer_than(enough: int, count: Callable[[], int]) -> None:
    wait_until(lambda: count() >= enough, "work goes on")


def storm(url: str, mark: str, connect: Callable[[], Any], *, kills: int, seed: int) -> None:
    """Kill one working process after another; then let it all end in peace, and count."""
    chance = random.Random(seed)
    Engine(url, slots=0).close()
    connection = connect()
    connection.execute(TABLE)

    def count() -> int:
        return int(connection.execute("select count(*) from entry").fetchone()[0])

    for _ in range(kills):
        victim = Victim.of(work, url, mark)
        victim.wait_until_ready()
        enough = min(COUNT, count() + chance.randrange(1, COUNT // kills))
        while_fewer_than(enough, count)
        victim.kill()
    with Engine(url) as engine:
        instances = engine.submit_many(
            enter, [(number, mark) for number in range(COUNT)], ids=[f"entry-{number}" for number in range(COUNT)]
        )
        assert engine.gather(instances, timeout_s=PATIENCE_S) == list(range(COUNT))
    numbers = [number for (number,) in connection.execute("select number from entry order by number").fetchall()]
    connection.close()
    assert numbers == list(range(COUNT))


@pytest.mark.parametrize("place", [on_file, on_server], ids=["sqlite", "postgres"])
def test_each_is_entered_once_whoever_is_killed(place, tmp_path):
    storm(*place(tmp_path), kills=KILLS, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", [on_file, on_server], ids=["sqlite", "postgres"])
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_long_storm(place, tmp_path, seed):
    storm(*place(tmp_path), kills=40, seed=seed)
