"""Reading the tz database, compared with what the standard library makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mainspring.demo.measure import LAST_YEAR, from_sun, measure_zone
from mainspring.demo.tzif import (
    database_version,
    open_zone,
    read_leap_seconds,
    read_places,
    read_zone,
    zone_names,
)


def test_the_database_has_a_version_and_zones():
    assert database_version()[:2] == "20"
    names = zone_names()
    assert len(names) > 550
    assert "Europe/Berlin" in names


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"])
def test_transitions_are_those_of_the_standard_library(name):
    with open_zone(name).open("rb") as stream:
        info = ZoneInfo.from_file(stream, key=name)
    for transition in read_zone(name).transitions:
        local = datetime.fromtimestamp(transition.at, UTC).astimezone(info)
        offset = local.utcoffset()
        assert offset is not None
        assert offset.total_seconds() == transition.offset_s
        assert local.tzname() == transition.abbreviation


def test_every_zone_can_be_read():
    for name in zone_names():
        assert read_zone(name).rule


def test_places_are_degrees():
    latitude, longitude = read_places()["Europe/Berlin"]
    assert (round(latitude, 1), round(longitude, 1)) == (52.5, 13.4)
    south, west = read_places()["America/Argentina/Ushuaia"]
    assert (round(south), round(west)) == (-55, -68)


def test_there_were_27_leap_seconds_from_1972_to_2016():
    years = read_leap_seconds()
    assert (len(years), years[0], years[-1]) == (27, 1972, 2016)


def test_clocks_and_the_sun():
    assert from_sun(3_600, 15.0) == 0
    assert from_sun(3_600, 0.0) == 60
    assert from_sun(14 * 3_600, -157.5) == 30, "what day it is does not matter"


def test_what_is_measured_of_a_zone():
    reports: list[float] = []
    berlin = measure_zone("Europe/Berlin", 2, reports.append)
    assert (berlin.region, berlin.first_change, berlin.last_change) == ("Europe", 1916, LAST_YEAR)
    assert berlin.changes_by_year["2024"] == 2, "two changes a year that only follow from the rule"
    assert berlin.odd_days == 4
    assert 0.5 < berlin.daylight_share < 0.65
    assert reports[0] == 0
    utc = measure_zone("UTC", 1, reports.append)
    assert (utc.change_count, utc.offset_s, utc.odd_days, utc.region) == (0, 0, 0, "(others)")
