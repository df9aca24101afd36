"""A worker that is stopped for longer than its lease, and goes on: what it says then is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mainspring import Engine

ROOT = Path(__file__).parents[2]
WORKER = """
import os, sys, time
from pathlib import Path
from mainspring import Engine, task

folder = Path(sys.argv[1])

def run(number: int) -> int:
    (folder / f"began-{number}-{os.getpid()}").touch()
    while (folder / "hold").exists():
        time.sleep(0.01)
    return os.getpid()

with Engine(f"sqlite:///{folder}/store.db", lease_s=1, slots=2) as engine:
    engine.register(run, "run")
    sys.stdin.read()
"""


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_the_outcome_of_a_worker_that_slept_through_its_lease_is_refused(tmp_path):
    def worker() -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        return subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdin=subprocess.PIPE, env=environment)

    (tmp_path / "hold").touch()
    workers = []
    try:
        with Engine(f"sqlite:///{tmp_path}/store.db", slots=0) as engine:
            first = worker()
            workers.append(first)
            instance = engine.submit("run", number=1)
            wait_until(lambda: (tmp_path / f"began-1-{first.pid}").exists())
            first.send_signal(signal.SIGSTOP)
            second = worker()
            workers.append(second)
            wait_until(lambda: (tmp_path / f"began-1-{second.pid}").exists())
            first.send_signal(signal.SIGCONT)
            (tmp_path / "hold").unlink()
            assert instance.result(timeout_s=60) == second.pid
            second.communicate(b"", timeout=60)

            again = engine.submit("run", number=2)
            assert again.result(timeout_s=60) == first.pid, "it has begun anew"
            kinds = [entry.kind for entry in instance.journal()]
            assert (kinds.count("TaskCompleted"), kinds.count("TaskLost")) == (1, 1)
            first.communicate(b"", timeout=60)
    finally:
        for process in workers:
            process.kill()
            process.wait()
