from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from longshore import exports, queue, release
from longshore.db import clock, transaction
from longshore.errors import NeedsReconnect, Permanent, Transient
from longshore.models import Attempt, Connection, Delivery, Event, Receipt
from tests.rows import artifact_row, delivery_rows, export_row, submitted
from workers import deliver as module
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.rescue import sweep


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)
    monkeypatch.setattr(module, "AT_A_STRETCH", 0.0)


def rendered(deliveries=1):
    export_id = submitted(deliveries=deliveries)
    render_export(export_id)
    return export_id, [row.id for row in delivery_rows(export_id)]


def receipts():
    with transaction() as session:
        return session.query(Receipt).all()


def failing(monkeypatch, error, after=None):
    """Let the folder destination fail like this, after running `after(upload)`."""

    def upload(_self, given):
        if after:
            after(given)
        raise error

    monkeypatch.setattr(FOLDER, "upload", upload)


def test_a_delivery_arrives_with_a_receipt_and_ends_its_export(database):
    export_id, (delivery_id,) = rendered()
    deliver(delivery_id)
    (receipt,) = receipts()
    content = Path(receipt.path).read_bytes()
    assert hashlib.sha256(content).hexdigest() == artifact_row(export_id).sha256 == receipt.sha256
    assert receipt.verified in {"checksum", "readback"}
    assert export_row(export_id).state == "completed"
    row = delivery_rows(export_id)[0]
    assert (row.state, row.bytes_sent, row.size, row.checkpoint) == ("completed", len(content), len(content), None)


@pytest.mark.parametrize(("called", "arrived"), [("README", "README"), ("b.tar.gz", "b.tar.gz"), ("v1.5", "v1.5")])
def test_a_file_arrives_under_its_own_name(database, called, arrived):
    export_id = submitted(content=b"x", kind="file", form="original", called=called, deliveries=1)
    render_export(export_id)
    deliver(delivery_rows(export_id)[0].id)
    assert Path(receipts()[0].path).name == arrived


def test_a_message_that_comes_twice_delivers_once(database, home):
    _, (delivery_id,) = rendered()
    deliver(delivery_id)
    deliver(delivery_id)
    assert len([path for path in (home / "deliveries").rglob("*") if path.is_file()]) == 1
    with transaction() as session:
        assert session.query(Attempt).where(Attempt.delivery_id == delivery_id).count() == 1


def test_one_failed_delivery_does_not_hold_up_the_other(database, monkeypatch):
    export_id, (first, second) = rendered(2)
    with monkeypatch.context() as patch:
        failing(patch, Permanent("The bucket 'x' does not exist. Create it."))
        deliver(first)
    assert export_row(export_id).state == "processing"
    deliver(second)
    row = export_row(export_id)
    assert row.state == "partial"
    assert "1 of 2 deliveries arrived. The bucket 'x' does not exist." in row.error_message


def test_what_may_pass_is_tried_again_three_times(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    failing(monkeypatch, Transient("The provider is busy.", retry_after=30))
    for number in (1, 2, 3):
        deliver(delivery_id)
        row = delivery_rows(export_id)[0]
        assert row.attempt == number
        if number < 3:
            assert row.state == "retrying"
            assert (row.not_before - row.updated_at).total_seconds() >= 30
        with transaction() as session:
            session.get_one(Delivery, delivery_id).not_before = None
    assert row.state == "failed"
    assert export_row(export_id).state == "failed"


def test_refused_credentials_block_the_delivery_until_they_are_renewed(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, NeedsReconnect("The key was refused. Enter a new one."))
        deliver(delivery_id)
    assert delivery_rows(export_id)[0].state == "blocked"
    with transaction() as session:
        connection = session.query(Connection).one()
        assert (connection.health, connection.last_error) == (
            "needs_reconnect",
            "The key was refused. Enter a new one.",
        )
        release.release_blocked(session, connection.id, now=clock(session))
    deliver(delivery_id)
    assert delivery_rows(export_id)[0].state == "completed"
    assert export_row(export_id).state == "completed"


def test_a_checkpoint_is_encrypted_and_handed_to_the_next_attempt(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    seen = []

    def midway(given):
        seen.append(given.checkpoint)
        given.save({"upload_id": "capability-123"})

    failing(monkeypatch, Transient("reset"), after=midway)
    deliver(delivery_id)
    assert b"capability-123" not in delivery_rows(export_id)[0].checkpoint
    with transaction() as session:
        session.get_one(Delivery, delivery_id).not_before = None
    deliver(delivery_id)
    assert seen == [None, {"upload_id": "capability-123"}]


def test_a_delivery_that_was_cancelled_midway_is_cleaned_up(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    discarded = []
    monkeypatch.setattr(FOLDER, "discard", lambda _self, checkpoint: discarded.append(checkpoint))

    def upload(_self, given):
        given.save({"part": 1})
        with transaction() as session:
            exports.cancel(session, session.get_one(exports.Export, export_id), now=clock(session))
        given.save({"part": 2})
        raise AssertionError("the save must have raised")

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(delivery_id)
    assert delivery_rows(export_id)[0].state == "cancelled"
    assert len(discarded) == 1


def test_what_a_cancelled_wait_left_at_the_provider_is_removed(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    discarded = []
    with monkeypatch.context() as patch:
        failing(patch, Transient("reset"), after=lambda given: given.save({"upload_id": "u-1"}))
        deliver(delivery_id)
    with transaction() as session:
        exports.cancel(session, session.get_one(exports.Export, export_id), now=clock(session))
    told = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: told.append(row_id) or True)
    with transaction() as session:
        session.get_one(Delivery, delivery_id).not_before = None
    sweep()
    assert told == [delivery_id]
    monkeypatch.setattr(FOLDER, "discard", lambda _self, checkpoint: discarded.append(checkpoint))
    deliver(delivery_id)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    assert delivery_rows(export_id)[0].checkpoint is None


def test_a_fenced_upload_records_nothing_and_cleans_up_nothing(database, monkeypatch):
    _export_id, (delivery_id,) = rendered()
    discarded = []
    monkeypatch.setattr(FOLDER, "discard", lambda _self, checkpoint: discarded.append(checkpoint))
    real = FOLDER.upload

    def taken_over(self, given):
        receipt = real(self, given)
        with transaction() as session:
            session.get_one(Delivery, delivery_id).attempt += 1
        return receipt

    monkeypatch.setattr(FOLDER, "upload", taken_over)
    deliver(delivery_id)
    assert receipts() == []
    assert discarded == []


def test_progress_is_told_at_most_once_a_second(database, monkeypatch):
    _export_id, (delivery_id,) = rendered()
    monkeypatch.setattr("workers.progress.EVERY", 0.0)
    real = FOLDER.upload

    def upload(self, given):
        given.sent(1)
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(delivery_id)
    with transaction() as session:
        told = [event.data for event in session.query(Event).where(Event.kind == "delivery.progress")]
    assert len(told) == 1, "only the newest stays"
    assert told[0]["bytes_sent"] == told[0]["size"] > 1
    assert (told[0]["percent"], told[0]["eta_seconds"]) == (100, 0)
