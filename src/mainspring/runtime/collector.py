"""Python's garbage collector, and when it would only be in the way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector out of a short piece of work that makes much and drops nearly all of it, none in a cycle.

    A turn makes thousands of rows, a batch of attempts thousands of tasks: whatever a collection looked at would be
    alive.  It took a tenth of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
