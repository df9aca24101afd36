"""When a timer event is due (10.5.5.17): dates, durations and cycles, as ISO 8601 or cron writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cronsim import CronSim, CronSimError
from dateutil.relativedelta import relativedelta
from msgspec import Struct

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.iso import read_duration
from mainspring.models.expression.standard import release
from mainspring.models.expression.temporal import MonthsDuration
from mainspring.models.process.expression import NoValueError

SECOND_FIELDS = 6
"""Fields of a cron text that has one for seconds, as Camunda writes it."""


class Alarm(Struct, frozen=True, omit_defaults=True):
    """When a timer is due, and what comes after."""

    ready_at: float
    repeats: int | None = 0
    """How often it is due after that; None: without end."""
    interval: str = ""
    """ISO duration or cron text between two times."""


def alarm_of(kind: str, value: Any, at: float) -> Alarm:
    """The first time of a `date`, a `duration` or a `cycle`; raises `NoValueError` for what is none."""
    try:
        if kind == "date":
            return Alarm(_moment(value))
        if kind == "duration":
            return Alarm(_later(value, at))
        return _cycle(str(value).strip(), at)
    except (ValueError, OverflowError, Fault, CronSimError) as error:
        raise NoValueError(f"{value!r:.80} is no {kind} of a timer: {error}") from None


def next_alarm(alarm: Alarm) -> Alarm | None:
    """The time after this one; None: that was the last."""
    if alarm.repeats == 0:
        return None
    left = None if alarm.repeats is None else alarm.repeats - 1
    return Alarm(_after(alarm.interval, alarm.ready_at), left, alarm.interval)


def _cycle(text: str, at: float) -> Alarm:
    """`R3/PT10S`, `R/2026-01-01T09:00:00Z/P1D`, or cron; `R3` is three times in all."""
    if not text.startswith("R"):
        return Alarm(_after(text, at), None, text)
    count, *rest = text.split("/")
    times = int(count[1:]) if count[1:] else None
    if not rest or len(rest) > 2 or times == 0:
        raise ValueError("write it as R3/PT10S, R3/2026-01-01T09:00:00Z/P1D, or cron")
    interval = rest[-1]
    first = _moment(rest[0]) if len(rest) == 2 else _after(interval, at)
    return Alarm(first, None if times is None else times - 1, interval)


def _moment(value: Any) -> float:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError("expected a date such as 2026-11-24T09:00:00Z")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _later(value: Any, at: float) -> float:
    if isinstance(value, str):
        value = read_duration(value.strip())
    if isinstance(value, MonthsDuration):
        moment = datetime.fromtimestamp(at, UTC) + relativedelta(months=value.months)
        return moment.timestamp()
    value = release(value)
    if not isinstance(value, timedelta):
        raise ValueError("expected a duration such as PT15M")
    return at + value.total_seconds()


def _after(interval: str, at: float) -> float:
    if interval.startswith("P"):
        later = _later(interval, at)
        if later <= at:
            raise ValueError("a cycle needs an interval above zero")
        return later
    fields = interval.replace("?", "*").split()
    if len(fields) in (SECOND_FIELDS, SECOND_FIELDS + 1):
        if fields[0] != "0":
            raise ValueError("seconds of a cron text other than 0 are not known")
        fields = fields[1:SECOND_FIELDS]
    return next(CronSim(" ".join(fields), datetime.fromtimestamp(at, UTC))).timestamp()
