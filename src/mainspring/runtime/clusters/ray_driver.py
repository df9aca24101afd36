"""The driver of Ray: a process of its own between a worker and the outpost on the cluster.

Ray ends the process that drives it when its cluster is lost for good, and keeps what it knows once for each process.
So no worker drives it itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from importlib import import_module
from typing import IO, Any

from mainspring.runtime.clusters.ray_messages import Away, encode, read, write
from mainspring.runtime.clusters.ray_outpost import Outpost, told

LEAVE_S_MAX = 3.0
SILENT_S_MAX = 60.0
"""An outpost that has not answered for so long is given up."""

START = "from mainspring.runtime.clusters.ray_driver import main; main()"
"""Not `-m`: Ray would send what belongs to `__main__` along, and not import it."""


def main() -> None:
    """Drive the cluster at the address that is the first argument, until standard input ends or the cluster is lost."""
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Ray prints is no message
    Driver(sys.argv[1], sys.stdin.buffer, reports).run()


class Driver:
    """Passes orders to the outpost, and its reports back; ends with its process."""

    def __init__(self, address: str, orders: IO[bytes], reports: IO[bytes]) -> None:
        self._address = address
        self._orders = orders
        self._reports = reports
        self._ray: Any = None
        self._outpost: Any = None
        self._leaving = threading.Event()
        self._last_word = threading.Lock()

    def run(self) -> None:
        # Before anything of Ray: whatever that waits for, the driver ends with its worker.
        threading.Thread(target=self._obey, name="mainspring-orders", daemon=True).start()
        try:
            ray = import_module("ray")
            ray.init(self._address, log_to_driver=False, logging_level="ERROR")
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its worker decides when to leave, however it is stopped
            outpost = ray.remote(Outpost).options(num_cpus=0).remote()
            self._ray, self._outpost = ray, outpost
            write(self._reports, ray.get(outpost.collect.remote()))  # its keeper knows how long to wait for the first
            while True:
                write(self._reports, ray.get(outpost.collect.remote(), timeout=SILENT_S_MAX))
        except Exception as error:  # noqa: BLE001 - whatever Ray says is the reason
            self._give_up(error)

    def _obey(self) -> None:
        try:
            while (data := read(self._orders)) is not None:
                self._outpost.take.remote(data)
        except Exception as error:  # noqa: BLE001 - whatever Ray says is the reason
            self._give_up(error)
        self._leaving.set()
        ending = threading.Timer(LEAVE_S_MAX, os._exit, (0,))
        ending.daemon = True
        ending.start()
        if self._ray is not None:
            self._ray.shutdown()
        os._exit(0)

    def _give_up(self, error: Exception) -> None:
        if self._leaving.is_set():
            threading.Event().wait(LEAVE_S_MAX)  # the other thread ends the process
        with self._last_word:
            try:
                write(self._reports, encode(Away(told(error))))
            finally:
                os._exit(1)  # at once: Ray's own way out may wait for what is gone
