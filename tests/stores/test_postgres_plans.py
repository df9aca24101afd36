"""The hot statements stay on their indexes, however many rows there are, and whatever the statistics say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mainspring.stores.postgres import PostgresStore
from mainspring.stores.postgres_rows import numbers, texts
from mainspring.stores.sql import postgres as sql
from mainspring.stores.sql import postgres_once
from mainspring.stores.sql import postgres_ready as ready
from tests.postgres import new_schema
from tests.stores.bench import NOW

IDS = numbers(range(1, 400))
KEYS = texts([f"n{number}" for number in range(1, 400)])

SINCE = {"priorities": "{2,1,0}", "since": "{5,5,-inf}", "instances": "{0,0,0}"}
EMPTY = texts(["{}"] * 399)
UPDATES = {name: statement for name, statement, _ in sql.UPDATES}

HOT: dict[str, tuple[str, Any]] = {
    "lock": (sql.LOCK, (IDS,)),
    "load instances": (sql.LOAD_INSTANCES, (IDS,)),
    "find ids": (sql.FIND_IDS, (KEYS,)),
    "load snapshots": (sql.LOAD_SNAPSHOTS, (IDS,)),
    "load tails": (sql.LOAD_TAILS, (IDS, IDS)),
    "children": (sql.LIST_CHILDREN, (7,)),
    "due events": (ready.DUE_EVENTS, (NOW, "{}", 1_000)),
    "next event": (ready.NEXT_EVENT_AT, None),
    "waiting": (ready.WAITING, {"capability": 1, "now": NOW, "limit": 50}),
    "waiting since": (ready.WAITING_SINCE, {"capability": 1, "now": NOW, "limit": 50, **SINCE}),
    "waiting of a group": (ready.WAITING_OF_GROUP, {"capability": 1, "now": NOW, "limit": 50, "group": "g"}),
    "groups": (ready.NEXT_GROUPS, {"capability": 1, "after": "", "limit": 50}),
    "running of a queue": (sql.COUNT_RUNNING, (7,)),
    "ends": (sql.LOAD_ENDS, (IDS,)),
    "next task": (ready.NEXT_TASK_AT, {"capability": 1, "now": NOW}),
    "next task of priorities": (ready.NEXT_TASK_AT_OF, {"capability": 1, "now": NOW, "priorities": "{2,1,0}"}),
    "lease": (ready.LEASE, (1, NOW, IDS, KEYS)),
    "stale": (sql.STALE, (IDS, KEYS, IDS, 1)),
    "retry": (UPDATES["tasks_retried"], (IDS, IDS, IDS, IDS, KEYS)),
    "free": (UPDATES["tasks_freed"], (IDS, KEYS, IDS)),
    "done": (UPDATES["tasks_done"], (IDS, KEYS)),
    "progress": (UPDATES["progress"], (IDS, IDS, KEYS)),
    "hold": (UPDATES["held"], (IDS,)),
    "end": (UPDATES["statuses"], (KEYS, IDS, EMPTY, EMPTY, KEYS, IDS)),
    "delete events": (sql.DELETE_EVENTS, (IDS, KEYS)),
    "once": (postgres_once.FIND_ONCE, (KEYS,)),
}
BIG = ("instance", "journal", "task", "event", "snapshot")


@pytest.fixture(
    scope="module", params=[20_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def full(request):
    """A store with that many rows in each big table, filled after its statistics were taken of empty ones."""
    store = PostgresStore(new_schema())
    assert store._connection is not None
    execute, count = store._connection.execute, request.param
    execute("analyze")
    execute(
        "insert into instance (id, public_id, definition, status, parent, priority, created_at)"
        " select n, 'case-' || n, 1, 'running', n / 10, 0, 0 from generate_series(1, %s - 1) as n", (count,),
    )  # fmt: skip
    execute("insert into journal select n, 1, 0, 'Started', '{}', '[]' from generate_series(1, %s - 1) as n", (count,))
    execute(
        "insert into task (instance, key, capability, priority, ready_at, attempt, token, payload)"
        " select n, 'n' || n, 1, n %% 3, n, 0, 0, '{}' from generate_series(1, %s - 1) as n", (count,),
    )  # fmt: skip
    execute(
        "insert into event select n, 'n' || n, n, 'TimerFired', '{}' from generate_series(1, %s - 1) as n", (count,)
    )
    execute("insert into snapshot select n, 1, '{}' from generate_series(1, %s - 1) as n", (count,))
    yield store
    store.close()


@pytest.mark.parametrize("analyzed", [False, True], ids=["old statistics", "new statistics"])
def test_no_hot_statement_reads_a_table_whole(full, analyzed):
    execute = full._connection.execute
    if analyzed:
        execute("analyze")
    faults = []
    for name, (statement, values) in HOT.items():
        execute("begin")
        plan = "\n".join(row[0] for row in execute(f"explain {statement}", values).fetchall())
        execute("rollback")
        for table in BIG:
            if re.search(rf"(Seq Scan|Bitmap Heap Scan) on {table}(_\d+)?\b", plan) and name not in (
                "held",
                "released",
            ):
                faults.append(f"{name} reads {table} whole:\n{plan}")
    assert not faults, "\n".join(faults)
