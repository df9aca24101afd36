"""What a user says about a schedule, as settings: every argument is checked, and named where it makes no sense."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import DST
from mainspring.models.schedule.interval import read_every
from mainspring.models.schedule.settings import (
    CATCHUP_MAX,
    OVERLAPS,
    AnyRule,
    AtRule,
    CalendarRule,
    CronRule,
    EveryRule,
    Exclusions,
    RecurrenceRule,
    Settings,
    Target,
)
from mainspring.models.schedule.timetable import Timetable, check_exclusions

RULES = ("every", "cron", "rrule", "at")
EXAMPLES = {"cron": "0 9 * * MON-FRI", "rrule": "FREQ=DAILY;BYHOUR=9"}
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
RULES_MAX = 1_000
DATES_MAX = 100_000
JITTER_S_MAX = 7 * 86_400.0


def settings_of(target: Target, options: Mapping[str, Any]) -> Settings:
    """The settings that arguments of `Engine.schedule` mean; raises `SettingInvalidError`."""
    settings = Settings(target=target, rules=_rules(options), **_fields(options))
    _check(settings)
    return settings


def changed(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """The same with what is said anew; rules are replaced as a whole, and None takes back what was said."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise SettingInvalidError(f"a schedule has no {unknown[0]!r}; there are {', '.join(OPTIONS)}")
    rules = _rules(options) if any(name in options for name in (*RULES, "phase_s")) else settings.rules
    anew = {field for name in options for field in _FIELDS.get(name, (name,))}
    kept = {name: getattr(settings, name) for name in Settings.__struct_fields__ if name not in anew}
    made = Settings(**{**kept, "rules": rules, **_fields(options)})
    _check(made)
    return made


def _check(settings: Settings) -> None:
    check_exclusions(settings)
    if settings.starts_at is not None and settings.ends_at is not None and settings.ends_at < settings.starts_at:
        raise SettingInvalidError("ends_at lies before starts_at; it would never fire")
    Timetable(settings, 0.0)


# --- Rules ------------------------------------------------------------------------------------


def _rules(options: Mapping[str, Any]) -> tuple[AnyRule, ...]:
    rules = [rule for name in RULES for value in _several(options.get(name)) for rule in _rule(name, value, options)]
    phase_s = options.get("phase_s")
    if phase_s is not None and not any(isinstance(rule, EveryRule) for rule in rules):
        raise SettingInvalidError("phase_s goes together with every= in seconds, minutes or hours; give both")
    if not rules:
        raise SettingInvalidError(f"a schedule needs a rule; give one of {', '.join(f'{name}=' for name in RULES)}")
    if len(rules) > RULES_MAX:
        raise SettingInvalidError(f"at most {RULES_MAX:,} rules make one schedule, not {len(rules):,}")
    return tuple(rules)


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _rule(name: str, value: Any, options: Mapping[str, Any]) -> Iterable[AnyRule]:
    if name == "at":
        yield AtRule(instant(value, "at"))
    elif name == "every":
        read = read_every(value)
        yield CalendarRule(*read) if isinstance(read, tuple) else EveryRule(read, _phase(options.get("phase_s")))
    elif not isinstance(value, str) or not value.strip():
        raise SettingInvalidError(f"{name} must be text such as {EXAMPLES[name]!r}, not {value!r:.80}")
    else:
        yield CronRule(value.strip()) if name == "cron" else RecurrenceRule(value.strip())


def _phase(phase_s: Any) -> float | None:
    return None if phase_s is None else _number(phase_s, "phase_s", 0.0, 100 * 366 * 86_400.0)


# --- All other fields -------------------------------------------------------------------------


