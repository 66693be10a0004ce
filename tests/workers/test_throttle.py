from __future__ import annotations

import io
import threading
import time
from contextlib import ExitStack

import pytest

from longshore.errors import Cancelled
from workers.throttle import PIECE, Alone, Shared, Throttled

KIB, MIB = 1024, 1024 * 1024


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def drain(reader, size=MIB):
    total = 0
    while chunk := reader.read(size):
        total += len(chunk)
    return total


def throttled(content, paces, clock, held=0, check=lambda: None):
    return Throttled(io.BytesIO(content), paces, held, check, clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize("rate", [10 * KIB, 512 * KIB, 10 * MIB])
def test_a_file_takes_the_time_that_its_rate_asks_for(rate, record_property):
    clock = Time()
    content = bytes(30 * rate)
    assert drain(throttled(content, [Alone(lambda: rate)], clock)) == len(content)
    off = len(content) / (clock.now - 1000) / rate - 1
    record_property("target", "within 5 % of the asked rate")
    record_property("figure", f"{rate} bytes/s: off by {100 * off:.1f} %")
    assert abs(off) < 0.05 + PIECE / len(content)


def test_without_a_rate_nothing_waits():
    clock = Time()
    drain(throttled(bytes(5 * MIB), [Alone(lambda: None)], clock))
    assert clock.now == 1000


def test_the_slower_of_two_limits_holds():
    clock = Time()
    drain(throttled(bytes(10 * MIB), [Alone(lambda: MIB), Alone(lambda: 2 * MIB)], clock))
    assert 9.5 < clock.now - 1000 < 10.5


def test_a_rate_that_changes_holds_from_then_on():
    clock = Time()
    rate = lambda: MIB if clock.now < 1005 else None  # noqa: E731 - a timetable in one line
    drain(throttled(bytes(50 * MIB), [Alone(rate)], clock))
    assert 4.9 < clock.now - 1000 < 5.2


def test_what_the_provider_has_already_is_read_without_waiting():
    clock = Time()
    reader = throttled(bytes(10 * MIB), [Alone(lambda: MIB)], clock, held=8 * MIB)
    drain(reader)
    assert 1.8 < clock.now - 1000 < 2.1


def test_uploads_of_one_worker_share_its_limit_evenly_enough(tmp_path):
    path, rate, seconds = tmp_path / "limit", 4 * MIB, 2.0
    totals, stop = [0, 0, 0], threading.Event()

    def upload(index):
        with ExitStack() as held:
            pace = held.enter_context(Shared(path, lambda: rate))
            reader = Throttled(io.BytesIO(bytes(64 * MIB)), [pace], 0, lambda: None)
            while not stop.is_set():
                totals[index] += len(reader.read(MIB))

    threads = [threading.Thread(target=upload, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    assert sum(totals) <= rate * seconds * 1.1 + 3 * PIECE
    assert min(totals) > 0


def test_a_limit_left_from_before_the_machine_started_holds_up_nobody_for_long(tmp_path):
    with Shared(tmp_path / "limit", lambda: 1.0) as first:
        first.reserve(10**9, now=10.0)
    with Shared(tmp_path / "limit", lambda: MIB) as pace:
        assert pace.reserve(1, now=20.0) <= 600


def test_a_cancel_ends_a_wait_at_once():
    def stopped():
        raise Cancelled("Stopped.")

    clock = Time()
    reader = throttled(bytes(MIB), [Alone(lambda: 1.0)], clock, check=stopped)
    reader.read(PIECE)
    with pytest.raises(Cancelled):
        reader.read(PIECE)
    assert clock.now == 1000


@pytest.mark.slow
def test_the_rate_holds_in_real_time(record_property):
    rate, size = 4 * MIB, 8 * MIB
    began = time.monotonic()
    drain(Throttled(io.BytesIO(bytes(size)), [Alone(lambda: rate)], 0, lambda: None))
    took = time.monotonic() - began
    off = size / took / rate - 1
    record_property("target", "within 5 % of the asked rate")
    record_property("figure", f"real time: off by {100 * off:.1f} %")
    assert abs(off) < 0.05
