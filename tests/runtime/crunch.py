"""Handlers for clusters, which import them from here."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from mainspring.handler import task
from mainspring.handler_context import LINE_COUNT_MAX, Context

gate = threading.Event()
"""Opened by tests whose cluster is in this very process."""


@task(executor="dask")
def double(number: int) -> int:
    return 2 * number


@task(executor="dask")
def length(text: str) -> int:
    return len(text)


@task(executor="dask")
def fail(message: str) -> None:
    raise LookupError(message)


@task(executor="dask")
def wrong() -> int:
    return "text"  # type: ignore[return-value]


@task(executor="dask")
def huge() -> str:
    return "x" * 20_000_000


@task(executor="dask")
def tell(context: Context) -> list[Any]:
    context.logger.info("one")
    context.report_progress(0.5, "half-way")
    context.logger.info("three")
    return [context.instance, context.key, context.attempt, context.idempotency_key]


@task(executor="dask")
def shout(context: Context) -> None:
    for number in range(LINE_COUNT_MAX + 5):
        context.logger.info("line %d", number)


@task(executor="dask")
def pid() -> int:
    return os.getpid()


@task(executor="dask")
def wait_at_the_gate(number: int) -> int:
    gate.wait(60)
    return number


@task(executor="dask")
def until_cancelled(folder: str, context: Context) -> str:
    """Begins, and ends when it is told to."""
    Path(folder, "began").write_text(str(os.getpid()))
    until = time.monotonic() + 60
    while not context.cancelled and time.monotonic() < until:
        time.sleep(0.01)
    Path(folder, "ended").write_text("cancelled" if context.cancelled else "in vain")
    return "done"


@task(executor="dask")
async def until_cancelled_async(folder: str) -> None:
    Path(folder, "began").write_text(str(os.getpid()))
    try:
        await asyncio.sleep(60)
    finally:
        Path(folder, "ended").touch()


@task(executor="dask")
def die_once(folder: str) -> str:
    """Kills its process, with all that runs there, unless it has done so before."""
    mark = Path(folder, "died")
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return "went on"


@task(executor="dask")
def hold(folder: str, name: str) -> str:
    """Says that it runs, and waits until it may end."""
    Path(folder, f"began-{name}").write_text(str(os.getpid()))
    until = time.monotonic() + 60
    while not Path(folder, "go").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return name
