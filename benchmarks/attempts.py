"""What one attempt costs in each kind of executor, beside a bare `asyncio` task in the same run.

    python benchmarks/attempts.py [--json] [--seconds 1]

An attempt is everything between dispatch and report: decode the payload, call the handler (which does nothing),
encode its result, make the event.  The bare task only runs an empty coroutine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from mainspring.clock import SystemClock
from mainspring.handler import Handler, task
from mainspring.kernel.records import Attempt
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.worker import Worker

BATCH = 500
"""Attempts per dispatch, about what a turn hands out under load; two batches are under way at a time."""

PAYLOAD = b'{"node":3,"data":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'


@task
async def coroutine(node: int, data: str) -> dict[str, Any]:
    return {"ok": bool(data), "node": node}


@task
def in_thread(node: int, data: str) -> dict[str, Any]:
    return {"ok": bool(data), "node": node}


@task(isolation="process")
def in_process(node: int, data: str) -> dict[str, Any]:
    return {"ok": bool(data), "node": node}


class Bench:
    """A worker that is fed as a pump would, and counts what it reports."""

    def __init__(self, handler: Handler[..., Any], timeout_s: float | None) -> None:
        self._handler = handler
        self._timeout_s = timeout_s
        self._done = 0
        self._sent = 0
        self._counting = threading.Lock()
        self._progress = threading.Event()
        handlers = Handlers()
        handlers.add(handler)
        self._worker = Worker(handlers, self._report, name="bench", clock=SystemClock())

    def _report(self, inputs: list[Any]) -> None:
        with self._counting:
            self._done += len(inputs)
        self._progress.set()

    def rate(self, seconds: float, batch: int) -> float:
        """Attempts per second."""
        self._worker.start()
        self._feed(0.1, batch)
        begin, done = time.perf_counter(), self._done
        self._feed(seconds, batch)
        rate = (self._done - done) / (time.perf_counter() - begin)
        self._worker.drain(10)
        return rate

    def _feed(self, seconds: float, batch: int) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self._send(batch)
            while self._sent - self._done > batch:
                self._progress.clear()
                if self._sent - self._done > batch:
                    self._progress.wait()

    def _send(self, batch: int) -> None:
        name, timeout_s = self._handler.name, self._timeout_s
        first = self._sent
        self._sent += batch
        self._worker.dispatch(
            [Attempt(number, "step", name, PAYLOAD, 1, 1, "case", timeout_s) for number in range(first, first + batch)]
        )


def bare_rate(seconds: float, loop: asyncio.AbstractEventLoop) -> float:
    """Empty tasks per second on a loop that does nothing else."""

    async def nothing() -> None: ...

    async def main() -> float:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            tasks = [loop.create_task(nothing()) for _ in range(BATCH)]
            await asyncio.sleep(0)
            count += len(tasks)
        return count / (time.perf_counter() - begin)

    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


def measure(seconds: float) -> list[dict[str, Any]]:
    rows = [("bare asyncio task", bare_rate(seconds, asyncio.new_event_loop()))]
    try:
        import uvloop
    except ImportError:
        pass
    else:
        rows.append(("bare uvloop task", bare_rate(seconds, uvloop.new_event_loop())))
    rows += [
        ("async def", Bench(coroutine, None).rate(seconds, BATCH)),
        ("async def, timeout_s", Bench(coroutine, 30).rate(seconds, BATCH)),
        ("def, in threads", Bench(in_thread, None).rate(seconds, BATCH)),
        ("def, in threads, timeout_s", Bench(in_thread, 30).rate(seconds, BATCH)),
        ("isolation='process'", Bench(in_process, None).rate(seconds, 20)),
    ]
    bare_us = 1e6 / rows[0][1]
    return [
        {
            "kind": kind,
            "per_s": round(rate),
            "us": round(1e6 / rate, 2),
            "us_beyond_bare": round(1e6 / rate - bare_us, 2),
        }
        for kind, rate in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.0, help="per row")
    arguments = parser.parse_args()
    rows = measure(arguments.seconds)
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'':28}{'attempts/s':>12}{'us each':>10}{'us beyond bare':>16}")
    for row in rows:
        print(f"{row['kind']:28}{row['per_s']:12,}{row['us']:10}{row['us_beyond_bare']:16}")


if __name__ == "__main__":
    main()
