"""A cluster of Ray on this machine, in processes of its own, that tests may kill.

Run as a program it is that cluster, and lives until its standard input ends.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
SLOTS = 2
TRIES = 3

ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # or Ray would replace 127.0.0.1 by an address that others can reach
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",  # or tasks would die where the machine's memory is nearly full
}
"""Of the cluster, and of who connects to it."""


PATIENCE = {
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "240",
    "RAY_agent_register_timeout_ms": "240000",
    "RAY_gcs_server_port_wait_time_s": "240",
    "RAY_health_check_failure_threshold": "100",
    "RAY_worker_register_timeout_seconds": "240",
}
"""Of the cluster, on a busy machine."""

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not here: pip install 'mainspring[ray]'")


class LocalRay:
    """Starts it, kills it, and starts it again under the same address."""

    def __init__(self, folder: Path, client_port: int = 0) -> None:
        """`folder`: where it finds handlers besides those of the tests; `client_port`: for `ray://`; 0: none."""
        self._folder = folder
        self._log = folder / "ray.log"
        self._client_port = client_port
        self.address = f"{HOST}:0"
        self._own = Path(tempfile.mkdtemp(prefix="ray-"))  # paths of sockets must be short
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Skips the test where Ray itself does not start: it gives its processes half a minute, on any machine."""
        for _ in range(TRIES):
            process = self._process = self._spawn()
            assert process.stdout is not None
            if address := process.stdout.readline().strip():
                self.address = address
                return
            self.kill()
        pytest.skip(f"Ray itself does not start here: {self._log.read_text()[-1_000:]}")

    def _spawn(self) -> subprocess.Popen[str]:
        path = os.pathsep.join((str(ROOT), str(self._folder)))
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", __name__, self.address.rpartition(":")[2], str(self._client_port)],
                cwd=ROOT,
                env=os.environ | ENVIRONMENT | PATIENCE | {"RAY_TMPDIR": str(self._own), "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def kill(self) -> None:
        """All of it at once; processes of its tasks end when they see that."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._own, ignore_errors=True)


def main(port: int, client_port: int) -> None:
    from ray.cluster_utils import Cluster

    out = os.dup(1)
    os.dup2(2, 1)  # where Ray prints
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "node_ip_address": HOST,
            "gcs_server_port": port,
            "ray_client_server_port": client_port or None,
            "num_cpus": SLOTS,
            "object_store_memory": 80 * 2**20,
            "include_dashboard": False,
            "dashboard_port": None,
            "include_log_monitor": False,
            "no_monitor": True,
        },
    )
    os.write(out, f"{cluster.address}\n".encode())
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
