"""The handle of a schedule: what is to come, what has been, and steering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from mainspring.case import Host
from mainspring.errors import InstanceNotFoundError, ScheduleNotFoundError, SettingInvalidError
from mainspring.history import end_fold
from mainspring.instance import Instance
from mainspring.kernel.lifecycle import CANCELLED
from mainspring.kernel.reader import InstanceView
from mainspring.kernel.records import Tell
from mainspring.models.contract import CancelRequested, PauseRequested, ResumeRequested, Signal
from mainspring.models.schedule.asking import TRIGGER, UPDATE, BackfillRange, backfill_signal
from mainspring.models.schedule.model import Answer
from mainspring.models.schedule.request import changed, instant, told
from mainspring.models.schedule.settings import Settings, decode_settings
from mainspring.models.schedule.state import PREFIX, Run, ScheduleState
from mainspring.models.schedule.timetable import Timetable, timetable_of

PREVIEW_MAX = 10_000
BACKFILL_S = 1.0
"""Between two starts of a range, where nothing else is said."""
NAME_LENGTH_MAX = 120


@dataclass(frozen=True, slots=True)
class ScheduleRun:
    """One start of a schedule's target."""

    id: str
    """Of the instance."""
    occurrence: datetime
    """The time that it stands for, in the schedule's zone."""
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    """`running`, `completed`, `failed` or `cancelled`."""


@dataclass(frozen=True, slots=True)
class ScheduleStatistics:
    """What a schedule has done so far."""

    fired: int
    triggered: int
    backfilled: int
    running: int
    waiting: int
    """For those that run."""
    completed: int
    failed: int
    cancelled: int
    skipped: int
    """Left out, because another one still ran."""
    missed: int
    """Not started, because nobody was there in time, or the schedule was paused."""
    missed_is_least: bool
    """There were more; they were too many to count."""
    lateness_p50_s: float | None
    """Between due and started; right to 5 %."""
    lateness_p99_s: float | None
    last_runs: tuple[ScheduleRun, ...]
    """Those that run, and the latest that have ended; the newest first."""


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """A schedule at one moment."""

    name: str
    status: str
    rule: str
    """In one line."""
    tz: str
    target: str
    next: datetime | None
    """The next occurrence, in the schedule's zone."""
    due_at: datetime | None
    """When it is to fire: later by its jitter."""
    moved_from: datetime | None
    """Where it was before the tz database changed."""
    reason: str
    """Why it is paused."""
    by: str
    """Who has paused it."""
    paused_at: datetime | None
    settings: dict[str, Any]


