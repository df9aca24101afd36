"""A cluster of `dask.distributed` on this machine, in processes of its own, that tests may kill.

Run as a program it is that cluster, and lives until its standard input ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKERS = 2


class LocalDask:
    """Starts it, kills it, and starts it again under the same address."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where it finds handlers besides those of the tests."""
        self._folder = folder
        self.address = "tcp://127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = os.environ | {
            "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "None",
            "DASK_TEMPORARY_DIRECTORY": str(self._folder),
            "PYTHONPATH": str(self._folder),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self.address.rpartition(":")[2]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, "the cluster did not start"

    def kill(self) -> None:
        """All of it at once."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def main(port: int) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=WORKERS,
        threads_per_worker=1,
        host="127.0.0.1",
        scheduler_port=port,
        dashboard_address=None,
        worker_dashboard_address=None,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
