"""What a cluster of Dask costs through mainspring: quick tasks and slow ones, beside Dask's own `client.map`.

    .venv/bin/python benchmarks/clusters.py [--json FILE]

Both use the same cluster of two processes, in turns, from this one process.  Ours are durable: each attempt is leased,
and its outcome committed.  Quick tasks go in bundles; those of `client.map` one by one, as it has no such thing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from distributed import Client, LocalCluster
from harness import Bound, Row, in_turns, options_of, row, store, tell

from mainspring import Engine, task

QUICK, SLOW = 4_000, 200
SLOW_S = 0.02
WORKERS = 2
SLOTS = 1_000
TIMEOUT_S = 500


def double(number: int) -> int:
    return 2 * number


def rest(number: int) -> int:
    time.sleep(SLOW_S)
    return number


double_there = task(executor="dask", name="clusters:double")(double)
rest_there = task(executor="dask", name="clusters:rest")(rest)


def bare_per_s(client: Client, function: Callable[[int], int], count: int) -> float:
    begin = time.perf_counter()
    client.gather(client.map(function, range(count), pure=False))
    return count / (time.perf_counter() - begin)


def ours_per_s(engine: Engine, handler: Any, count: int) -> float:
    begin = time.perf_counter()
    engine.gather(engine.submit_many(handler, [(number,) for number in range(count)]), timeout_s=TIMEOUT_S)
    return count / (time.perf_counter() - begin)


def rows_of(cluster: LocalCluster, url: str, size: float, rounds: int) -> list[Row]:
    cases = (
        ("quick tasks", double, double_there, max(20, round(QUICK * size)), Bound(1, "×", is_least=True)),
        (
            f"tasks of {SLOW_S * 1e3:g} ms",
            rest,
            rest_there,
            max(10, round(SLOW * size)),
            None,
        ),
    )
    rows = []
    with Client(cluster) as client, Engine(url, clusters={"dask": cluster}, cluster_slots=SLOTS) as engine:
        for what, function, handler, count, bound in cases:
            ours_per_s(engine, handler, 20)  # its module is imported there, and how long it takes is known
            bare_per_s(client, function, 20)
            turns = in_turns(
                rounds,
                lambda function=function, count=count: bare_per_s(client, function, count),  # type: ignore[misc]
                lambda handler=handler, count=count: ours_per_s(engine, handler, count),  # type: ignore[misc]
            )
            rows.append(row(what, "tasks/s", list(turns), bound))
    return rows


def main() -> int:
    options = options_of(__doc__).parse_args()
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        store(options.folder) as url,
    ):
        rows = rows_of(cluster, url, options.size, options.rounds)
    tell("clusters", rows, options.json, told="client.map of Dask on the same cluster")
    return 1 if any(each.holds is False for each in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
