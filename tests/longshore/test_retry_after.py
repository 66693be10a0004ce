from __future__ import annotations

from datetime import UTC, datetime

import pytest

from longshore.errors import LONGEST_WAIT
from longshore.retry_after import retry_after

NOW = datetime(2030, 1, 21, 14, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("0.5", 0.5),
        ("Mon, 21 Jan 2030 14:01:30 GMT", 90),
        ("Monday, 21-Jan-30 14:01:30 GMT", 90),
        ("Mon Jan 21 14:01:30 2030", 90),
        ("Mon, 21 Jan 2030 15:01:30 +0100", 90),
        ("Mon, 21 Jan 2030 13:00:00 GMT", 0),
    ],
)
def test_seconds_and_dates_are_both_read(told, seconds):
    assert retry_after(told, NOW) == seconds


@pytest.mark.parametrize("told", ["999999999", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_makes_a_delivery_wait_for_more_than_an_hour(told):
    assert retry_after(told, NOW) == LONGEST_WAIT


@pytest.mark.parametrize("told", ["", "soon", "-5", "²", "1e3", "inf", "nan", "Mon, 99 Foo 2030 14:01:30 GMT"])
def test_what_names_no_time_is_no_time(told):
    assert retry_after(told, NOW) is None