def _fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the settings that are said."""
    fields: dict[str, Any] = {}
    for name, read in _READ.items():
        value = options.get(name)
        if value is not None:
            fields.update(read(value))
    return fields


def _zone(value: Any) -> dict[str, Any]:
    if isinstance(value, tzinfo):
        name = getattr(value, "key", None) or ("UTC" if value.utcoffset(None) == timedelta(0) else None)
        if name is None:
            raise SettingInvalidError(f"tz: {value!r} has no name that can be stored; write tz='Europe/Berlin'")
        value = name
    if not isinstance(value, str):
        raise SettingInvalidError(f"tz: {value!r} is no time zone; write tz='Europe/Berlin'")
    return {"tz": value}


def _word(name: str, words: Iterable[str], value: Any) -> dict[str, Any]:
    known = list(words)
    if value not in known:
        raise SettingInvalidError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    return {name: value}


def _catchup(value: Any) -> dict[str, Any]:
    """`none`, `latest`, `all`, at most so many, or what lies in a window."""
    if isinstance(value, str) and value in ("none", "latest", "all"):
        return {"catchup": value, "catchup_max": CATCHUP_MAX, "catchup_s": 0.0}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"catchup": "all", "catchup_max": _whole(value, "catchup", CATCHUP_MAX), "catchup_s": 0.0}
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise SettingInvalidError(f"catchup: a window reaches back; write {-value!r}, not {value!r}")
        return {"catchup": "window", "catchup_max": CATCHUP_MAX, "catchup_s": value.total_seconds()}
    raise SettingInvalidError(
        f"catchup must be 'none', 'latest', 'all', how many at most, or a timedelta that reaches back, not {value!r}"
    )


def _pause_on_failure(value: Any) -> dict[str, Any]:
    return {"pause_after": int(value) if isinstance(value, bool) else _whole(value, "pause_on_failure", 1_000_000)}


def _business_day(value: Any) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise SettingInvalidError(f"business_day must be True or False, not {value!r}")
    return {"business_day": value}


def _excluded(value: Any) -> dict[str, Any]:
    found: dict[str, list[Any]] = {name: [] for name in Exclusions.__struct_fields__}
    for item in _flat(value):
        _exclude(item, found)
    if len(found["dates"]) > DATES_MAX:
        raise SettingInvalidError(f"exclude: at most {DATES_MAX:,} days, not {len(found['dates']):,}")
    return {"exclude": Exclusions(**{name: tuple(sorted(set(each), key=repr)) for name, each in found.items()})}


def _flat(value: Any) -> Iterable[Any]:
    """One thing or several; calendars of holidays are mappings of dates."""
    if isinstance(value, str | date | tuple):
        yield value
    elif isinstance(value, Iterable):
        for each in value:
            yield from _flat(each)
    else:
        raise SettingInvalidError(f"exclude: {value!r:.80} is no day, window or rule")


def _exclude(item: Any, found: dict[str, list[Any]]) -> None:
    if isinstance(item, tuple):
        if len(item) != 2:
            raise SettingInvalidError(f"exclude: {item!r:.80} is no window; write (start, end)")
        found["windows"].append((instant(item[0], "exclude"), instant(item[1], "exclude")))
    elif isinstance(item, datetime):
        found["instants"].append(instant(item, "exclude"))
    elif isinstance(item, date):
        found["dates"].append(item.isoformat())
    elif not isinstance(item, str):
        raise SettingInvalidError(f"exclude: {item!r:.80} is no day, window or rule")
    else:
        _exclude_text(item.strip(), found)


def _exclude_text(text: str, found: dict[str, list[Any]]) -> None:
    hours = re.fullmatch(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", text)
    if text.lower() in ("weekend", "weekends"):
        found["weekdays"] += [5, 6]
    elif text.upper() in WEEKDAYS:
        found["weekdays"].append(WEEKDAYS.index(text.upper()))
    elif hours is not None:
        found["daily"].append(_hours(hours, text))
    elif re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            found["dates"].append(date.fromisoformat(text).isoformat())
        except ValueError:
            raise SettingInvalidError(f"exclude: there is no day {text!r}") from None
    elif text.upper().startswith(("FREQ=", "RRULE:")):
        found["rules"].append(RecurrenceRule(text))
    elif text.startswith("@") or len(text.split()) in (5, 6):
        found["rules"].append(CronRule(text))
    else:
        raise SettingInvalidError(
            f"exclude: {text!r} is neither a day ('2026-12-25', 'SUN', 'weekends'), a time of day ('22:00-06:00'), "
            "a cron expression nor a recurrence rule"
        )


def _hours(found: re.Match[str], text: str) -> tuple[int, int]:
    start, end = _second(found[1], found[2], text), _second(found[3], found[4], text)
    if start % 86_400 == end % 86_400:
        raise SettingInvalidError(
            f"exclude: {text!r} begins and ends at the same time, which leaves nothing;"
            " write '09:00-10:00', or for whole days '2026-12-25', 'SUN' or 'weekends'"
        )
    return start, end


def _second(hour: str, minute: str, text: str) -> int:
    second = int(hour) * 3_600 + int(minute) * 60
    if int(minute) > 59 or second > 86_400:
        raise SettingInvalidError(f"exclude: {text!r} is no time of day")
    return second


def instant(value: Any, name: str) -> float:
    """Seconds since 1970 of a datetime; raises `SettingInvalidError` where it has no zone."""
    if not isinstance(value, datetime):
        raise SettingInvalidError(f"{name} must be a datetime with a zone, not {value!r:.80}")
    if value.utcoffset() is None:
        raise SettingInvalidError(
            f"{name}={value!r} has no time zone; write datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))"
        )
    return round(value.timestamp(), 6)


def _number(value: Any, name: str, least: float, most: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise SettingInvalidError(f"{name} must be seconds from {least:g} to {most:,.0f}, not {value!r}")
    return float(value)


def _whole(value: Any, name: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise SettingInvalidError(f"{name} must be a whole number from 1 to {most:,}, not {value!r}")
    return value


_READ: dict[str, Any] = {
    "tz": _zone,
    "dst": lambda value: _word("dst", DST, value),
    "overlap": lambda value: _word("overlap", OVERLAPS, value),
    "catchup": _catchup,
    "jitter_s": lambda value: {"jitter_s": _number(value, "jitter_s", 0.0, JITTER_S_MAX)},
    "starts_at": lambda value: {"starts_at": instant(value, "starts_at")},
    "ends_at": lambda value: {"ends_at": instant(value, "ends_at")},
    "count": lambda value: {"count": _whole(value, "count", 1_000_000_000)},
    "exclude": _excluded,
    "business_day": _business_day,
    "pause_on_failure": _pause_on_failure,
}
"""By argument."""
_FIELDS = {"catchup": ("catchup", "catchup_max", "catchup_s"), "pause_on_failure": ("pause_after",)}
"""Of the settings, where they are not called as the argument is."""

OPTIONS = (*RULES, "phase_s", *_READ)
"""All arguments."""

# --- In words ---------------------------------------------------------------------------------


def told(settings: Settings) -> str:
    """The rules in one line."""
    return " + ".join(_told_rule(rule) for rule in settings.rules)


def _told_rule(rule: AnyRule) -> str:
    match rule:
        case AtRule():
            return f"at {datetime.fromtimestamp(rule.at).astimezone().isoformat(sep=' ', timespec='seconds')}"
        case EveryRule():
            return f"every {rule.seconds:g} s"
        case CalendarRule():
            return f"every {rule.count} {rule.unit}s" if rule.count > 1 else f"every {rule.unit}"
        case CronRule():
            return rule.cron
        case RecurrenceRule():
            return rule.rrule
