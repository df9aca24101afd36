"""Handlers that take memory, and processes."""

from __future__ import annotations

import os
import signal

from mainspring import task

kept: list[bytearray] = []


@task(isolation="process", memory_max_mb=64)
def allocate(megabytes: int) -> int:
    return len(bytearray(megabytes * 1_048_576)) // 1_048_576


@task(isolation="process")
def keep(megabytes: int) -> int:
    """Leaks memory, and says in which process."""
    kept.append(bytearray(os.urandom(1)) * (megabytes * 1_048_576))
    return os.getpid()


@task
def kill_worker() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
