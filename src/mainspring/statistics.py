"""How many attempts ended, and how long they waited and ran: by handler and queue, for the whole life of a store."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mainspring.kernel.reader import TimesView
from mainspring.kernel.tally import Times, times_of
from mainspring.sketch import Sketch

SHARES = (0.5, 0.9, 0.99)


class Quantiles(Struct, frozen=True):
    """Seconds, right to 5 %; None: nothing was measured."""

    p50: float | None
    p90: float | None
    p99: float | None


class Statistics(Struct, frozen=True):
    """Of one handler in one queue."""

    handler: str
    queue: str
    completed: int
    """Attempts that ended well."""
    failed: int
    waiting_s: Quantiles
    """From when they were ready until they began: how late they were."""
    running_s: Quantiles
    """From their beginning to their end."""


def statistics_of(views: Iterable[TimesView]) -> list[Statistics]:
    """Those of capabilities that differ in what they require are added up."""
    found: dict[tuple[str, str], Times] = {}
    for view in views:
        found.setdefault((view.handler, view.queue), Times()).merge(times_of(view.row))
    return [
        Statistics(*name, times.completed, times.failed, _quantiles(times.waiting), _quantiles(times.running))
        for name, times in sorted(found.items())
    ]


def _quantiles(sketch: Sketch) -> Quantiles:
    return Quantiles(*(sketch.quantile(share) for share in SHARES))
