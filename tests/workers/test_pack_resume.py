"""A packed delivery, its worker gone in the middle, its provider, and the receipt: all that there is, at once."""

from __future__ import annotations

import os

import pyrage
import pytest
from backports import zstd

from longshore import connections, files, queue
from longshore.db import clock, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Delivery, Receipt
from longshore.receipts import verify, verify_file
from longshore.signing import keyring
from tests.fakes.dropbox import APP_KEY, APP_SECRET, REFRESH_TOKEN, FakeDropbox, Fault
from tests.rows import artifact_row, delivery_rows
from workers.deliver import deliver
from workers.render import render_export

SIZE = 9 * 1024 * 1024


@pytest.fixture
def fake(database, monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)
    with FakeDropbox().running() as server:
        yield server


def test_an_encrypted_upload_that_broke_off_goes_on_with_the_same_bytes(fake):
    identity, content = pyrage.x25519.Identity.generate(), os.urandom(SIZE)
    with transaction() as session:
        now = clock(session)
        file = files.create(
            session, owner="ann", name="data.bin", kind="file", content=[content], now=now, listed=False
        )
        place = connections.create(
            session,
            owner="ann",
            name="Dropbox",
            destination="dropbox",
            options={"folder": "Exports", "endpoint_url": fake.url, "chunk_mb": 4},
            secrets={"refresh_token": REFRESH_TOKEN, "app_key": APP_KEY, "app_secret": APP_SECRET},
            now=now,
        )
        packing = {"compress": "zstd", "encrypt_to": [str(identity.to_public())]}
        request = DeliveryRequest(place, folder="{year}", name="{name} {date}", packing=packing)
        export_id = submit(session, ExportRequest(file, "original", deliveries=[request]), now=now).id
    render_export(export_id)
    delivery_id = delivery_rows(export_id)[0].id
    fake.faults = [Fault("files/upload_session/append_v2", "answer", 500, skip=1, times=100)]
    deliver(delivery_id)
    broken = delivery_rows(export_id)[0]
    assert (broken.state, broken.checkpoint is None) == ("retrying", False)
    fake.faults = []
    with transaction() as session:
        session.get_one(Delivery, delivery_id).not_before = None
    deliver(delivery_id)
    with transaction() as session:
        row = session.get_one(Receipt, delivery_id)
    there = fake.account.files[row.path.lower()].content
    assert row.path == f"/Exports/{now:%Y}/data {now:%Y-%m-%d}.bin.zst.age"
    assert zstd.decompress(pyrage.decrypt(there, [identity])) == content
    assert fake.payload() < 1.5 * len(there), "what had arrived was not sent again"
    verdict = verify(row.signed.encode(), keyring().verify)
    assert verify_file(verdict, len(there), row.sent_sha256).ok
    assert verify_file(verdict, SIZE, artifact_row(export_id).sha256).ok
    assert verdict.receipt["arrived"]["checksum"].startswith("content_hash:")
