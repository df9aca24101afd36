"""Who this process is, in words that another process on the same machine can check."""

from __future__ import annotations

import os
import platform

UNKNOWN = "?"


def host_name() -> str:
    """This machine since its last start, and its process namespace: where a process id means something."""
    return "/".join((platform.node(), _read("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid")))


def process_name(pid: int | None = None) -> str:
    """`pid@start`: a process id that is used again is another process."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}@{_started(pid)}"


def is_gone(process: str) -> bool:
    """Whether a process of this very host has certainly ended."""
    pid_text, _, started = process.partition("@")
    if not pid_text.isdigit():
        return False
    pid = int(pid_text)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OSError):
        pass
    now = _started(pid)
    return started != UNKNOWN and now not in (started, UNKNOWN)


def _started(pid: int) -> str:
    """Field 22 of /proc/pid/stat (proc(5)): start in clock ticks since the machine's start; `?` elsewhere."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return UNKNOWN
    state, started = fields[0], fields[19]
    return f"dead {started}" if state in "ZX" else started


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