class Schedule:
    """A schedule of a store, by its name."""

    def __init__(self, engine: Host, name: str) -> None:
        self._engine = engine
        self.name = name
        self.id = f"{PREFIX}{name}"
        """Of the instance that it is."""

    def __repr__(self) -> str:
        return f"<schedule {self.name}>"

    # --- Looking ------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`running`, `paused`, `completed` (it never fires again) or `cancelled`."""
        return self._view().status

    def info(self) -> ScheduleInfo:
        view, state = self._load()
        settings, table = _settings(state), _table(state)
        return ScheduleInfo(
            name=self.name,
            status=view.status,
            rule=told(settings),
            tz=settings.tz,
            target=f"{settings.target.event} to {settings.target.name}" if settings.target.event else _target(settings),
            next=_local(state.next, table.zone),
            due_at=_local(None if state.next is None else state.due_at, table.zone),
            moved_from=_local(state.moved_from, table.zone),
            reason=state.reason,
            by=state.by,
            paused_at=_local(state.paused_at, table.zone),
            settings=msgspec.json.decode(state.settings),
        )

    def preview(self, count: int = 10, *, after: datetime | None = None) -> list[datetime]:
        """The next occurrences, in the schedule's zone; `after`: those after this instant."""
        if not _is_within(count, int, 1, PREVIEW_MAX):
            raise SettingInvalidError(f"count must be 1 to {PREVIEW_MAX:,}, not {count!r}")
        found = []
        for each in self.occurrences(after=after):
            found.append(each)
            if len(found) == count:
                break
        return found

    def occurrences(self, *, after: datetime | None = None) -> Iterator[datetime]:
        """All that is to come."""
        _, state = self._load()
        table, limit = _table(state), _settings(state).count
        left = None if limit is None else max(0, limit - state.counts.fired)
        if after is not None:
            at: float | None = table.next_after(instant(after, "after"))
        else:
            at = state.next
        while at is not None and (left is None or left > 0):
            yield datetime.fromtimestamp(at, table.zone)
            left = None if left is None else left - 1
            at = table.next_after(at)

    def statistics(self) -> ScheduleStatistics:
        _, state = self._load()
        counts, zone = state.counts, _table(state).zone
        runs = sorted((*state.last, *state.active.values()), key=lambda run: run.started_at, reverse=True)
        return ScheduleStatistics(
            fired=counts.fired,
            triggered=counts.triggered,
            backfilled=counts.backfilled,
            running=len(state.active),
            waiting=len(state.queue),
            completed=counts.completed,
            failed=counts.failed,
            cancelled=counts.cancelled,
            skipped=counts.skipped,
            missed=counts.missed,
            missed_is_least=counts.missed_is_least,
            lateness_p50_s=state.lateness.quantile(0.5),
            lateness_p99_s=state.lateness.quantile(0.99),
            last_runs=tuple(_run(state, run, zone) for run in runs[:10]),
        )

    # --- Steering -----------------------------------------------------------------------------
    # Each is durable when it returns, and raises `RefusedError` where it makes no sense.

    def pause(self, reason: str = "", *, by: str = "") -> None:
        """Start nothing more; what runs goes on."""
        self._engine.tell(self.id, PauseRequested(reason, by))

    def resume(self) -> None:
        """Go on after `pause`; what was missed meanwhile is dealt with as `catchup` says."""
        self._engine.tell(self.id, ResumeRequested())

    def trigger(self) -> Instance | None:
        """Start the target now, whatever the rules say; None where it waits for one that still runs, or is an event."""
        answer = self._send(Signal(TRIGGER))
        found = self._engine.reader.find_instance(answer.run)
        return None if found is None else Instance(self._engine, answer.run, False, None)

    def backfill(self, start: datetime, end: datetime, *, every_s: float = BACKFILL_S) -> None:
        """Start all occurrences from `start` to `end`, one after the other, with so many seconds between."""
        if not _is_within(every_s, float, 0, 86_400):
            raise SettingInvalidError(f"every_s must be seconds from 0 to 86,400, not {every_s!r}")
        wanted = BackfillRange(instant(start, "start"), instant(end, "end"), every_s)
        self._send(backfill_signal(wanted))

    def update(self, **options: Any) -> None:
        """Change what is said, with the arguments of `Engine.schedule`; all else stays as it is.

        None takes back what was said: `count=None` is no limit any more, `exclude=None` leaves nothing out.
        """
        _, state = self._load()
        settings = changed(_settings(state), options)
        self._send(Signal(UPDATE, msgspec.Raw(settings.encode())))

    def delete(self, reason: str = "deleted") -> None:
        """End it; what runs goes on.  Scheduling the name again gives it a new life, with what it remembers."""
        self._engine.tell(self.id, CancelRequested(reason))

    # --- Its state ----------------------------------------------------------------------------

    def has(self, settings: bytes) -> bool:
        """Whether it is there with just these settings, and has not been deleted."""
        view = self._engine.reader.find_instance(self.id)
        if view is None or view.status == CANCELLED:
            return False
        return bytes(end_fold(self._engine.reader, view).state.settings) == settings

    def _send(self, signal: Signal) -> Answer:
        answer: Any = self._engine.call(Tell(self.id, signal)).result()
        return msgspec.json.decode(answer, type=Answer)

    def _view(self) -> InstanceView:
        view = self._engine.reader.find_instance(self.id)
        if view is None:
            raise ScheduleNotFoundError(self.name)
        return view

    def _load(self) -> tuple[InstanceView, ScheduleState]:
        view = self._view()
        state: ScheduleState = end_fold(self._engine.reader, view).state
        if bytes(state.settings) == b"null":
            raise InstanceNotFoundError(self.id)  # it is being made at this very moment
        return view, state


def _settings(state: ScheduleState) -> Settings:
    return decode_settings(bytes(state.settings))


def _table(state: ScheduleState) -> Timetable:
    return timetable_of(bytes(state.settings), state.anchor)


def _target(settings: Settings) -> str:
    return f"{settings.target.model} {settings.target.name}"


def _local(at: float | None, zone: tzinfo) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, zone)


def _run(state: ScheduleState, run: Run, zone: tzinfo) -> ScheduleRun:
    return ScheduleRun(
        id=state.id_of(run.key),
        occurrence=datetime.fromtimestamp(run.occurrence, zone),
        started_at=datetime.fromtimestamp(run.started_at, UTC),
        ended_at=datetime.fromtimestamp(run.ended_at, UTC) if run.outcome else None,
        outcome=run.outcome or "running",
    )


def _is_within(value: Any, kind: type[float], least: float, most: float) -> bool:
    """Whether it is a number at all, and none that is too small or too large."""
    return isinstance(value, kind | int) and least <= value <= most
