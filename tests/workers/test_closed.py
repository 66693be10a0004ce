"""What becomes of leftovers and of credentials when a connection is deleted, or when nothing can be removed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import connection
from app.removal import delete_export
from longshore import exports
from longshore.db import clock, transaction
from longshore.errors import Transient
from longshore.models import Artifact, Connection, Delivery, Export
from tests.rows import delivery_rows
from tests.workers.test_stopping import cancel, discarding, failing, files, rendered
from workers.clean import clean
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.rescue import sweep

pytestmark = pytest.mark.usefixtures("rung")


def close_connection():
    """Delete the connection of the deliveries, as its owner does."""
    with transaction() as session:
        row = session.query(Connection).one()
        row.name = "Mine"
        assert connection.close(session, row, now=clock(session))


def test_what_failed_deliveries_of_a_deleted_connection_left_is_removed(database, monkeypatch, rung):
    _export_id, (delivery_id,) = rendered()
    with transaction() as session:
        session.get_one(Delivery, delivery_id).max_attempts = 1
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    close_connection()
    rung.clear()
    assert sweep() == 1
    assert rung == [delivery_id]
    discarded = discarding(monkeypatch)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    clean()
    with transaction() as session:
        row = session.query(Connection).one()
        assert (row.health, row.options) == ("forgotten", {})


def test_nothing_new_is_delivered_with_a_deleted_connection(database, home, monkeypatch):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    cancel(export_id)
    close_connection()
    with transaction() as session:
        exports.retry(session, session.get_one(Export, export_id), now=clock(session))
    deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert (row.state, files(home)) == ("failed", [])
    assert "connection was deleted" in row.error_message


def test_what_a_deleted_export_left_keeps_its_connection_from_the_cleaner(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    delete_export("ann", export_id)
    close_connection()
    clean()
    discarded = discarding(monkeypatch)
    deliver(delivery_id)
    assert discarded == [{"upload_id": "u-1"}]
    with transaction() as session:
        assert session.query(Connection).count() == 0


def test_what_cannot_be_removed_is_given_up_and_lets_its_credentials_go(database, monkeypatch):
    export_id, (delivery_id,) = rendered()
    with monkeypatch.context() as patch:
        failing(patch, {"upload_id": "u-1"})
        deliver(delivery_id)
    cancel(export_id)

    def down(_self, _checkpoint):
        raise Transient("down")

    monkeypatch.setattr(FOLDER, "discard", down)
    deliver(delivery_id)
    assert delivery_rows(export_id)[0].checkpoint
    with transaction() as session:
        row, one_use = session.get_one(Delivery, delivery_id), session.query(Connection).one()
        row.finished_at -= timedelta(days=15)
        row.lease_until = None
        session.get_one(Export, export_id).updated_at -= timedelta(days=15)
        session.query(Artifact).delete()
        one_use.name = "One use"
    clean()
    deliver(delivery_id)
    assert delivery_rows(export_id)[0].checkpoint is None
    clean()
    with transaction() as session:
        assert session.query(Connection).one().health == "forgotten"
