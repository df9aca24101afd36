"""Reads the TZif files and tables of the tz database (RFC 9636), as the `tzdata` package has them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

HEADER = struct.Struct(">4sc15x6l")
"""Magic, version, then the counts: isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt (section 3.1)."""
LOCAL_TYPE = struct.Struct(">lBB")
"""Seconds east of Greenwich, whether it is daylight saving time, index of the abbreviation (section 3.2)."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From `at` on (seconds since 1970) a zone's clocks are `offset_s` ahead of UTC."""

    at: int
    offset_s: int
    is_daylight: bool
    abbreviation: str


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """One TZif file."""

    transitions: tuple[Transition, ...]
    rule: str
    """For all time after the last transition, in the notation of POSIX's TZ."""

    @property
    def has_daylight_rule(self) -> bool:
        return "," in self.rule


def database_version() -> str:
    """Of the tz database, such as 2026a."""
    with (_folder() / "tzdata.zi").open(encoding="utf-8") as stream:
        return stream.readline().removeprefix("# version ").strip()


def zone_names() -> list[str]:
    """All zones, links included, sorted."""
    return sorted((files("tzdata") / "zones").read_text(encoding="utf-8").split())


def open_zone(name: str) -> Traversable:
    """The TZif file of a zone."""
    return _folder().joinpath(*name.split("/"))


def _folder() -> Traversable:
    return files("tzdata") / "zoneinfo"


# --- TZif -------------------------------------------------------------------------------------


def read_zone(name: str) -> ZoneFile:
    """The transitions of a zone; raises ValueError for a file that is no TZif of version 2 or later."""
    data = open_zone(name).read_bytes()
    magic, version, *counts = HEADER.unpack_from(data)
    if magic != b"TZif" or version < b"2":
        raise ValueError(f"{name} is no TZif file of version 2 or later")
    # The first block repeats the second with 32-bit times, for readers from before 2005.
    second = HEADER.size + _length(counts, time_size=4)
    _, _, *counts = HEADER.unpack_from(data, second)
    start = second + HEADER.size
    rule = data[start + _length(counts, time_size=8) :].decode("ascii").strip("\n")
    return ZoneFile(tuple(_transitions(data, start, counts)), rule)


def _length(counts: list[int], time_size: int) -> int:
    utc_count, standard_count, leap_count, time_count, type_count, character_count = counts
    return (
        time_count * (time_size + 1)
        + type_count * LOCAL_TYPE.size
        + character_count
        + leap_count * (time_size + 4)
        + standard_count
        + utc_count
    )


def _transitions(data: bytes, start: int, counts: list[int]) -> Iterator[Transition]:
    time_count, type_count = counts[3], counts[4]
    times = struct.unpack_from(f">{time_count}q", data, start)
    indexes = data[start + time_count * 8 : start + time_count * 9]
    types_at = start + time_count * 9
    types = [LOCAL_TYPE.unpack_from(data, types_at + number * LOCAL_TYPE.size) for number in range(type_count)]
    names_at = types_at + type_count * LOCAL_TYPE.size
    for at, index in zip(times, indexes, strict=True):
        offset_s, is_daylight, name = types[index]
        end = data.index(b"\0", names_at + name)
        yield Transition(at, offset_s, bool(is_daylight), data[names_at + name : end].decode("ascii"))


# --- Tables -----------------------------------------------------------------------------------


def read_places() -> dict[str, tuple[float, float]]:
    """Latitude and longitude, in degrees, of each zone that has a place (zone.tab)."""
    text = (_folder() / "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {row[2]: _coordinates(row[1]) for row in rows}


def _coordinates(text: str) -> tuple[float, float]:
    """ISO 6709: ±DDMM±DDDMM or ±DDMMSS±DDDMMSS."""
    match = re.fullmatch(r"([+-])(\d\d)(\d\d)(\d\d)?([+-])(\d{3})(\d\d)(\d\d)?", text)
    if match is None:
        raise ValueError(f"{text!r} is no place in the notation of ISO 6709")
    north, *latitude = match.groups()[:4]
    east, *longitude = match.groups()[4:]
    return _degrees(str(north), latitude), _degrees(str(east), longitude)


def _degrees(sign: str, parts: list[str | None]) -> float:
    degrees, minutes, seconds = (int(part or 0) for part in parts)
    return (-1 if sign == "-" else 1) * (degrees + minutes / 60 + seconds / 3600)


def read_leap_seconds() -> list[int]:
    """The years with leap seconds, one entry for each."""
    text = (_folder() / "leapseconds").read_text(encoding="utf-8")
    return [int(line.split("\t")[1]) for line in text.splitlines() if line.startswith("Leap\t")]
