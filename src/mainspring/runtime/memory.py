"""Memory of this process: what it has, and a limit on what one attempt may take besides."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mainspring.errors import TaskMemoryError

if sys.platform != "win32":
    import resource

MB = 1_048_576


@contextmanager
def limited(memory_max_mb: float | None) -> Iterator[None]:
    """Let what runs inside take so much, and no more; what C code does that finds no memory is its own affair.

    RLIMIT_DATA counts what is private and writable (setrlimit(2)), so memory that is only mapped or shared is free.
    """
    if memory_max_mb is None or sys.platform == "win32":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _status_kb("VmData") * 1024 + int(memory_max_mb * MB)
    bounds = [bound for bound in (soft, hard, wanted) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), hard))
    try:
        yield
    except MemoryError as error:
        told = f"needed more than its memory_max_mb of {memory_max_mb:g} MB"
        raise TaskMemoryError(told).with_traceback(error.__traceback__) from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def resident_mb() -> float:
    """What this process has in memory now; 0 where that cannot be known."""
    return _status_kb("VmRSS") / 1024


def _status_kb(name: str) -> int:
    """A field of /proc/self/status (proc(5))."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(f"{name}:")), 0)
    except OSError:
        return 0
