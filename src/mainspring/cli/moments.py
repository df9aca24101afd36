"""Instants and durations, as people read them."""

from __future__ import annotations

import re
import time
from datetime import datetime

from mainspring.cli.commands import UsageError

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def duration(seconds: float | None) -> str:
    """`12 ms`, `3.4 s`, `2 min 05 s`, `3 h 12 min`, `4 d 3 h`; empty for None."""
    if seconds is None:
        return ""
    seconds = max(seconds, 0.0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"


def instant(moment: datetime | float | None, *, now: float | None = None) -> str:
    """In local time: `14:03:07` today, `2026-11-24 14:03` else; empty for None."""
    if moment is None:
        return ""
    local = datetime.fromtimestamp(moment).astimezone() if isinstance(moment, float | int) else moment.astimezone()
    today = datetime.fromtimestamp(time.time() if now is None else now).astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M")


def pause_story(reason: str, by: str, at: datetime | None) -> str:
    """`audit, by olga since 14:03:07`; empty where nothing is paused."""
    if at is None:
        return reason
    told = f"by {by} since {instant(at)}" if by else f"since {instant(at)}"
    return f"{reason}, {told}" if reason else told


def read_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `5m`, `12h`, `30d` or `2w`; raises `UsageError`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)?\s*", text)
    if match is None:
        raise UsageError(f"{text!r} is no duration; write 90s, 5m, 12h, 30d or 2w")
    return float(match[1]) * UNITS_S[match[2] or "s"]


def read_instant(text: str) -> float:
    """Seconds since 1970 of `2026-11-24`, `2026-11-24T14:03` (local time) or a duration ago; raises `UsageError`."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        pass
    try:
        return time.time() - read_duration(text)
    except UsageError:
        raise UsageError(
            f"{text!r} is no instant; write 2026-11-24, 2026-11-24T14:03, or how long ago: 12h, 30d"
        ) from None
