"""The outpost: an actor on a cluster of Ray that has bundles performed as tasks, for one worker.

There is no way to call a process that runs a task.  So the outpost keeps what is said in both directions until it is
asked for.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from mainspring.runtime.bundle import desk
from mainspring.runtime.clusters.ray_messages import Came, Send, Tell, There, decode_order, encode

COLLECT_S = 1.0
"""For which the outpost lets its driver wait for something to tell."""
COUNT_S = 2.0
"""Between two counts of the cluster's processors."""
EXCHANGE_S = 0.5
"""Between two times that a bundle under way says what was said, and asks what is told."""
TEXT_LENGTH_MAX = 1_000

Word = tuple[list[int], bool]
"""Places of a bundle that are not wanted any more, and whether what runs of them is to end."""


class Outpost:
    """Its methods run on one event loop."""

    def __init__(self) -> None:
        self._ray: Any = import_module("ray")
        self._me = self._ray.get_runtime_context().current_actor
        self._perform = self._ray.remote(perform)
        self._following: set[asyncio.Task[None]] = set()
        self._wanted: set[str] = set()
        self._begun: set[str] = set()
        self._words: dict[str, list[Word]] = {}
        self._said: list[bytes] = []
        self._came: list[Came] = []
        self._bell = asyncio.Event()
        self._threads, self._counted_at = 1, 0.0

    async def take(self, data: bytes) -> None:
        match decode_order(data):
            case Send(id, name, bundle):
                ref = self._perform.options(name=name, num_cpus=1).remote(id, bundle, self._me)
                self._wanted.add(id)
                following = asyncio.create_task(self._follow(id, ref))
                self._following.add(following)
                following.add_done_callback(self._following.discard)
            case Tell(words, is_end, whole):
                self._tell(words, is_end, whole)

    async def collect(self) -> bytes:
        """A `There`, as soon as there is something to tell."""
        with suppress(TimeoutError):  # nothing came, and that is told
            await asyncio.wait_for(self._bell.wait(), COLLECT_S)
        self._bell.clear()
        if time.monotonic() - self._counted_at > COUNT_S:
            self._counted_at = time.monotonic()
            self._threads = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        there = There(self._threads, self._said, self._came)
        self._said, self._came = [], []
        return encode(there)

    async def begin(self, id: str) -> bool:
        """Whether a bundle may begin."""
        if id in self._wanted:
            self._begun.add(id)
        return id in self._wanted

    async def exchange(self, id: str, said: list[bytes], heard: int) -> list[Word]:
        """Take what a bundle under way says; returns what it was told, but for the first `heard` words."""
        if said:
            self._said += said
            self._bell.set()
        return self._words.get(id, [])[heard:]

    def _tell(self, words: dict[str, list[int]], is_end: bool, whole: list[str]) -> None:
        for id, places in words.items():
            if id in self._wanted:
                self._words.setdefault(id, []).append((places, is_end))
        for id in whole:
            if id in self._wanted and id not in self._begun:
                self._end(Came(id))  # its task stays in Ray's line, and ends as soon as it asks whether it may begin

    async def _follow(self, id: str, ref: Any) -> None:
        try:
            came = Came(id, await ref)
        except Exception as error:  # noqa: BLE001 - whatever the cluster says is the answer
            came = Came(id, error=told(error), is_stranger="failed to import" in str(error))
        if id in self._wanted:
            self._end(came)

    def _end(self, came: Came) -> None:
        self._wanted.remove(came.id)
        self._words.pop(came.id, None)
        self._begun.discard(came.id)
        self._came.append(came)
        self._bell.set()


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:TEXT_LENGTH_MAX]


# --- In the processes of tasks ----------------------------------------------------------------


def perform(id: str, bundle: bytes, outpost: Any) -> bytes | None:
    """Perform a bundle, as a task of Ray; None: it was taken back."""
    get = import_module("ray").get
    said: deque[bytes] = deque()
    with Speaking(
        id,
        said,
        lambda: get(outpost.begin.remote(id)),
        lambda *words: get(outpost.exchange.remote(id, *words)),
    ) as speaking:
        return desk.perform(bundle, said.append) if speaking.may_begin() else None


class Speaking:
    """Asks whether a bundle may begin, says what it says, and hears what it is told.

    In a thread of its own: while the first thread of a task waits for an answer, Ray gives its processor to another.
    """

    def __init__(
        self,
        id: str,
        said: deque[bytes],
        begin: Callable[[], bool],
        exchange: Callable[[list[bytes], int], Sequence[Word]],
    ) -> None:
        self._id = id
        self._said = said
        self._begin = begin
        self._exchange = exchange
        self._may_begin = False
        self._answered = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mainspring-speaking", daemon=True)

    def __enter__(self) -> Speaking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def may_begin(self) -> bool:
        self._answered.wait()
        return self._may_begin

    def _run(self) -> None:
        try:
            self._may_begin = self._begin()
        finally:
            self._answered.set()
        heard = 0
        while self._may_begin and not self._over.wait(EXCHANGE_S):
            said = [self._said.popleft() for _ in range(len(self._said))]
            for places, is_end in self._exchange(said, heard):
                heard += 1
                desk.tell({self._id: places}, is_end=is_end)
