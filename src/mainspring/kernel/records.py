"""The values that cross the kernel's border: attempts on their way out, inputs on their way in."""

from __future__ import annotations

from msgspec import Struct

from mainspring.models.contract import TaskCompleted, TaskFailed

LogLine = tuple[float, str, str]
"""When, level name, message."""


class Attempt(Struct, gc=False):
    """One try of one task, leased to this process."""

    instance: int
    key: str
    handler: str
    payload: bytes
    """JSON object: the handler's arguments by parameter name; variadic ones under `*`."""
    attempt: int
    """Numbered from 1."""
    token: int
    """Fencing token of the lease; a settlement that names another one is refused."""
    public_id: str
    """The instance's id as users know it."""
    timeout_s: float | None = None
    ready_at: float = 0.0


class Settle(Struct, gc=False):
    """The outcome of an attempt, with the lines it logged."""

    attempt: Attempt
    event: TaskCompleted | TaskFailed
    lines: tuple[LogLine, ...] = ()


class Release(Struct, gc=False):
    """An attempt that never began is given back, uncounted."""

    attempt: Attempt


class Progress(Struct, gc=False):
    """How far an attempt has come, and what it logged meanwhile."""

    attempt: Attempt
    fraction: float | None
    """0 to 1; None: only lines."""
    lines: tuple[LogLine, ...] = ()
