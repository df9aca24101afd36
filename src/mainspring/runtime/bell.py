"""What wakes a thread that has nothing to do: somebody who rings, or something that arrives in a file descriptor."""

from __future__ import annotations

import contextlib
import os
import select
import threading


class Bell:
    """As `threading.Event`, which it is as long as nobody waits for a file descriptor as well."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._pipe: tuple[int, int] | None = None

    def set(self) -> None:
        self._event.set()
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):  # it is full, so there is something in it
                os.write(self._pipe[1], b"!")

    def wait(self, seconds: float, socket: int | None = None) -> None:
        """Until it is rung, something arrives in `socket`, or that many seconds have passed."""
        if socket is None:
            self._event.wait(seconds)
            return
        if self._pipe is None:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[0], False)
            os.set_blocking(self._pipe[1], False)
        if not self._event.is_set():
            select.select((self._pipe[0], socket), (), (), seconds)

    def clear(self) -> None:
        self._event.clear()
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._pipe[0], 4_096)

    def close(self) -> None:
        """Nobody waits any more; ringing is harmless."""
        pipe, self._pipe = self._pipe, None
        for end in pipe or ():
            os.close(end)
