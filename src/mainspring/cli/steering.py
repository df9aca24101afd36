"""An engine for commands that change something and run nothing."""

from __future__ import annotations

from mainspring.cli.parser import Options
from mainspring.cli.stores import store_of
from mainspring.engine import Engine
from mainspring.looking import Looking


def open_to_steer(options: Options) -> Engine:
    """An engine that runs nothing itself: it tells, and leaves; raises `StoreNotFoundError`."""
    url = store_of(options)
    Looking(url).close()
    return Engine(url, slots=0)
