from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore import queue, signing
from longshore.db import transaction
from longshore.models import Delivery, Export, FileVersion, Receipt
from longshore.receipts import verify
from tests.rows import DRAWING, artifact_row, delivery_rows, export_row, submitted
from workers.deliver import deliver
from workers.render import render_export


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)


def signed(delivery_id):
    with transaction() as session:
        return session.get_one(Receipt, delivery_id).signed


def test_a_delivery_that_arrived_has_a_signed_receipt_of_all_that_is_known(database):
    export_id = submitted(deliveries=1)
    with transaction() as session:
        session.query(Delivery).one().packing = {"compress": "gzip"}
        export = session.get_one(Export, export_id)
        export.schedule_id, export.schedule, export.slot = "s1", "daily", datetime(2026, 3, 1, 9, tzinfo=UTC)
    render_export(export_id)
    delivery = delivery_rows(export_id)[0]
    deliver(delivery.id)
    verdict = verify(signed(delivery.id).encode(), signing.keyring().verify)
    assert verdict.ok
    receipt, artifact = verdict.receipt, artifact_row(export_id)
    there = Path(receipt["arrived"]["path"]).read_bytes()
    assert receipt["source"]["sha256"] == hashlib.sha256(DRAWING).hexdigest()
    assert receipt["artifact"]["sha256"] == artifact.sha256
    assert receipt["sent"]["sha256"] == hashlib.sha256(there).hexdigest() != artifact.sha256
    assert (receipt["sent"]["name"], receipt["sent"]["size"]) == ("Plan.svg.gz", len(there))
    assert receipt["arrived"]["checksum"] == f"sha256:{receipt['sent']['sha256']}"
    assert (receipt["export_id"], receipt["delivery_id"]) == (export_id, delivery.id)
    slot = {"id": "s1", "type": "daily", "slot": "2026-03-01T09:00:00.000Z", "timezone": "UTC"}
    assert receipt["schedule"] == slot
    times = receipt["times"]
    assert times["submitted"] <= times["rendered"] <= times["delivered"]


def test_an_old_artifact_without_its_document_is_receipted_without_its_hash(database):
    export_id = submitted(deliveries=1)
    render_export(export_id)
    with transaction() as session:
        session.query(FileVersion).delete()
    delivery_id = delivery_rows(export_id)[0].id
    deliver(delivery_id)
    receipt = json.loads(signed(delivery_id))["receipt"]
    assert receipt["source"]["sha256"] is None
    assert receipt["schedule"] is None


def test_nothing_is_sent_that_could_not_be_signed_for(database, home, monkeypatch):
    export_id = submitted(deliveries=1)
    render_export(export_id)
    monkeypatch.setenv("LONGSHORE_SIGNING_KEYS", "nonsense")
    signing.keyring.cache_clear()
    signing.settings.cache_clear()
    deliver(delivery_rows(export_id)[0].id)
    assert export_row(export_id).state == "processing"
    assert delivery_rows(export_id)[0].state == "retrying"
    assert not list((home / "deliveries").rglob("*.svg"))
