"""What a schedule is asked besides what every instance is: signals by name, with their data."""

from __future__ import annotations

from msgspec import Raw, Struct, json

from mainspring.models.contract import Signal

UPDATE, TRIGGER, BACKFILL, ZONES = "update", "trigger", "backfill", "zones"
"""Other settings; start it now; catch up on a range; look at the zones again, for their rules have changed."""


class BackfillRange(Struct, frozen=True):
    """The occurrences from `start` to `end`, both included."""

    start: float
    end: float
    every_s: float
    """Between two starts."""


def backfill_signal(wanted: BackfillRange) -> Signal:
    return Signal(BACKFILL, Raw(json.encode(wanted)))


def read_range(event: Signal) -> BackfillRange:
    return json.decode(event.data, type=BackfillRange)
