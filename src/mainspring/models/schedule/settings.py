"""The settings of a schedule: its rules, what they start, and what becomes of those that collide or are missed."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct, json

from mainspring.models.schedule.civil import Dst
from mainspring.models.schedule.interval import Unit

Overlap = Literal["allow", "skip", "queue_one", "queue_all", "cancel", "terminate"]
Catchup = Literal["none", "latest", "all", "window"]

OVERLAPS: dict[Overlap, str] = {
    "allow": "start beside those that still run",
    "skip": "leave out what falls due while one still runs",
    "queue_one": "let one wait until none runs; leave out the others",
    "queue_all": "let all wait, one after the other",
    "cancel": "cancel those that run; start when they have ended",
    "terminate": "cancel those that run, and start at once",
}
CATCHUPS: dict[Catchup, str] = {
    "none": "what could not start within a minute is missed",
    "latest": "of those that were missed the latest starts",
    "all": "all start, the latest `catchup_max` of them",
    "window": "all of the last `catchup_s` seconds start",
}
CATCHUP_MAX = 1_000
"""Occurrences that are caught up on at once; a million would be no help to anybody."""
QUEUE_MAX = 1_000
"""Occurrences that wait for those that run; later ones are left out."""


# --- Rules ------------------------------------------------------------------------------------


class Rule(Struct, frozen=True, omit_defaults=True, tag_field="kind", forbid_unknown_fields=True):
    """When; several together are a union."""


class AtRule(Rule, frozen=True, tag="at"):
    at: float


class EveryRule(Rule, frozen=True, tag="every"):
    seconds: float
    phase_s: float | None = None
    """Counted from midnight UTC 1970-01-01; None: counted from the start of the schedule."""


class CalendarRule(Rule, frozen=True, tag="calendar"):
    count: int
    unit: Unit


class CronRule(Rule, frozen=True, tag="cron"):
    cron: str


class RecurrenceRule(Rule, frozen=True, tag="rrule"):
    rrule: str


AnyRule = AtRule | EveryRule | CalendarRule | CronRule | RecurrenceRule


class Exclusions(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """When not."""

    dates: tuple[str, ...] = ()
    """Whole days of the schedule's zone: `2026-12-25`."""
    weekdays: tuple[int, ...] = ()
    """Monday is 0."""
    instants: tuple[float, ...] = ()
    windows: tuple[tuple[float, float], ...] = ()
    """From an instant up to another, which is allowed again."""
    daily: tuple[tuple[int, int], ...] = ()
    """From a second of the day up to another, in the schedule's zone; perhaps past midnight."""
    rules: tuple[AnyRule, ...] = ()
    """Their own times."""


# --- Targets ----------------------------------------------------------------------------------


class Target(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an occurrence starts, or the event that it sends to an instance that is there."""

    name: str
    """Of the definition, or the id of the instance."""
    model: str = ""
    """Of the definition; empty: an event is sent."""
    digest: str = ""
    """Of the definition; empty: the newest of its name."""
    entry: str = ""
    """What of the definition begins; empty: the usual."""
    event: str = ""
    input: Raw = Raw(b"{}")
    """The input of what is started, or the data of the event."""
    occurrence_in: tuple[str, ...] = ()
    """Fields of the input that are filled with the time that the occurrence stands for, in ISO 8601."""
    priority: int = 0


# --- All together -----------------------------------------------------------------------------


class Settings(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a user says about a schedule."""

    target: Target
    rules: tuple[AnyRule, ...]
    tz: str = "UTC"
    dst: Dst | None = None
    """None: `vixie` for cron, `shift` for all others."""
    exclude: Exclusions = Exclusions()
    business_day: bool = False
    """What falls on an excluded day is moved to the next that is not."""
    starts_at: float | None = None
    ends_at: float | None = None
    count: int | None = None
    """It fires at most so often."""
    overlap: Overlap = "skip"
    catchup: Catchup = "latest"
    catchup_max: int = CATCHUP_MAX
    catchup_s: float = 0.0
    jitter_s: float = 0.0
    pause_after: int = 0
    """It is paused after so many failures in a row; 0: never."""

    def encode(self) -> bytes:
        return json.encode(self)


_decode = json.Decoder(Settings).decode


def decode_settings(text: bytes) -> Settings:
    return _decode(text)
