"""Temporal functions (sections 10.3.4.6, 10.3.4.7 and 10.3.4.10); the clock is an argument of the expression."""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.temporal import Date, DateTime, Time
from mainspring.models.expression.values import kind_of, matches

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def now(run: Run) -> DateTime:
    """The moment that the clock shows."""
    if run.plan.clock is None:
        raise Fault("now() and today() need a clock")
    moment = adopt(run.plan.clock())
    assert isinstance(moment, DateTime), "a clock must return a datetime"
    return moment


def today(run: Run) -> Date:
    """The day that the clock shows."""
    return now(run).date


def is_same(run: Run, first: object = None, second: object = None) -> bool:
    """Whether two values are the same in all their parts, the zone of a time included (section 10.3.4.10)."""
    if kind_of(first) != kind_of(second):
        return False
    return first == second if isinstance(first, Time | DateTime) else matches(first, second, run)


def day_of_year(date: Date | DateTime) -> int:
    """1 for the first of January."""
    day = _day(date)
    return day.number - Date(day.year, 1, 1).number + 1


def day_of_week(date: Date | DateTime) -> str:
    """The English name of the weekday."""
    return WEEKDAYS[_day(date).weekday - 1]


def month_of_year(date: Date | DateTime) -> str:
    """The English name of the month."""
    return MONTHS[_day(date).month - 1]


def week_of_year(date: Date | DateTime) -> int:
    """The week by ISO 8601: that of its Thursday."""
    day = _day(date)
    thursday = Date.of_number(day.number - day.weekday + 4)
    return (thursday.number - Date(thursday.year, 1, 1).number) // 7 + 1


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


FUNCTIONS: Table = {
    "now": (("", now, True),),
    "today": (("", today, True),),
    "is": (("value1?: any, value2?: any", is_same, True),),
    "day of year": (("date: day", day_of_year, False),),
    "day of week": (("date: day", day_of_week, False),),
    "month of year": (("date: day", month_of_year, False),),
    "week of year": (("date: day", week_of_year, False),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from mainspring.models.expression.functions import Table
