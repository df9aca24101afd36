"""Delays as texts: `500ms`, `1.5s`, `3d`, `PT2M`."""

from __future__ import annotations

import re
from datetime import timedelta

from mainspring.errors import InvalidError

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}

_PLAIN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|m|h|d|w)\s*")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class DelayInvalidError(InvalidError):
    """A text or value that is no delay."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{value!r:.60} is no delay; write '500ms', '2s', '5m', '3h', '3d' or ISO 8601 such as 'PT2M'")


def seconds_of(text: object) -> float:
    """Seconds of a delay; raises `DelayInvalidError`."""
    if isinstance(text, timedelta) and text >= timedelta(0):
        return text.total_seconds()
    if isinstance(text, str):
        if plain := _PLAIN.fullmatch(text):
            return float(plain[1]) * SECONDS[plain[2]]
        if len(text) > 1 and (iso := _ISO.fullmatch(text)) and any(iso.groups()):
            parts = zip(iso.groups(), (604_800, 86_400, 3_600, 60, 1), strict=True)
            return sum(float(number) * scale for number, scale in parts if number)
    raise DelayInvalidError(text)
