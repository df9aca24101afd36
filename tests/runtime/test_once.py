"""The law of the worker: each attempt is reported exactly once, whatever handlers, time-outs and cancels do."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from typing import Any

import pytest

from mainspring.handler_context import Context
from mainspring.kernel.records import Attempt, Progress
from mainspring.runtime import loop as loop_module
from tests.patience import PATIENCE_S
from tests.runtime import crew
from tests.runtime.shop import Shop

COUNT = 400
PROCESSES: list[tuple[Any, dict[str, Any]]] = [(crew.double, {"number": 1}), (crew.vanish, {"code": 1})]


def nap(context: Context, seconds: float, deaf: bool) -> float:
    until = time.monotonic() + seconds
    while time.monotonic() < until and (deaf or not context.cancelled):
        time.sleep(0.001)
    context.logger.info("done")
    return seconds


async def nap_async(seconds: float, deaf: bool) -> float:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not deaf:
            raise
        await asyncio.sleep(seconds)
    return seconds


NAPS: list[Any] = [nap, nap_async]


@pytest.mark.parametrize("seed", range(3))
def test_each_attempt_is_reported_exactly_once(seed, monkeypatch):
    monkeypatch.setattr(loop_module, "YIELD_GRACE_S", 0.005)
    chance = random.Random(seed)
    shop = Shop(threads=8, processes=2)
    attempts = []
    for _ in range(COUNT):
        function: Any = chance.choice(NAPS)
        arguments: dict[str, Any] = {"seconds": chance.choice([0, 0, 0.002, 0.01]), "deaf": chance.random() < 0.3}
        if chance.random() < 0.05:
            function, arguments = chance.choice(PROCESSES)
        timeout_s = chance.choice([None, 0.001, 0.004, 0.01, 5])
        attempts.append(shop.submit(function, timeout_s=timeout_s, **arguments))
        if chance.random() < 0.2:
            victim = chance.choice(attempts)
            shop.worker.cancel(victim.instance, victim.key)
    ended = Counter(shop.end().attempt.instance for _ in range(COUNT))
    assert ended == Counter(attempt.instance for attempt in attempts)
    assert shop.worker.drain(PATIENCE_S) == []
    left = [one for one in list(shop.inbox.queue) if not isinstance(one, Progress)]
    assert left == [], "nothing is reported twice"


@pytest.mark.parametrize("seed", range(3))
def test_a_drain_under_load_accounts_for_each_attempt(seed):
    chance = random.Random(seed)
    shop = Shop(threads=4, processes=1)
    attempts = [
        shop.submit(chance.choice(NAPS), seconds=chance.choice([0, 0.01, 0.05]), deaf=False) for _ in range(COUNT)
    ]
    drained: list[list[Attempt]] = []
    stopper = threading.Thread(target=lambda: drained.append(shop.worker.drain(chance.choice([0.0, 0.02]))))
    stopper.start()
    stopper.join(PATIENCE_S)
    [given_up] = drained
    ended = [one.attempt.instance for one in list(shop.inbox.queue) if not isinstance(one, Progress)]
    ended += [one.instance for one in given_up]
    assert Counter(ended) == Counter(attempt.instance for attempt in attempts)
