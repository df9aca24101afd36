"""Civil time: which instants a rule of wall-clock times means in a zone, also where clocks are put on or back.

| `dst` | an hour that does not exist | an hour that happens twice |
|---|---|---|
| `skip` | nothing happens | the first time |
| `shift` | later, by as much as clocks were put on (RFC 5545, section 3.3.5) | the first time |
| `both` | nothing happens | both times |
| `vixie` | fixed times: at once when clocks have been put on | fixed times: the first time |

`vixie` is what Debian's cron does: a rule with a wildcard in its minutes or hours goes by whatever the wall's clock
shows, as `both` does; times that are fixed happen once a day whatever is done to clocks.
"""

from __future__ import annotations

import importlib.resources
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from mainspring.errors import SettingInvalidError

Dst = Literal["skip", "shift", "both", "vixie"]
DST: tuple[Dst, ...] = ("skip", "shift", "both", "vixie")

EPOCH = datetime(1970, 1, 1)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
TICK_S = 1e-6
"""The grain of all instants here."""
LAST_LOCAL = datetime(9990, 1, 1)
"""Nothing is looked for beyond, so that no sum leaves the calendar."""
CHANGE_MAX_S = 26 * 3600.0
"""Clocks have never been put on or back by more: islands have crossed the date line by a day."""


class CivilRule(Protocol):
    """A rule of wall-clock times."""

    @property
    def is_wild(self) -> bool:
        """Whether it goes by the hour or finer, so that an hour more or less is seen by it."""

    def next_local(self, after: datetime) -> datetime | None:
        """The first of its times after this one, both without a zone."""


# --- Zones ------------------------------------------------------------------------------------


class Zone(ZoneInfo):
    """The rules of a zone; a copy in another process reads them there."""

    def __reduce__(self) -> tuple[Any, ...]:
        return zone_of, (self.key,)


@cache
def zone_of(name: str) -> tzinfo:
    """The rules of a zone; raises `SettingInvalidError`.

    They come from the `tzdata` package, so that all machines with the same packages have the same rules.
    """
    if name == "UTC":
        return UTC
    folder, _, file = f"tzdata.zoneinfo.{name.replace('/', '.')}".rpartition(".")
    try:
        with importlib.resources.files(folder).joinpath(file).open("rb") as data:
            return Zone.from_file(data, key=name)
    except (LookupError, ValueError, OSError, ImportError, TypeError):
        raise SettingInvalidError(
            f"tz: {name!r} is no time zone; write the name of a place in the tz database, such as 'Europe/Berlin'"
        ) from None


@cache
def zones_version() -> str:
    """Of the tz database that zones are read from, such as `2026b`."""
    return str(import_module("tzdata").IANA_VERSION)


# --- Between instants and local times ---------------------------------------------------------


def instant_of(local: datetime, offset: timedelta) -> float:
    """Seconds since 1970 when a clock of this offset shows that time."""
    return (local - EPOCH - offset).total_seconds()


def local_of(instant: float, zone: tzinfo) -> datetime:
    """What the clock on the wall shows at an instant, without its zone."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None)


def instant_at(local: datetime, zone: tzinfo) -> float:
    """The first instant at which the wall shows this; where it never does, as RFC 5545 has it (`shift`)."""
    return instant_of(local, _offset(local, zone, 0))


def _offset(local: datetime, zone: tzinfo, fold: int) -> timedelta:
    """Fold 0 is the offset before a change of clocks, 1 the one after it (PEP 495)."""
    offset = local.replace(tzinfo=zone, fold=fold).utcoffset()
    assert offset is not None
    return offset


def _change_between(low: float, high: float, zone: tzinfo) -> float:
    """The instant in (low, high] from which on the offset is that at `high`; there is one change between them."""
    after = datetime.fromtimestamp(high, zone).utcoffset()
    first, last = int(low), int(high)
    while last - first > 1:
        middle = (first + last) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == after:
            last = middle
        else:
            first = middle
    return float(last)


# --- The next instant -------------------------------------------------------------------------


def next_instant(rule: CivilRule, zone: tzinfo, dst: Dst, after: float) -> float | None:
    """The first instant after this one at which the rule fires in the zone."""
    here = datetime.fromtimestamp(after, zone)
    local = here.replace(tzinfo=None)
    if zone is UTC:
        found = rule.next_local(local)
        return None if found is None or found > LAST_LOCAL else instant_of(found, timedelta(0))
    if dst == "vixie" and rule.is_wild:
        dst = "both"
    again = _second_time(rule, zone, here, local) if dst == "both" and not here.fold else None
    late = _put_off(rule, zone, here, local) if dst == "shift" else None
    plain = _ahead(rule, zone, dst, after, local)
    return min((each for each in (again, late, plain) if each is not None), default=None)


def _ahead(rule: CivilRule, zone: tzinfo, dst: Dst, after: float, local: datetime) -> float | None:
    """Of the times that the wall has yet to show."""
    while (found := rule.next_local(local)) is not None and found <= LAST_LOCAL:
        before, behind = _offset(found, zone, 0), _offset(found, zone, 1)
        if before == behind:
            return instant_of(found, before)
        one, other = instant_of(found, before), instant_of(found, behind)
        change = _change_between(min(one, other), max(one, other), zone)
        if before > behind:
            if one > after:
                return one
            if dst == "both":
                return other
            local = EPOCH + timedelta(seconds=change) + before - TICK
            continue
        end = EPOCH + timedelta(seconds=change) + behind
        if dst == "vixie":
            return change
        if dst == "shift":
            following = rule.next_local(end - TICK)
            return one if following is None else min(one, instant_of(following, _offset(following, zone, 1)))
        local = end - TICK
    return None


def _second_time(rule: CivilRule, zone: tzinfo, here: datetime, local: datetime) -> float | None:
    """Where clocks are about to be put back: the first time of the rule that is then shown once more."""
    behind = _offset(local, zone, 1)
    before = here.utcoffset()
    assert before is not None
    if before <= behind:
        return None
    change = _change_between(here.timestamp(), instant_of(local, behind), zone)
    found = rule.next_local(EPOCH + timedelta(seconds=change) + behind - TICK)
    if found is None or found >= EPOCH + timedelta(seconds=change) + before:
        return None
    return instant_of(found, behind)


def _put_off(rule: CivilRule, zone: tzinfo, here: datetime, local: datetime) -> float | None:
    """Where clocks have just been put on: the first time that they leapt over, and that is still to come."""
    now = here.timestamp()
    before, behind = datetime.fromtimestamp(now - CHANGE_MAX_S, zone).utcoffset(), here.utcoffset()
    assert before is not None
    assert behind is not None
    if before >= behind:
        return None
    change = _change_between(now - CHANGE_MAX_S, now, zone)
    leapt_from, leapt_to = EPOCH + timedelta(seconds=change) + before, EPOCH + timedelta(seconds=change) + behind
    found = rule.next_local(max(local - (behind - before), leapt_from - TICK))
    return None if found is None or found >= leapt_to else instant_of(found, before)
