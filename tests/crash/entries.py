"""A program that is killed, whose handlers write with the transaction of their task.

python -m tests.crash.entries URL MARK          `MARK`: of a parameter, as the store's driver writes it
"""

from __future__ import annotations

import sys

from mainspring import Engine, Transaction, task

COUNT = 120
TABLE = "create table if not exists entry (number integer)"
"""Without any constraint: what is done twice is seen twice."""


@task
def enter(number: int, mark: str, transaction: Transaction) -> int:
    transaction.connection.execute(f"insert into entry (number) values ({mark})", (number,))
    return number


def main() -> None:
    url, mark = sys.argv[1:]
    with Engine(url, slots=4) as engine:
        ids = [f"entry-{number}" for number in range(COUNT)]
        engine.submit_many(enter, [(number, mark) for number in range(COUNT)], ids=ids)
        print("ready", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
