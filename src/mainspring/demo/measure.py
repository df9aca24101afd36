"""What is worth knowing of a time zone, from its file and from walking through its hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from mainspring.demo.tzif import ZoneFile, open_zone, read_places, read_zone

HOUR_S = 3_600
DAY_HOURS = 24
DAY_S = DAY_HOURS * HOUR_S
HOURS_PER_REPORT = 5_000
LAST_YEAR = 2025
"""The walk ends with this year, so that the numbers do not depend on when the demo is run."""


@dataclass(frozen=True, slots=True)
class ZoneStatistics:
    """What was measured of one zone."""

    zone: str
    region: str
    change_count: int
    """How often the clocks were set, up to `LAST_YEAR`."""
    first_change: int | None
    """Year; None: the clocks never changed."""
    last_change: int | None
    """May lie in the future, where that is known."""
    has_daylight_rule: bool
    offset_s: int
    """Ahead of UTC in the last hour of the walk."""
    offset_count: int
    """Different offsets in the whole history of the zone."""
    abbreviation_count: int
    daylight_share: float
    """Of the hours walked."""
    odd_days: int
    """Of the days walked: those that had not 24 hours."""
    from_sun_min: float | None
    """Minutes that the clocks are ahead of the sun at the zone's place; None: it has none."""
    changes_by_year: dict[str, int] = field(default_factory=dict)


def measure_zone(zone: str, years: int, report_progress: Callable[[float], None]) -> ZoneStatistics:
    """Statistics of a zone, for which each hour of so many years is looked at."""
    file, info = read_zone(zone), open_info(zone)
    daylight_share, odd_days, offset_s = walk_hours(info, years, report_progress)
    instants = [*listed_changes(file), *ruled_changes(file, info)]
    all_changes = Counter(datetime.fromtimestamp(at, UTC).year for at in instants)
    changes = Counter({year: count for year, count in all_changes.items() if year <= LAST_YEAR})
    place = read_places().get(zone)
    return ZoneStatistics(
        zone=zone,
        region=zone.partition("/")[0] if "/" in zone else "(others)",
        change_count=changes.total(),
        first_change=min(changes, default=None),
        last_change=max(all_changes, default=None),
        has_daylight_rule=file.has_daylight_rule,
        offset_s=offset_s,
        offset_count=len({transition.offset_s for transition in file.transitions}) or 1,
        abbreviation_count=len({transition.abbreviation for transition in file.transitions}) or 1,
        daylight_share=round(daylight_share, 4),
        odd_days=odd_days,
        from_sun_min=None if place is None else from_sun(offset_s, place[1]),
        changes_by_year={str(year): count for year, count in sorted(changes.items())},
    )


def open_info(zone: str) -> ZoneInfo:
    with open_zone(zone).open("rb") as stream:
        return ZoneInfo.from_file(stream, key=zone)


def from_sun(offset_s: int, longitude: float) -> float:
    """Minutes that clocks are ahead of the mean sun there; what day it is does not matter."""
    return round((offset_s / 60 - longitude * 4 + 720) % 1440 - 720, 1)


# --- Changes of the clocks --------------------------------------------------------------------


def listed_changes(file: ZoneFile) -> Iterator[int]:
    """Transitions after which the clocks showed something else, not only called it something else."""
    for before, after in pairwise(file.transitions):
        if before.offset_s != after.offset_s:
            yield after.at


def ruled_changes(file: ZoneFile, info: ZoneInfo) -> Iterator[int]:
    """Those after the last listed transition: a file does not list what follows from its rule for ever."""
    if not file.has_daylight_rule or not file.transitions:
        return
    end = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    start = file.transitions[-1].at + DAY_S
    before = datetime.fromtimestamp(start, info).utcoffset()
    for at in range(start + DAY_S, end, DAY_S):
        offset = datetime.fromtimestamp(at, info).utcoffset()
        if offset != before:
            yield at
        before = offset


# --- The walk ---------------------------------------------------------------------------------


def walk_hours(info: ZoneInfo, years: int, report_progress: Callable[[float], None]) -> tuple[float, int, int]:
    """(share of hours with daylight saving time, days that had not 24 hours, last offset in seconds)."""
    start = int(datetime(LAST_YEAR - years + 1, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    hours = (end - start) // HOUR_S
    days: Counter[int] = Counter()
    daylight_hours = 0
    local = datetime.fromtimestamp(start, info)
    for hour in range(hours):
        local = datetime.fromtimestamp(start + hour * HOUR_S, info)
        days[local.toordinal()] += 1
        daylight_hours += bool(local.dst())
        if hour % HOURS_PER_REPORT == 0:
            report_progress(hour / hours)
    whole_days = sorted(days)[1:-1]  # the first and the last are cut by the ends of the walk
    odd_days = sum(days[day] != DAY_HOURS for day in whole_days)
    offset = local.utcoffset()
    return daylight_hours / hours, odd_days, round(offset.total_seconds()) if offset is not None else 0
