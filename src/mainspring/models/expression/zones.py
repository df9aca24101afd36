"""Time zones: the offset of a named zone at a local time or at an instant, in any year.

The rules come from `zoneinfo`, which knows the years 1 to 9999. A later year has the rules of the year that shares its
place in the calendar's cycle of 400 years, an earlier one those of the year 1, which is the zone's local mean time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from importlib import import_module

from mainspring.models.expression.errors import Fault

CYCLE_DAYS = 146_097
"""Days of 400 years, after which weekdays and leap years repeat."""
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""The first and the last day that the standard library knows, counted from 1970-01-01."""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are compared with local times
NAME_LENGTH_MAX = 64
"""Characters of a zone's name; the longest of the database has 32."""

_zones: dict[str, tzinfo] = {}


def zone_named(name: str) -> tzinfo:
    """The rules of a zone; raises Fault when the database does not have it."""
    zone = _zones.get(name)
    if zone is None:
        if len(name) > NAME_LENGTH_MAX or not name.isascii():
            raise Fault(f"{name[:NAME_LENGTH_MAX]!r} is not a time zone")
        try:
            # Loaded here because it takes as long to import as half of this package, and few expressions name a zone.
            zone = import_module("zoneinfo").ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise Fault(f"{name!r} is not a time zone") from None
        assert isinstance(zone, tzinfo)
        _zones[name] = zone
    return zone


def offset_at_local(name: str, day: int, second: int) -> int:
    """The offset in seconds when the zone's clocks show this day and second; of two such moments, the first."""
    moment = EPOCH + timedelta(days=_within(day), seconds=second)
    return _seconds(moment.replace(tzinfo=zone_named(name)))


def offset_at_instant(name: str, day: int, second: int) -> int:
    """The offset in seconds at an instant, given as day and second in UTC."""
    moment = EPOCH + timedelta(days=_within(day), seconds=second)
    return _seconds(moment.replace(tzinfo=UTC).astimezone(zone_named(name)))


def standard_offset(name: str) -> int:
    """The zone's offset without daylight saving; a time of day has no date to tell more."""
    january = datetime(2000, 1, 1, tzinfo=zone_named(name))
    return _seconds(january) - int((january.dst() or timedelta()).total_seconds())


def _within(day: int) -> int:
    """A day that has the same rules and that the standard library knows, with a day to spare on either side."""
    if day >= LAST_DAY:
        return day - CYCLE_DAYS * ((day - LAST_DAY) // CYCLE_DAYS + 1)
    return max(day, FIRST_DAY + 1)


def _seconds(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
