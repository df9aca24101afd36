"""How long tests wait for what must happen: until it does.  The limit only ends what would wait for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0
"""Longer than anything here takes on a machine that is busy, or stands still for some seconds; shorter than the limit
of a whole test, so that what did not come is named."""


def wait_until(condition: Callable[[], T], what: str, timeout_s: float = PATIENCE_S) -> T:
    """What the condition gives once that is true or not empty."""
    until = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < until, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.005)
    return found
