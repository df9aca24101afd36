"""Who this process is, in words that another process on the same machine can check."""

from __future__ import annotations

import os
import platform

from mainspring.kernel.leases import Fate

UNKNOWN = "?"
DEAD, STOPPED = "ZX", "Tt"
"""States of a process (proc(5))."""


def host_name() -> str:
    """This machine since its last start, and its process namespace: where a process id means something."""
    return "/".join((platform.node(), _read("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid")))


def process_name(pid: int | None = None) -> str:
    """`pid@start`: a process id that is used again is another process."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}@{_started(pid)[1]}"


def fate_of(process: str) -> Fate:
    """What can be said for certain of a process of this very host; one that is stopped does not run."""
    pid_text, _, started = process.partition("@")
    if not pid_text.isdigit():
        return Fate.UNKNOWN
    pid = int(pid_text)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Fate.GONE
    except (PermissionError, OSError):
        pass
    state, now = _started(pid)
    if UNKNOWN in (started, now):
        return Fate.UNKNOWN
    if state in DEAD or now != started:
        return Fate.GONE
    return Fate.UNKNOWN if state in STOPPED else Fate.RUNS


def _started(pid: int) -> tuple[str, str]:
    """Fields 3 and 22 of /proc/pid/stat (proc(5)): state, start in clock ticks since the machine's; `?` elsewhere."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return UNKNOWN, UNKNOWN
    return fields[0], fields[19]


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return UNKNOWN


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return UNKNOWN
