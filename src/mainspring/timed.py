"""The schedules that timer start events of processes mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dateutil.relativedelta import relativedelta

from mainspring.models.contract import StartAt
from mainspring.models.expression.iso import read_duration
from mainspring.models.expression.standard import release
from mainspring.models.expression.temporal import MonthsDuration
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.times import Alarm, alarm_of
from mainspring.models.schedule.interval import EVERY_S_MIN
from mainspring.models.schedule.settings import AtRule, CalendarRule, CronRule, EveryRule, Settings, Target
from mainspring.models.schedule.timetable import Timetable


def settings_of(process: str, time: StartAt, at: float) -> Settings:
    """The settings of the schedule for a timer start event that is deployed at an instant.

    A date that has passed begins an instance at once; of a cycle, what has passed is left out (10.5.5.17).
    """
    if not time.text:
        raise NoValueError(f"its {time.kind} has no value before there is an instance; it must not need variables")
    target = Target(process, model="process", entry=time.entry)
    if time.kind == "cycle" and not time.text.startswith("R"):
        return _checked(Settings(target, (CronRule(_cron(time.text)),), overlap="allow"))
    alarm = alarm_of(time.kind, time.text, at)
    first = round(alarm.ready_at, 6)
    if not alarm.interval:
        return _checked(Settings(target, (AtRule(first),), starts_at=first, overlap="allow", catchup="all"))
    rule, ends_at = _interval(alarm)
    return _checked(Settings(target, (rule,), starts_at=first, ends_at=ends_at, overlap="allow"))


def _checked(settings: Settings) -> Settings:
    """Raises `SettingInvalidError` for a rule that is none."""
    Timetable(settings, 0.0)
    return settings


def _interval(alarm: Alarm) -> tuple[EveryRule | CalendarRule, float | None]:
    """The rule of a cycle, and the end of one that is counted: between its last time and the next."""
    each = read_duration(alarm.interval)
    begin = datetime.fromtimestamp(alarm.ready_at, UTC)
    if isinstance(each, MonthsDuration):
        rule: EveryRule | CalendarRule = CalendarRule(int(each.months), "month")
        last = None if alarm.repeats is None else begin + relativedelta(months=int(each.months) * alarm.repeats)
        return rule, None if last is None else (last + timedelta(days=1)).timestamp()
    days = release(each)
    seconds = days.total_seconds() if isinstance(days, timedelta) else 0.0
    if seconds < EVERY_S_MIN:
        raise NoValueError(
            f"{alarm.interval} is too short for a cycle; at least {EVERY_S_MIN:g} s lie between two times"
        )
    return EveryRule(seconds), None if alarm.repeats is None else alarm.ready_at + seconds * (alarm.repeats + 0.5)


def _cron(text: str) -> str:
    """As Camunda writes it, without the year that may stand behind."""
    return " ".join(text.split()[:6])
