"""Dask: bundles are tasks of `dask.distributed`; what is said meanwhile comes as events of its scheduler.

If one of its workers dies, Dask runs the bundle again on another, until it has cost so many that Dask gives it up
(`distributed.scheduler.allowed-failures`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any

from mainspring.runtime.bundle import desk
from mainspring.runtime.cluster import ClusterAwayError, Done, Fate, Hear

CONNECT_S_MAX = 10.0
CLOSE_S_MAX = 2.0
COUNT_S = 2.0
"""Between two counts of the cluster's threads."""
SILENT_S_MAX = 60.0
"""A scheduler that has not answered for so long is given up."""


class DaskCluster:
    """A connection to a scheduler of `dask.distributed`."""

    kind = "dask"
    package = "distributed"

    def __init__(self, where: Any) -> None:
        """`where`: the scheduler's address, or a `Client` or a cluster whose address and security are taken."""
        self._where = where
        self._client: Any = None
        self._futures: dict[str, Any] = {}
        self._unbegun: set[str] = set()
        """Bundles that were taken back before they began."""
        self._threads = 1
        self._asked_at = 0.0
        self._answered_at = 0.0

    @property
    def threads(self) -> int:
        return self._threads

    def connect(self, hear: Hear) -> None:
        address, security = _address(self._where)
        distributed = import_module("distributed")
        try:
            client = distributed.Client(
                address, security=security, timeout=CONNECT_S_MAX, name="mainspring", set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterAwayError(f"{address} does not answer: {error}") from None
        self._client, self._futures, self._unbegun = client, {}, set()
        client.subscribe_topic(_topic(client), lambda event: hear(event[1]))
        self._answered_at = self._asked_at = time.monotonic()
        self._later(self._count(client))

    def is_there(self) -> bool:
        now = time.monotonic()
        if now - self._answered_at > SILENT_S_MAX + COUNT_S:
            return False
        if now - self._asked_at > COUNT_S and self._answered_at >= self._asked_at:
            self._asked_at = now
            self._later(self._count(self._client))
        return bool(self._client.status == "running")

    def send(self, id: str, name: str, bundle: bytes, done: Done) -> None:
        client = self._client
        if client.status != "running":
            raise ClusterAwayError("the connection was lost")
        key = f"{name}-{id}"
        future = client.submit(perform, bundle, _topic(client), key=key, pure=False)
        self._futures[id] = future
        self._later(self._follow(id, future, done))

    def tell(self, words: Mapping[str, Sequence[int]], *, is_end: bool, whole: Sequence[str]) -> None:
        self._later(self._tell(dict(words), is_end, list(whole)))

    def close(self) -> None:
        client, self._client = self._client, None
        self._futures.clear()
        if client is not None:
            client.close(timeout=CLOSE_S_MAX)

    # --- On the event loop of the client ------------------------------------------------------

    def _later(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._client.loop.asyncio_loop)

    async def _follow(self, id: str, future: Any, done: Done) -> None:
        try:
            answer = await future
        except (CancelledError, asyncio.CancelledError):  # by us, or since the scheduler is gone or was started anew
            answer = Fate.UNBEGUN if id in self._unbegun else Fate.AWAY
        except OSError:  # while the answer was fetched
            answer = Fate.AWAY
        except Exception as error:  # noqa: BLE001 - whatever the cluster says is the answer
            answer = error
        self._futures.pop(id, None)
        self._unbegun.discard(id)
        done(id, answer)

    async def _tell(self, words: dict[str, Sequence[int]], is_end: bool, whole: list[str]) -> None:
        client = self._client
        answers = await client.run(tell, words, is_end, on_error="return")
        begun = {id for answer in answers.values() if isinstance(answer, list) for id in answer}
        unbegun = [id for id in whole if id not in begun and id in self._futures]
        self._unbegun.update(unbegun)
        await client.cancel([self._futures[id] for id in unbegun])

    async def _count(self, client: Any) -> None:
        counts = await client.nthreads()
        self._threads = max(1, sum(counts.values()))
        self._answered_at = time.monotonic()


# --- In the processes of the cluster ----------------------------------------------------------


def perform(bundle: bytes, topic: str) -> bytes:
    """Perform a bundle; called by a worker of the cluster."""
    worker: Any = import_module("distributed").get_worker()
    return desk.perform(bundle, lambda message: worker.log_event(topic, message))


def tell(words: Mapping[str, Sequence[int]], is_end: bool) -> list[str]:
    """As `Desk.tell`; called in every worker of the cluster."""
    return desk.tell(words, is_end=is_end)


def _topic(client: Any) -> str:
    return f"mainspring-{client.id}"


def _address(where: Any) -> tuple[str, Any]:
    """The address of a scheduler, and how to be let in."""
    if isinstance(where, str):
        return where, None
    scheduler = getattr(where, "scheduler", None)
    address = getattr(where, "scheduler_address", None) or getattr(scheduler, "address", None)
    if not address:
        raise ClusterAwayError(f"{where!r:.80} is connected to no scheduler")
    return str(address), getattr(where, "security", None)
