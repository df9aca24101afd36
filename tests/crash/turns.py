"""A worker of one slot, whose first attempt waits until each of several workers has begun one."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from mainspring import Engine, task
from tests.crash.program import until_told
from tests.patience import wait_until

WORKERS = 3
LEASE_S = 600.0
"""No lease is lost on a busy machine: what is looked at is the order in which they were given."""


@task(queue="mail")
def deliver(folder: str) -> int:
    """Returns its process."""
    Path(folder, str(os.getpid())).touch()
    wait_until(lambda: len(list(Path(folder).iterdir())) == WORKERS, "all workers have begun")
    return os.getpid()


def work(url: str, line: Connection) -> None:
    with Engine(url, slots=1, lease_s=LEASE_S) as engine:
        engine.register(deliver)
        until_told(line)
