from __future__ import annotations

import time

import pytest

from longshore import exports, release
from longshore.db import clock, transaction
from longshore.errors import Conflict
from longshore.models import Artifact, Connection, Export
from longshore.states import DeliveryState, ExportState, move
from tests.rows import delivery_rows, export_row, submitted


def act(export_id, action):
    with transaction() as session:
        return action(session, session.get_one(Export, export_id), now=clock(session))


def arrive(export_id, *outcomes):
    """Let the export be processing with deliveries that ended as told."""
    with transaction() as session:
        now = clock(session)
        move(session, export_id, ExportState.PROCESSING, now=now)
    for row, outcome in zip(delivery_rows(export_id), outcomes, strict=True):
        with transaction() as session:
            now = clock(session)
            move(session, row.id, DeliveryState.UPLOADING, now=now)
            why = (
                {} if outcome is DeliveryState.COMPLETED else {"error_code": "permanent", "error_message": "No bucket."}
            )
            move(session, row.id, outcome, now=now, **why)
            exports.settle(session, export_id, now=now)


def test_a_submit_is_accepted_quickly_while_redis_is_down(database):
    began = time.monotonic()
    export_id = submitted(deliveries=2)
    assert time.monotonic() - began < 3
    assert export_row(export_id).state == "initiated"
    assert [row.state for row in delivery_rows(export_id)] == ["pending", "pending"]


def test_cancelling_stops_the_export_and_its_deliveries(database):
    export_id = submitted(deliveries=2)
    act(export_id, exports.cancel)
    assert export_row(export_id).state == "cancelled"
    assert {row.state for row in delivery_rows(export_id)} == {"cancelled"}


def test_what_has_ended_cannot_be_cancelled(database):
    export_id = submitted()
    act(export_id, exports.cancel)
    with pytest.raises(Conflict, match="cancelled already"):
        act(export_id, exports.cancel)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((DeliveryState.COMPLETED, DeliveryState.COMPLETED), "completed"),
        ((DeliveryState.COMPLETED, DeliveryState.FAILED), "partial"),
        ((DeliveryState.FAILED, DeliveryState.FAILED), "failed"),
        ((DeliveryState.BLOCKED, DeliveryState.COMPLETED), "partial"),
    ],
)
def test_deliveries_decide_how_the_export_ends(database, outcomes, state):
    export_id = submitted(deliveries=2)
    arrive(export_id, *outcomes)
    row = export_row(export_id)
    assert row.state == state
    if state != "completed":
        assert "No bucket." in row.error_message


def test_the_export_waits_for_its_last_delivery(database):
    export_id = submitted(deliveries=2)
    with transaction() as session:
        move(session, export_id, ExportState.PROCESSING, now=clock(session))
        exports.settle(session, export_id, now=clock(session))
    assert export_row(export_id).state == "processing"


def test_a_retry_before_rendering_renders_again(database):
    export_id = submitted(deliveries=1)
    act(export_id, exports.cancel)
    act(export_id, exports.retry)
    assert export_row(export_id).state == "initiated"
    assert delivery_rows(export_id)[0].state == "pending"


def test_a_completed_export_has_nothing_to_retry(database):
    export_id = submitted(deliveries=1)
    arrive(export_id, DeliveryState.COMPLETED)
    with pytest.raises(Conflict, match="nothing to retry"):
        act(export_id, exports.retry)


def test_a_renewed_connection_releases_what_it_blocked(database):
    export_id = submitted(deliveries=2)
    arrive(export_id, DeliveryState.BLOCKED, DeliveryState.COMPLETED)
    with transaction() as session:
        connection, now = session.query(Connection).one(), clock(session)
        about = {"owner": "ann", "key": "a", "filename": "a.svg", "media_type": "image/svg+xml", "size": 1}
        session.add(Artifact(export_id=export_id, sha256="0" * 64, created_at=now, expires_at=now, **about))
        session.flush()
        assert release.release_blocked(session, connection.id, now=clock(session)) == 1
    assert [row.state for row in delivery_rows(export_id)] == ["pending", "completed"]
    assert export_row(export_id).state == "processing"
