"""A cluster whose bundles wait until the test has them performed, in this very process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mainspring.runtime.bundle import Bundle, Desk
from mainspring.runtime.cluster import ClusterAwayError, Done, Fate, Hear
from tests.patience import PATIENCE_S

THREADS = 2


class HandTurned:
    """A cluster whose bundles wait until the test has them performed."""

    kind = "dask"
    threads = THREADS

    def __init__(self) -> None:
        self.is_reachable = True
        self.is_whole = True
        self.connections = 0
        self.sent: list[tuple[str, Bundle, bytes, Done]] = []
        self.told: list[tuple[dict[str, list[int]], bool, list[str]]] = []
        self.changed = threading.Condition()
        self._desk = Desk()
        self._hear: Hear | None = None

    # --- As the executor sees it --------------------------------------------------------------

    def connect(self, hear: Hear) -> None:
        if not self.is_reachable:
            raise ClusterAwayError("nobody answers")
        with self.changed:
            self.is_whole, self._hear = True, hear
            self.connections += 1
            self.changed.notify_all()

    def is_there(self) -> bool:
        return self.is_whole

    def send(self, id: str, name: str, bundle: bytes, done: Done) -> None:
        if not self.is_whole:
            raise ClusterAwayError("it is gone")
        with self.changed:
            self.sent.append((id, msgspec.msgpack.decode(bundle, type=Bundle), bundle, done))
            self.changed.notify_all()

    def tell(self, words: Mapping[str, Sequence[int]], *, is_end: bool, whole: Sequence[str]) -> None:
        begun = self._desk.tell(words, is_end=is_end)
        with self.changed:
            self.told.append(({id: list(places) for id, places in words.items()}, is_end, list(whole)))
            back = [one for one in self.sent if one[0] in whole and one[0] not in begun]
            self.sent = [one for one in self.sent if one not in back]
            self.changed.notify_all()
        for id, _, _, done in back:
            done(id, Fate.UNBEGUN)

    def close(self) -> None:
        with self.changed:
            self.is_whole = False
            self.sent.clear()

    # --- As the test does ---------------------------------------------------------------------

    def wait_until(self, holds: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, PATIENCE_S)

    def take(self, count: int = 1) -> list[tuple[str, Bundle, bytes, Done]]:
        """The next bundles."""
        self.wait_until(lambda: len(self.sent) >= count)
        with self.changed:
            taken, self.sent = self.sent[:count], self.sent[count:]
        return taken

    def perform(self, count: int = 1) -> None:
        """Perform the next bundles to their ends."""
        for id, _, data, done in self.take(count):
            done(id, self.answer(data))

    def answer(self, data: bytes) -> bytes:
        assert self._hear is not None
        return self._desk.perform(data, self._hear)

    def go_down(self) -> None:
        self.is_reachable = self.is_whole = False
