"""The page that the demo writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from mainspring.demo.measure import LAST_YEAR
from mainspring.drawing.chart import Bar, Series, draw_bars, draw_lines

FIRST_YEAR = 1880
"""Before, hardly a place had a time by law."""

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p.quiet, footer { color: GrayText; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; }
tr { border-bottom: 1px solid color-mix(in srgb, GrayText 30%, transparent); }
td.number, th.number { text-align: right; }
svg { max-width: 100%; height: auto; }
.numbers { display: flex; flex-wrap: wrap; gap: 2rem; margin: 1.5rem 0; }
.numbers b { display: block; font-size: 1.6rem; }
"""


def write_page(
    *, version: str, world: Any, regions: Sequence[Any], leap_years: Sequence[int], remarks: Sequence[str]
) -> str:
    """The whole page as HTML, with its charts inside."""
    numbers = [
        (world.zone_count, "zones, aliases included"),
        (world.change_count, f"clock changes up to {LAST_YEAR}"),
        (len(world.offsets), "different offsets today"),
        (world.never_changed, "zones that never changed"),
        (len(leap_years), "leap seconds"),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>The time zones of the world</title>',
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>',
            "<h1>The time zones of the world</h1>",
            f'<p class="quiet">tz database {escape(version)}, public domain</p>',
            '<div class="numbers">',
            *(f"<div><b>{count:,}</b>{escape(what)}</div>" for count, what in numbers),
            "</div>",
            _years_chart(world.changes_by_year),
            _offsets_chart(world.offsets),
            _regions_chart(regions),
            "<h2>Clocks that are farthest from the sun</h2>",
            _table(
                ("zone", "minutes ahead of the sun"),
                [(zone["zone"], f"{zone['from_sun_min']:+.0f}") for zone in world.farthest_from_sun],
            ),
            "<h2>Zones that changed their clocks most often</h2>",
            _table(
                ("zone", "changes", "since"),
                [(zone["zone"], f"{zone['change_count']:,}", str(zone["first_change"])) for zone in world.most_changes],
            ),
            "<h2>Clocks that were changed for good in the last years</h2>",
            "<ul>",
            *(f"<li>{escape(remark)}</li>" for remark in remarks),
            "</ul>",
            "<footer><p>Measured by a mainspring workflow: one durable task for each zone.</p></footer>",
            "</body></html>\n",
        ]
    )


def _years_chart(changes: dict[str, int]) -> str:
    points = tuple((float(year), float(changes.get(str(year), 0))) for year in range(FIRST_YEAR, LAST_YEAR + 1))
    return draw_lines(
        [Series("changes", points)], title="Changes of clocks in a year, all zones together", x_label="year"
    )


def _offsets_chart(offsets: dict[str, int]) -> str:
    bars = [Bar(offset_text(int(offset)), count) for offset, count in offsets.items()]
    return draw_bars(bars, title="Zones by their distance from UTC", unit="zones")


def _regions_chart(regions: Iterable[Any]) -> str:
    bars = [Bar(region.region, round(region.change_count / region.zone_count, 1)) for region in regions]
    return draw_bars(sorted(bars, key=lambda bar: -bar.value), title="Changes of clocks per zone", unit="changes")


def offset_text(seconds: int) -> str:
    sign = "−" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3_600)
    return f"UTC{sign}{hours}" + (f":{rest // 60:02}" if rest else "")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if place else ''}>{escape(text)}</{tag}>" for place, text in enumerate(row)
        )

    lines = [f"<tr>{cells(row, 'td')}</tr>" for row in rows]
    return "\n".join([f"<table><tr>{cells(header, 'th')}</tr>", *lines, "</table>"])
