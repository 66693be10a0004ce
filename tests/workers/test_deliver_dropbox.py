"""From the row to a provider that renews tokens, over everything in between."""

from __future__ import annotations

import hashlib
import json

import pytest

from longshore import connections, files, queue
from longshore.db import clock, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Connection, Delivery, Receipt
from tests.fakes.dropbox import APP_KEY, APP_SECRET, REFRESH_TOKEN, FakeDropbox, Fault
from tests.rows import DRAWING, artifact_row, delivery_rows, export_row
from workers.deliver import deliver
from workers.render import render_export

SECRETS = {"refresh_token": REFRESH_TOKEN, "app_key": APP_KEY, "app_secret": APP_SECRET}


@pytest.fixture
def fake(database, monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)
    with FakeDropbox().running() as server:
        yield server


def waiting(fake):
    """The ids of a rendered export and of its delivery to Dropbox."""
    with transaction() as session:
        now = clock(session)
        file = files.create(session, owner="ann", name="Plan", kind="svg", content=[DRAWING], now=now, listed=False)
        place = connections.create(
            session,
            owner="ann",
            name="Dropbox",
            destination="dropbox",
            options={"folder": "Exports", "endpoint_url": fake.url},
            secrets=SECRETS,
            now=now,
        )
        export_id = submit(session, ExportRequest(file, "svg", deliveries=[DeliveryRequest(place)]), now=now).id
    render_export(export_id)
    return export_id, delivery_rows(export_id)[0].id


def test_an_export_arrives_with_dropbox_s_receipt(fake):
    export_id, delivery_id = waiting(fake)
    deliver(delivery_id)
    with transaction() as session:
        receipt = session.query(Receipt).one()
    content = fake.account.files[receipt.path.lower()].content
    assert hashlib.sha256(content).hexdigest() == artifact_row(export_id).sha256
    assert (receipt.verified, receipt.path) == ("checksum", "/Exports/Plan.svg")
    assert export_row(export_id).state == "completed"


def test_a_busy_dropbox_is_left_alone_until_the_time_it_named(fake):
    export_id, delivery_id = waiting(fake)
    fake.faults = [Fault("files/upload", "answer", 429, {"Retry-After": "40"})]
    deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert row.state == "retrying"
    assert 39 <= (row.not_before - row.updated_at).total_seconds() <= 41
    deliver(delivery_id)
    assert fake.routes().count("files/upload") == 0, "nothing may be sent before"


def test_a_revoked_connection_blocks_the_delivery_and_says_so_once(fake):
    export_id, delivery_id = waiting(fake)
    fake.revoke()
    for _ in range(3):
        deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert (row.state, row.error_code) == ("blocked", "needs_reconnect")
    assert len(fake.seen) == 1
    with transaction() as session:
        connection = session.query(Connection).where(Connection.destination == "dropbox").one()
        assert connection.health == "needs_reconnect"
        told = json.dumps([connection.last_error, connection.options]) + row.error_message
    assert "canary" not in told


def test_no_token_is_stored_in_the_clear(fake):
    _, delivery_id = waiting(fake)
    deliver(delivery_id)
    with transaction() as session:
        connection = session.query(Connection).where(Connection.destination == "dropbox").one()
        stored = [connection.secret, session.get_one(Delivery, delivery_id).checkpoint or b""]
        extra = json.dumps(session.query(Receipt).one().extra)
    assert not any(b"canary" in value for value in stored)
    assert "canary" not in extra
