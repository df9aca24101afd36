"""The state of a schedule, and the decisions that change it."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct, field

from mainspring.sketch import Sketch

CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = range(6)

STATUS_NAMES = ("created", "running", "paused", "completed", "failed", "cancelled")

PREFIX = "schedule/"
"""Of the ids of schedules, so that they take nobody else's."""
NEXT_KEY = "next"
"""Of the timer for the next occurrence."""
RUNS_KEPT = 10

Outcome = Literal["completed", "failed", "cancelled"]


class Run(Struct, frozen=True, omit_defaults=True, gc=False):
    """One start of the target."""

    key: str
    """The occurrence in UTC, or `trigger-3`, or both."""
    occurrence: float
    """What it stands for; of a trigger, when it was asked for."""
    started_at: float = 0.0
    ended_at: float = 0.0
    outcome: Outcome | None = None
    """None: it runs."""


class Backfill(Struct, frozen=True, gc=False):
    """A range of time that is caught up on, one occurrence after the other."""

    next: float
    until: float
    every_s: float
    """Between two starts."""


class Counts(Struct, omit_defaults=True):
    """What has happened so far."""

    fired: int = 0
    """Occurrences that were started."""
    triggered: int = 0
    backfilled: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    """Left out, because another one still ran."""
    missed: int = 0
    """Not started, because nobody was there in time, or the schedule was paused."""
    missed_is_least: bool = False
    """There were more; they were too many to count."""


class ScheduleState(Struct, omit_defaults=True):
    """Where one schedule stands."""

    instance: str
    status: int = CREATED
    settings: Raw = Raw(b"null")
    anchor: float = 0.0
    """When it was made."""
    next: float | None = None
    """The next occurrence.  All earlier ones have been dealt with, and none of them fires again."""
    due_at: float = 0.0
    """When it is to fire."""
    cursor: float = 0.0
    """The last occurrence that was dealt with."""
    zones: str = ""
    """The version of the tz database by which `next` was found."""
    moved_from: float | None = None
    """Where `next` was before the tz database changed."""
    active: dict[str, Run] = {}
    """What runs, by key."""
    queue: tuple[Run, ...] = ()
    """What waits for those."""
    backfills: dict[str, Backfill] = {}
    """By the key of the timer."""
    triggers: int = 0
    """Made so far, waiting ones included; they are numbered."""
    backfill_count: int = 0
    failures: int = 0
    """In a row."""
    counts: Counts = field(default_factory=Counts)
    lateness: Sketch = field(default_factory=Sketch)
    """Seconds between the time that an occurrence was due and its start."""
    last: tuple[Run, ...] = ()
    """The latest that have ended."""
    reason: str = ""
    """Why it is paused."""
    by: str = ""
    """Who has paused it."""
    paused_at: float | None = None

    @property
    def name(self) -> str:
        return self.instance.removeprefix(PREFIX)

    def id_of(self, key: str) -> str:
        """The public id of what is started under a key: one for each occurrence, for ever."""
        return f"{self.name}@{key}"


# --- Decisions --------------------------------------------------------------------------------


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do", gc=False):
    """What was chosen; the event it answers is kept beside it."""


class Defined(Decision, frozen=True, tag="define"):
    """The settings are the event's."""

    anchor: float
    cursor: float
    zones: str


class Fired(Decision, frozen=True, tag="fire"):
    """The target is started."""

    key: str
    occurrence: float
    due_at: float | None = None
    """None: it was asked for, or has waited for others."""


class Skipped(Decision, frozen=True, tag="skip"):
    key: str
    occurrence: float


class Missed(Decision, frozen=True, tag="miss"):
    number: int
    is_least: bool = False
    """There were more; they were too many to count."""


class Queued(Decision, frozen=True, tag="queue"):
    key: str
    occurrence: float


class Stopped(Decision, frozen=True, tag="stop"):
    """What runs is cancelled for the sake of what comes."""

    keys: tuple[str, ...]
    is_forgotten: bool = False
    """Nobody waits for its end."""


class Waits(Decision, frozen=True, tag="wait"):
    """For the next occurrence; None: there is none."""

    cursor: float
    next: float | None = None
    due_at: float = 0.0


class Ended(Decision, frozen=True, tag="end"):
    """What was started has ended."""

    key: str
    outcome: Outcome


class Moved(Decision, frozen=True, tag="move"):
    """The tz database has changed: the next occurrence is at another instant, or at the same."""

    zones: str
    next: float | None
    due_at: float
    before: float | None


class Backfilling(Decision, frozen=True, tag="backfill"):
    """Occurrences of the past are started one after the other; None: no more."""

    key: str
    backfill: Backfill | None
    at: float = 0.0
    """When the next is started."""


class Paused(Decision, frozen=True, tag="pause"):
    reason: str = ""
    by: str = ""


class Resumed(Decision, frozen=True, tag="resume"):
    pass


class Completed(Decision, frozen=True, tag="complete"):
    """It never fires again, and all that it started has ended."""


class Cancelled(Decision, frozen=True, tag="cancel"):
    reason: str = ""


ScheduleDecision = (
    Defined
    | Fired
    | Skipped
    | Missed
    | Queued
    | Stopped
    | Waits
    | Ended
    | Moved
    | Backfilling
    | Paused
    | Resumed
    | Completed
    | Cancelled
)
