"""What a store leases of its managed queues, written down by triggers of its own: exact, in order, by its own clock.

A lease is entered by the transaction that grants it, which holds the row of its queue, and struck out by the one that
ends it; so at each entry no fewer are left than whoever granted it could see.  What is rolled back leaves nothing.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

import psycopg

from mainspring.clock import SET_BACK_S
from mainspring.stores.postgres_url import read_url
from tests.crash.evidence import asking

SQLITE = """
create table ledger (
    number integer primary key, queue integer, group_key text, instance integer, change integer, at real
);
create trigger ledger_placed after insert on task when new.queue is not null and new.owner > 0 begin
    insert into ledger (queue, group_key, instance, change, at)
        values (new.queue, new.group_key, new.instance, 1, new.leased_at);
end;
create trigger ledger_leased after update of owner on task begin
    insert into ledger (queue, group_key, instance, change)
        select old.queue, old.group_key, old.instance, -1 where old.queue is not null and old.owner > 0;
    insert into ledger (queue, group_key, instance, change, at)
        select new.queue, new.group_key, new.instance, 1, new.leased_at where new.queue is not null and new.owner > 0;
end;
create trigger ledger_done after delete on task when old.queue is not null and old.owner > 0 begin
    insert into ledger (queue, group_key, instance, change) values (old.queue, old.group_key, old.instance, -1);
end;
"""
POSTGRES = """
create table ledger (
    number bigint generated always as identity, queue integer, group_key text, instance bigint, change integer,
    at double precision
);
create function enter() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and old.queue is not null and old.owner > 0 then
        insert into ledger (queue, group_key, instance, change) values (old.queue, old.group_key, old.instance, -1);
    end if;
    if tg_op <> 'DELETE' and new.queue is not null and new.owner > 0 then
        insert into ledger (queue, group_key, instance, change, at)
            values (new.queue, new.group_key, new.instance, 1, new.leased_at);
    end if;
    return null;
end $$;
create trigger ledger_lived after insert or delete on task for each row execute function enter();
create trigger ledger_leased after update of owner on task for each row execute function enter();
"""


class Entry(NamedTuple):
    queue: str
    group: str | None
    instance: str
    change: int
    """1: a lease begins; -1: one ends."""
    at: float | None
    """When it began, by the clock that counts."""


def open_ledger(place: str) -> None:
    """Of a store that has its tables, and that this process has not opened."""
    if place.startswith("postgresql"):
        url = read_url(place)
        with psycopg.connect(url.conninfo, options=f"-c search_path={url.schema},pg_catalog") as server:
            server.execute(POSTGRES.encode())
    else:
        with closing(sqlite3.connect(place.removeprefix("sqlite:///"))) as file:
            file.executescript(SQLITE)


def read_ledger(place: str) -> list[Entry]:
    with asking(place) as rows:
        found = rows(
            "select queue.name, ledger.group_key, instance.public_id, ledger.change, ledger.at from ledger"
            " join queue on queue.id = ledger.queue join instance on instance.id = ledger.instance"
            " order by ledger.number"
        )
    return [Entry(*row) for row in found]


def most_leased(ledger: Sequence[Entry]) -> tuple[Counter[str], Counter[tuple[str, str | None]]]:
    """The most leases that there were at once, of each queue and of each group of it."""
    now: dict[Any, int] = defaultdict(int)
    queues: Counter[str] = Counter()
    groups: Counter[tuple[str, str | None]] = Counter()
    for entry in ledger:
        key = (entry.queue, entry.group)
        for counted in (entry.queue, key):
            now[counted] += entry.change
            assert now[counted] >= 0, f"more leases ended than began: {entry}"
        queues[entry.queue] = max(queues[entry.queue], now[entry.queue])
        groups[key] = max(groups[key], now[key])
    return queues, groups


def fullest(ledger: Sequence[Entry], queue: str, rate_per_s: float) -> float:
    """The most that a bucket, which so many a second drain, had in it; each lease brings one.

    That it never has more than the burst says the same of every interval between two leases: no more have begun in it
    than the burst and what its time allows.  A clock that is set back counts from there, and lets one more begin.
    """
    level = most = 0.0
    last: float | None = None
    for entry in ledger:
        if entry.queue != queue or entry.at is None:
            continue
        if last is not None and last - entry.at > SET_BACK_S:
            level, last = max(0.0, level - 1), entry.at
        else:
            # Never back: who read the clock earlier may come later.
            level = max(0.0, level - rate_per_s * max(0.0, entry.at - (last or entry.at)))
            last = max(last or entry.at, entry.at)
        level += 1
        most = max(most, level)
    return most
