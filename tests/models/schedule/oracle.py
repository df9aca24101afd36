"""The slow and obvious way: changes of clocks found by looking at each day, every local time tried with each offset.

It shares nothing with the code that it judges but the zone itself.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import NamedTuple

from mainspring.models.schedule.civil import zone_of

EPOCH = datetime(1970, 1, 1)
FIRST, LAST = 0, 2_145_916_800
"""1970 to 2038."""
DAY_S = 86_400


class Change(NamedTuple):
    """Clocks of a zone are put on or back."""

    zone: str
    at: int
    before: timedelta
    after: timedelta


def zone_names() -> list[str]:
    """All zones of the database; of those that are the same under several names one."""
    folder = importlib.resources.files("tzdata")
    names = folder.joinpath("zones").read_text(encoding="utf-8").split()
    by_content: dict[str, str] = {}
    for name in sorted(names):
        digest = hashlib.sha256(folder.joinpath("zoneinfo", name).read_bytes()).hexdigest()
        by_content.setdefault(digest, name)
    return sorted(by_content.values())


@cache
def changes_of(name: str) -> tuple[Change, ...]:
    """Every change of the offset from UTC from 1970 to 2038, one in a quarter of a day at most."""
    zone = zone_of(name)
    if zone is UTC:
        return ()
    found = []
    step = DAY_S // 4
    before = offset_at(FIRST, zone)
    for at in range(FIRST + step, LAST, step):
        after = offset_at(at, zone)
        if after != before:
            found.append(Change(name, moment_of_change(at - step, at, zone), before, after))
            before = after
    return tuple(found)


def moment_of_change(low: int, high: int, zone: tzinfo) -> int:
    before = offset_at(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_at(middle, zone) == before else (low, middle)
    return high


def offset_at(instant: float, zone: tzinfo) -> timedelta:
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset


def instants_of(locals_: Iterable[datetime], change: Change, dst: str) -> list[float]:
    """When a rule of these local times fires around one change, as the table of policies says."""
    zone = zone_of(change.zone)
    offsets = {change.before, change.after}
    found: set[float] = set()
    for local in locals_:
        shown = sorted(
            instant
            for instant in ((local - EPOCH - offset).total_seconds() for offset in offsets)
            if datetime.fromtimestamp(instant, zone).replace(tzinfo=None) == local
        )
        if shown:
            found.update(shown if dst == "both" else shown[:1])
        elif dst == "shift":
            found.add((local - EPOCH - change.before).total_seconds())
        elif dst == "vixie":
            found.add(float(change.at))
    return sorted(found)
