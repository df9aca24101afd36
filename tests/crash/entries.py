"""A program that is killed, whose handlers write with the transaction of their task."""

from __future__ import annotations

from multiprocessing.connection import Connection

from mainspring import Engine, Transaction, task
from tests.crash.program import until_told

COUNT = 120
TABLE = "create table if not exists entry (number integer)"
"""Without any constraint: what is done twice is seen twice."""


@task
def enter(number: int, mark: str, transaction: Transaction) -> int:
    transaction.connection.execute(f"insert into entry (number) values ({mark})", (number,))
    return number


def work(url: str, mark: str, line: Connection) -> None:
    """`mark`: of a parameter, as the store's driver writes it."""
    with Engine(url, slots=4) as engine:
        ids = [f"entry-{number}" for number in range(COUNT)]
        engine.submit_many(enter, [(number, mark) for number in range(COUNT)], ids=ids)
        until_told(line)
