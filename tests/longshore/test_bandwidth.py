from __future__ import annotations

from datetime import UTC, datetime

import pytest

from longshore.bandwidth import read
from longshore.errors import Invalid

MIB, KIB = 1024 * 1024, 1024
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def at(text, day, hour, minute=0, zone="UTC"):
    return read(text, zone).at(MONDAY.replace(day=16 + day, hour=hour, minute=minute))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10M", 10 * MIB), ("1.5M", 1.5 * MIB), ("512", 512 * KIB), ("512k", 512 * KIB), ("512K", 512 * KIB),
        ("2000B", 2000), ("1G", 1024 * MIB), ("10MiB", 10 * MIB), ("off", None), ("OFF", None),
    ],
)  # fmt: skip
def test_a_single_rate_holds_always(text, rate):
    assert at(text, 0, 0) == at(text, 6, 23, 59) == rate


def test_nothing_is_no_limit():
    assert read("") is read("   ") is None


def test_a_timetable_of_hours_is_every_day_s():
    """rclone's own example."""
    text = "08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off"
    for day in range(7):
        seen = [at(text, day, hour) for hour in (8, 11, 12, 13, 18, 22, 23)]
        assert seen == [512 * KIB, 512 * KIB, 10 * MIB, 512 * KIB, 30 * MIB, 30 * MIB, None]
    assert at(text, 0, 3) is None, "before the first of Monday, the last of Sunday holds"
    assert at(text, 2, 7, 59) is None


def test_a_timetable_of_days_goes_on_until_the_next_entry():
    """rclone's other one."""
    text = "Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off"
    assert at(text, 0, 0) == at(text, 4, 23, 58) == 512 * KIB
    assert at(text, 4, 23, 59) == at(text, 5, 9) == 10 * MIB
    assert at(text, 5, 10) == at(text, 6, 19, 59) == MIB
    assert at(text, 6, 20) is None


def test_before_the_first_entry_of_the_week_the_last_one_holds():
    assert at("Wed-12:00,1M Sun-20:00,2M", 0, 5) == 2 * MIB


def test_days_may_be_written_out_and_in_any_case():
    assert at("monday-00:00,1M TUE-00:00,2M", 1, 5) == 2 * MIB


def test_hours_are_the_zone_s():
    assert at("08:00,1M 19:00,off", 0, 7, zone="Europe/Berlin") == MIB
    assert at("08:00,1M 19:00,off", 0, 18, 30, zone="Europe/Berlin") is None
    summer = datetime(2026, 7, 6, 6, 30, tzinfo=UTC)
    assert read("08:00,1M 19:00,off", "Europe/Berlin").at(summer) == MIB


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fast", "is no rate"),
        ("10M:off", "only uploads"),
        ("-5M", "is no rate"),
        ("0", "too slow"),
        ("100B", "too slow"),
        ("08:00", "is no rate"),
        ("08:00,10M 19:00", "is not like 08:00,512k"),
        ("8,10M", "is not like"),
        ("24:00,10M", "no time of day"),
        ("08:60,10M", "no time of day"),
        ("Mo-08:00,10M", "names no day"),
        ("08:00,1M 8:00,2M", "twice"),
        ("08:00,1M Tue-08:00,2M", "twice"),
        ("08:00,1M " * 200, "longer"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(text, words):
    with pytest.raises(Invalid) as raised:
        read(text)
    assert words in raised.value.message
    assert raised.value.field == "bandwidth"


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "", "/etc/passwd"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(Invalid) as raised:
        read("10M", zone)
    assert raised.value.field == "bandwidth_timezone"
