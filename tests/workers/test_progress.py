from __future__ import annotations

from longshore.progress import eta
from workers.progress import Meter

MIB = 1024 * 1024


def test_reports_are_a_second_apart():
    meter = Meter(size=100, known=0, now=0.0)
    assert [meter.due(at) for at in (0.0, 0.5, 0.99, 1.0)] == [False, False, False, True]
    meter.report(10, 1.0)
    assert not meter.due(1.5)


def test_a_steady_upload_tells_its_rate_and_what_is_left():
    meter = Meter(size=100 * MIB, known=0, now=0.0)
    for second in range(1, 6):
        told = meter.report(second * 2 * MIB, float(second))
    assert told == {
        "bytes_sent": 10 * MIB, "size": 100 * MIB, "percent": 10.0, "rate": 2 * MIB, "eta_seconds": 45,
    }  # fmt: skip


def test_the_rate_does_not_leap_with_every_part():
    meter = Meter(size=1000, known=0, now=0.0)
    rates = [meter.report(total, float(at))["rate"] for at, total in enumerate((100, 100, 100, 400, 400), 1)]
    assert rates[3] < 150, "a leap of 300 is smoothed"
    assert rates == [100, 82, 67, 109, 89]


def test_what_an_earlier_attempt_sent_is_not_counted_as_speed():
    meter = Meter(size=1000, known=800, now=0.0)
    assert meter.report(810, 1.0)["rate"] == 10


def test_nothing_is_promised_that_is_not_known():
    assert eta(0, None, 5.0) is eta(0, 10, None) is eta(0, 10, 0.0) is None
    assert eta(0, 10**18, 1.0) is None
    assert eta(10, 10, 5.0) == 0
