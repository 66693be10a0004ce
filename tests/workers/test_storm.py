"""A provider that fails everybody for a while: how often it is called, and what becomes of the deliveries."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from longshore import queue
from longshore.db import transaction
from longshore.errors import Transient
from longshore.models import Connection, Delivery, Event
from tests.rows import delivery_rows, export_row, submitted
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.rescue import sweep

OUTAGE = 600
"""Seconds."""


class Clock(dt.datetime):
    """The clock of the database, which SQLite takes from Python."""

    passed = 0.0

    @classmethod
    def now(cls, tz=None):
        return dt.datetime.now(tz) + dt.timedelta(seconds=cls.passed)


@pytest.mark.parametrize("count", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_a_provider_in_trouble_is_called_a_handful_of_times_and_everything_arrives(
    home, monkeypatch, count, record_property
):
    from longshore.schema import upgrade

    upgrade()
    messages, calls = [], []
    monkeypatch.setattr(queue, "send", lambda name, row_id, _seconds=None: messages.append((name, row_id)) or True)
    monkeypatch.setattr(queue, "depth", lambda _queue: 0)
    monkeypatch.setattr("workers.rescue.depth", lambda _queue: len(messages))
    monkeypatch.setattr("longshore.db.datetime", Clock)
    monkeypatch.setattr(Clock, "passed", 0.0)
    real = FOLDER.upload

    def upload(self, given):
        calls.append(Clock.passed)
        if Clock.passed < OUTAGE:
            raise Transient("The provider answered 503.")
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    export_id = submitted(deliveries=count)
    render_export(export_id)
    while export_row(export_id).state == "processing":
        sweep()
        todo, messages[:] = messages[:], []
        for name, row_id in todo:
            if name == "upload":
                deliver(row_id)
        Clock.passed += 5
        assert Clock.passed < 2 * OUTAGE, Counter(row.state for row in delivery_rows(export_id))
    assert export_row(export_id).state == "completed"
    a_minute = Counter(int(at // 60) for at in calls if at < OUTAGE)
    with transaction() as session:
        told = Counter(event.kind for event in session.query(Event))
        connection = session.query(Connection).one()
        assert {row.state for row in session.query(Delivery)} == {"completed"}
    assert (connection.circuit, connection.trips) == ("closed", 0)
    assert told["connection.circuit_open"] >= 4
    assert told["connection.circuit_closed"] == 1
    later = max(a_minute[minute] for minute in range(1, OUTAGE // 60))
    record_property("target", "at most 10 calls in the first minute, 2 in each later one; all arrive")
    record_property("figure", f"{count} deliveries: {a_minute[0]} calls, then at most {later} a minute")
    assert a_minute[0] <= 10
    assert later <= 2
    assert Clock.passed < OUTAGE + 400, "the longest pause, and the work itself"
