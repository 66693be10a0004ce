"""What a limit of bandwidth makes a delivery wait for, from the row to the reader."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from longshore.db import transaction
from longshore.models import Connection, Delivery
from tests.rows import delivery_rows, submitted
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export

pytestmark = pytest.mark.usefixtures("rung")
KIB = 1024
SIZE = 512 * KIB


def limited(rate):
    """A delivery that is about to be claimed, over a connection with this limit."""
    export_id = submitted(content=bytes(SIZE), kind="file", form="original", deliveries=1)
    render_export(export_id)
    with transaction() as session:
        session.query(Connection).one().bandwidth = rate
    return delivery_rows(export_id)[0].id


def seconds_to_read(upload, held):
    began = time.monotonic()
    with closing(upload.source(held)) as source:
        while source.read(64 * KIB):
            pass
    return time.monotonic() - began


def test_only_what_the_destination_does_not_call_held_waits_for_the_limit(database, home, monkeypatch):
    took = {}

    def upload(_self, given):
        for held in (SIZE, SIZE // 2, 0):
            took[held] = seconds_to_read(given, held)
        return really(_self, given)

    really = FOLDER.upload
    monkeypatch.setattr(FOLDER, "upload", upload)
    delivery_id = limited("1M")
    deliver(delivery_id)
    with transaction() as session:
        assert session.get_one(Delivery, delivery_id).state == "completed"
    assert took[SIZE] < took[SIZE // 2] < took[0]
    assert took[SIZE // 2] > 0.15
    assert took[0] > 0.4
