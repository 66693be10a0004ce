from __future__ import annotations

from datetime import timedelta

import pytest

from longshore import circuit, connections
from longshore.db import clock, transaction
from longshore.models import Connection


@pytest.fixture
def line(database):
    with transaction() as session:
        now = clock(session)
        row = connections.create(session, owner="ann", name="A", destination="folder", options={}, secrets={}, now=now)
        return Line(row.id, now)


class Line:
    """One connection, with the time in our hands."""

    def __init__(self, connection_id, now):
        self.id, self.now = connection_id, now

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    def fail(self, times=1, **more):
        for _ in range(times):
            with transaction() as session:
                until = circuit.failed(session, self.id, now=self.now, **more)
        return until

    def succeed(self):
        with transaction() as session:
            return circuit.succeeded(session, self.id, now=self.now)

    def probe(self):
        with transaction() as session:
            return circuit.begin_probe(session, self.id, now=self.now)

    @property
    def row(self):
        with transaction() as session:
            return session.get_one(Connection, self.id)

    @property
    def open(self):
        return not circuit.lets_through(self.row.circuit, self.row.circuit_until, self.now)


def test_five_failures_in_a_row_open_it_for_half_a_minute(line):
    assert line.fail(4) is None
    assert not line.open
    assert line.fail() == line.now + timedelta(seconds=30)
    assert (line.row.circuit, line.open) == ("open", True)
    line.wait(30)
    assert not line.open


def test_a_success_begins_a_new_row(line):
    line.fail(4)
    assert not line.succeed(), "it was not open"
    line.fail(4)
    assert not line.open


def test_failures_long_ago_do_not_count(line):
    line.fail(4)
    line.wait(121)
    line.fail(4)
    assert not line.open


def test_one_that_tries_keeps_the_others_waiting_and_its_success_closes(line):
    line.fail(5)
    line.wait(30)
    assert line.probe()
    assert (line.row.circuit, line.open) == ("half_open", True)
    assert line.succeed()
    assert (line.row.circuit, line.row.circuit_until, line.row.trips, line.open) == ("closed", None, 0, False)


def test_each_failed_try_makes_the_pause_twice_as_long_up_to_ten_times(line):
    line.fail(5)
    pauses = []
    for _ in range(6):
        line.wait((line.row.circuit_until - line.now).total_seconds())
        line.probe()
        pauses.append((line.fail() - line.now).total_seconds())
    assert pauses == [60, 120, 240, 300, 300, 300]


def test_one_that_tries_and_never_tells_is_followed_by_another(line):
    line.fail(5)
    line.wait(30)
    line.probe()
    line.wait(60)
    assert not line.open


def test_late_failures_of_what_was_under_way_make_no_pause_longer(line):
    until = line.fail(5)
    assert line.fail(3) is None
    assert line.row.circuit_until == until


def test_a_named_time_is_never_shortened(line):
    assert line.fail(5, retry_after=90) == line.now + timedelta(seconds=90)


def test_it_can_be_switched_off(line, monkeypatch):
    monkeypatch.setenv("LONGSHORE_CIRCUIT_FAILURES", "0")
    from tests.conftest import forget

    forget()
    line.fail(50)
    assert not line.open
