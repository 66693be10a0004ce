"""What a cancel and a deletion stop, and what they leave: from the row to the provider."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from app.removal import delete_export
from longshore import connections, exports
from longshore.db import clock, transaction
from longshore.errors import Transient
from longshore.models import Artifact, Connection, Delivery, Export, Leftover
from tests.rows import delivery_rows, submitted
from workers import deliver as module
from workers import lease
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.rescue import sweep

pytestmark = pytest.mark.usefixtures("rung")


def rendered(content=b"x", deliveries=1):
    export_id = submitted(content=content, kind="file", form="original", deliveries=deliveries)
    render_export(export_id)
    return export_id, [row.id for row in delivery_rows(export_id)]


def cancel(export_id):
    with transaction() as session:
        exports.cancel(session, session.get_one(Export, export_id), now=clock(session))


def later(seconds, work, *given):
    threading.Timer(seconds, work, given).start()


def files(home):
    return [path for path in (home / "deliveries").rglob("*") if path.is_file()]


def test_a_cancel_ends_a_delivery_that_a_limit_holds_up(database, home, record_property):
    export_id, (delivery_id,) = rendered(bytes(1024 * 1024))
    with transaction() as session:
        session.query(Connection).one().bandwidth = "1k"
    later(1.0, cancel, export_id)
    began = time.monotonic()
    deliver(delivery_id)
    took = time.monotonic() - began - 1.0
    record_property("target", "2 s")
    record_property("figure", f"{took:.2f} s")
    assert took < 2
    assert delivery_rows(export_id)[0].state == "cancelled"
    assert files(home) == []


def test_a_cancel_ends_a_delivery_that_hangs_in_a_system_call(database, home, monkeypatch):
    export_id, (delivery_id,) = rendered()
    monkeypatch.setattr(FOLDER, "upload", lambda _self, _given: time.sleep(60))
    later(0.5, cancel, export_id)
    began = time.monotonic()
    deliver(delivery_id)
    assert time.monotonic() - began < 2.5
    assert delivery_rows(export_id)[0].state == "cancelled"


def test_what_a_library_makes_of_the_interruption_is_still_a_cancel(database, monkeypatch):
    export_id, (delivery_id,) = rendered()

    def upload(_self, _given):
        try:
            time.sleep(60)
        except Exception as error:
            raise OSError("the connection broke") from error

    monkeypatch.setattr(FOLDER, "upload", upload)
    later(0.5, cancel, export_id)
    deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert (row.state, row.error_code) == ("cancelled", None)


def test_what_arrived_in_the_moment_of_its_cancel_is_taken_back(database, home, monkeypatch):
    export_id, (delivery_id,) = rendered()
    real = FOLDER.upload

    def upload(self, given):
        receipt = real(self, given)
        cancel(export_id)
        return receipt

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(delivery_id)
    assert delivery_rows(export_id)[0].state == "cancelled"
    assert files(home) == []


def failing(patch, checkpoint):
    def upload(_self, given):
        given.save(checkpoint)
        raise Transient("reset")

    patch.setattr(FOLDER, "upload", upload)


def discarding(monkeypatch):
    discarded = []
    monkeypatch.setattr(FOLDER, "discard", lambda _self, checkpoint: discarded.append(checkpoint))
    return discarded


def test_what_a_deleted_delivery_left_at_its_provider_is_removed(database, monkeypatch, rung):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    assert delivery_rows(export_id)[0].state == "retrying"
    delete_export("ann", export_id)
    with transaction() as session:
        assert session.query(Delivery).count() == 0
        assert b"u-1" not in session.query(Leftover).one().checkpoint
    rung.clear()
    assert sweep() == 1
    assert rung == [delivery_id]
    assert sweep() == 0, "it was rung for"
    discarded = discarding(monkeypatch)
    deliver(delivery_id)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    with transaction() as session:
        assert session.query(Leftover).count() == 0


def test_a_one_use_connection_stays_until_its_leftovers_are_gone(database, monkeypatch, rung):
    export_id, (delivery_id,) = rendered()
    with transaction() as session:
        now = clock(session)
        made = connections.create(
            session, owner="ann", name="One", destination="folder", options={}, secrets={}, now=now, one_off=True
        )
        session.get_one(Delivery, delivery_id).connection_id = made.id
        connection_id = made.id
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    delete_export("ann", export_id)
    with transaction() as session:
        assert session.get(Connection, connection_id) is not None
    discarded = discarding(monkeypatch)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    with transaction() as session:
        assert session.get(Connection, connection_id) is None


def test_a_provider_that_is_down_is_asked_again_later_and_not_for_ever(database, monkeypatch, rung):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    delete_export("ann", export_id)

    def down(_self, _checkpoint):
        raise Transient("down")

    monkeypatch.setattr(FOLDER, "discard", down)
    deliver(delivery_id)
    with transaction() as session:
        left = session.query(Leftover).one()
        assert left.not_before > clock(session) + timedelta(minutes=50)
        left.created_at = clock(session) - timedelta(days=8)
    deliver(delivery_id)
    with transaction() as session:
        assert session.query(Leftover).count() == 0


def test_a_worker_that_is_at_it_removes_it_before_anybody_else_does(database, home, monkeypatch, rung):
    monkeypatch.setattr(lease, "LOOK", 60.0)  # the heartbeat would interrupt the queries that this upload makes
    export_id, (delivery_id,) = rendered()
    discarded = discarding(monkeypatch)

    def upload(_self, given):
        given.save({"upload_id": "u-1"})
        delete_export("ann", export_id)
        rung.clear()
        assert sweep() == 0
        given.sent(1)
        given.save({"upload_id": "u-2"})

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-2"}]
    with transaction() as session:
        assert session.query(Leftover).count() == 0


def test_what_was_given_up_is_cleaned_up_when_there_is_nothing_left_to_retry(database, monkeypatch, rung):
    export_id, (delivery_id,) = rendered()
    with transaction() as session:
        session.get_one(Delivery, delivery_id).max_attempts = 1
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    rung.clear()
    assert delivery_rows(export_id)[0].state == "failed"
    assert sweep() == 0, "a retry would go on from it"
    with transaction() as session:
        session.query(Artifact).delete()
    assert sweep() == 1
    discarded = discarding(monkeypatch)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    assert delivery_rows(export_id)[0].checkpoint is None


def test_a_task_goes_from_delivery_to_delivery_for_a_moment(database, home, monkeypatch, rung):
    monkeypatch.setattr(module, "AT_A_STRETCH", 60.0)
    opened = []
    real = module.jobs.load
    monkeypatch.setattr(module.jobs, "load", lambda *given: opened.extend(given[1]) or real(*given))
    export_id, ids = rendered(deliveries=6)
    rung.clear()
    deliver(ids[0])
    assert sorted(opened) == sorted(ids)
    assert {row.state for row in delivery_rows(export_id)} == {"completed"}
    assert len(files(home)) == 6
    assert rung == []
    for one in ids:
        deliver(one)
    assert len(files(home)) == 6


def test_a_failed_one_does_not_keep_the_next_one_from_its_turn(database, monkeypatch, rung):
    monkeypatch.setattr(module, "AT_A_STRETCH", 60.0)
    export_id, ids = rendered(deliveries=3)
    real, calls = FOLDER.upload, []

    def upload(self, given):
        calls.append(given.key)
        if len(calls) == 1:
            raise Transient("once")
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(ids[0])
    assert sorted(row.state for row in delivery_rows(export_id)) == ["completed", "completed", "retrying"]
