"""What a task needs of whoever runs it; the store has a number for each, which a worker judges once."""

from __future__ import annotations

from typing import NamedTuple


class Need(NamedTuple):
    handler: str
    queue: str = "default"
    requires: str = ""
    """Labels a worker must offer; empty: any worker that has the handler."""
    executor: str = ""
    """The cluster that is to compute it; empty: the worker itself."""
    memory_max_mb: float | None = None
    """Of an attempt in a process of its own; None: what its handler says."""
