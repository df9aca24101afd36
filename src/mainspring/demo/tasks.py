"""The tasks of the demo."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mainspring import Context, Retry, task
from mainspring.demo.measure import LAST_YEAR, ZoneStatistics, measure_zone
from mainspring.demo.report import write_page
from mainspring.demo.tzif import database_version, read_leap_seconds, zone_names

REPORT = "report.html"
RECENT_YEAR = 2015
"""Changes of the rules since then are worth a section of the report."""
FAILING_ATTEMPTS = 2
TOP = 10


@dataclass(frozen=True, slots=True)
class Region:
    """What the zones of one part of the world have in common."""

    region: str
    zone_count: int
    change_count: int
    daylight_zones: int
    most_changes: str


@dataclass(frozen=True, slots=True)
class World:
    """What all zones say together."""

    zone_count: int
    change_count: int
    offsets: dict[str, int]
    """Zones by their offset now, in seconds."""
    changes_by_year: dict[str, int]
    most_changes: list[dict[str, Any]]
    farthest_from_sun: list[dict[str, Any]]
    never_changed: int
    last_changed_rules: list[dict[str, Any]]
    """Zones without a rule for daylight saving time whose clocks changed for the last time recently."""


@task
def find_zones() -> list[str]:
    """The names of all zones."""
    return zone_names()


@task(isolation="process", retries=2)
def measure(zone: str, years: int, context: Context) -> ZoneStatistics:
    """Statistics of one zone."""
    return measure_zone(zone, years, context.report_progress)


@task
def group(statistics: list[ZoneStatistics]) -> list[list[ZoneStatistics]]:
    """The zones by region, the largest region first."""
    regions: dict[str, list[ZoneStatistics]] = defaultdict(list)
    for each in statistics:
        regions[each.region].append(each)
    return sorted(regions.values(), key=lambda zones: (-len(zones), zones[0].region))


@task
def summarise(zones: list[ZoneStatistics]) -> Region:
    """One region."""
    busiest = max(zones, key=lambda zone: zone.change_count)
    return Region(
        region=zones[0].region,
        zone_count=len(zones),
        change_count=sum(zone.change_count for zone in zones),
        daylight_zones=sum(zone.has_daylight_rule for zone in zones),
        most_changes=busiest.zone,
    )


@task
def compare(statistics: list[ZoneStatistics]) -> World:
    """The whole world."""
    offsets: dict[str, int] = defaultdict(int)
    by_year: dict[str, int] = defaultdict(int)
    for each in statistics:
        offsets[str(each.offset_s)] += 1
        for year, count in each.changes_by_year.items():
            by_year[year] += count
    placed = [each for each in statistics if each.from_sun_min is not None]
    recent = [
        each
        for each in statistics
        if not each.has_daylight_rule and RECENT_YEAR <= (each.last_change or 0) <= LAST_YEAR
    ]
    return World(
        zone_count=len(statistics),
        change_count=sum(by_year.values()),
        offsets=dict(sorted(offsets.items(), key=lambda item: int(item[0]))),
        changes_by_year=dict(sorted(by_year.items())),
        most_changes=[asdict(each) for each in sorted(statistics, key=lambda each: -each.change_count)[:TOP]],
        farthest_from_sun=[
            asdict(each) for each in sorted(placed, key=lambda each: -abs(each.from_sun_min or 0))[:TOP]
        ],
        never_changed=sum(not each.change_count for each in statistics),
        last_changed_rules=[asdict(each) for each in sorted(recent, key=lambda each: -(each.last_change or 0))],
    )


@task(retries=Retry(max=5, delay_s=1.0, backoff=1.5, jitter=0.1, on=(ConnectionError,)))
def ask_observatory(context: Context) -> list[int]:
    """The years of the leap seconds.  It fails on purpose on the first tries, to show what a retry looks like."""
    if context.attempt <= FAILING_ATTEMPTS:
        context.logger.warning("attempt %d: the observatory does not answer", context.attempt)
        raise ConnectionError("no answer (staged)")
    years = read_leap_seconds()
    context.logger.info("the observatory knows %d leap seconds", len(years))
    return years


def some_changed_recently(world: World) -> bool:
    """The condition of the branch."""
    return bool(world.last_changed_rules)


def none_changed_recently(world: World) -> bool:
    return not world.last_changed_rules


@task
def tell_changes(world: World) -> list[str]:
    """Who has changed the clocks for good, newest first."""
    return [f"{zone['last_change']}: {zone['zone']}" for zone in world.last_changed_rules[: 2 * TOP]]


@task
def tell_calm(world: World) -> list[str]:
    """The other branch, which today's data does not take."""
    return [f"None of {world.zone_count} zones has changed its rules since {RECENT_YEAR}."]


@task
def write_report(
    folder: str,
    world: World,
    regions: list[Region],
    leap_years: list[int],
    changes: list[str] | None,
    calm: list[str] | None,
) -> dict[str, Any]:
    """The page with the charts; returns where it is, and the main numbers."""
    path = Path(folder) / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    page = write_page(
        version=database_version(),
        world=world,
        regions=regions,
        leap_years=leap_years,
        remarks=changes or calm or [],
    )
    path.write_text(page, encoding="utf-8")
    return {
        "report": str(path),
        "tz database": database_version(),
        "zones": world.zone_count,
        "clock changes": world.change_count,
        "leap seconds": len(leap_years),
    }
