from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore import queue
from longshore.db import transaction
from longshore.errors import Transient
from longshore.models import Artifact, Delivery, Export, Receipt
from tests.rows import delivery_rows, submitted
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)


def asked(folder="", name="", **export):
    """The ids of an export that is rendered, and of its delivery with these columns."""
    export_id = submitted(deliveries=1)
    render_export(export_id)
    delivery_id = delivery_rows(export_id)[0].id
    with transaction() as session:
        row = session.get_one(Delivery, delivery_id)
        row.folder, row.name = folder, name
        for column, value in export.items():
            setattr(session.get_one(Export, export_id), column, value)
    return export_id, delivery_id


def arrived():
    with transaction() as session:
        return Path(session.query(Receipt).one().path)


def test_fields_are_filled_in_with_the_slot_in_its_zone(database, home):
    slot = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    _, delivery_id = asked(
        "reports/{schedule}/{year}", "{name} {date}", slot=slot, timezone="Asia/Tokyo", schedule="daily"
    )
    deliver(delivery_id)
    assert arrived() == home / "deliveries/ann/reports/daily/2027/Plan 2027-01-01.svg"


def test_without_a_slot_the_instant_is_when_it_was_asked_for(database):
    _, delivery_id = asked("{year}", "{name} {date}", created_at=datetime(2020, 2, 29, 12, tzinfo=UTC))
    deliver(delivery_id)
    assert arrived().parts[-2:] == ("2020", "Plan 2020-02-29.svg")


def test_a_later_attempt_keeps_the_name_of_the_first(database, monkeypatch):
    export_id, delivery_id = asked("{year}", "{name} {version}")
    names = []

    def fails(_self, upload):
        names.append((upload.folder, upload.name))
        raise Transient("reset")

    with monkeypatch.context() as patch:
        patch.setattr(FOLDER, "upload", fails)
        deliver(delivery_id)
    with transaction() as session:
        row = session.get_one(Delivery, delivery_id)
        assert (row.final_folder, row.final_name) == names[0]
        row.not_before = None
        export = session.get_one(Export, export_id)
        export.name, export.file_version = "Another", 9
        session.query(Artifact).one().filename = "Another.svg"
    deliver(delivery_id)
    assert arrived().parts[-2:] == names[0]


def test_a_row_with_a_field_that_does_not_exist_fails_in_words(database):
    export_id, delivery_id = asked(name="{nope}")
    deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert (row.state, row.error_code) == ("failed", "invalid")
    assert "no field {nope}" in row.error_message
