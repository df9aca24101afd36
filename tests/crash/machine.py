"""A machine of its own, with a name and a clock that can be set: where a process under test may be."""

from __future__ import annotations

import mmap
import platform
import struct
import time
from pathlib import Path
from typing import NamedTuple

from mainspring.clock import SystemClock

OFFSET = struct.Struct("d")
_right = time.time


class WrongClock:
    """The clock of a machine; a file tells all its processes by how many seconds it is wrong."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(OFFSET.pack(0.0))
        self.path = path
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), OFFSET.size)

    def now(self) -> float:
        offset_s: float = OFFSET.unpack(self._page[:])[0]
        return _right() + offset_s

    def shift(self, seconds: float) -> None:
        """Set it forward, or back; at once in all processes of the machine."""
        self._page[:] = OFFSET.pack(OFFSET.unpack(self._page[:])[0] + seconds)


class Machine(NamedTuple):
    name: str
    clock: Path

    def carry_me(self) -> None:
        """From now on this process is on that machine."""
        now = WrongClock(self.clock).now
        time.time = now
        SystemClock.now = staticmethod(now)  # which knew the other one before
        platform.node = lambda: self.name
