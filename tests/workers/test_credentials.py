from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from longshore import connections
from longshore.db import clock, reading, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.files import create
from longshore.models import Connection, Delivery, Export
from longshore.states import DeliveryState, ExportState
from tests.rows import DRAWING
from workers.clean import clean
from workers.connect import open_destination
from workers.destinations.base import Permanent

SECRETS = {"access_key_id": "AKIA", "secret_access_key": "canary"}


def delivered(state: DeliveryState, export_state: ExportState, *, days: float = 0, one_off: bool = True) -> str:
    """The id of a connection whose only delivery has this state."""
    with transaction() as session:
        now = clock(session)
        file = create(session, owner="ann", name="Plan", kind="svg", content=[DRAWING], now=now)
        options: dict[str, Any] = {"bucket_name": "bucket"}
        row = connections.create(
            session, owner="ann", name="s3", destination="s3", options=options, secrets=SECRETS, now=now,
            one_off=one_off,
        )  # fmt: skip
        export = submit(session, ExportRequest(file, "svg", deliveries=[DeliveryRequest(row)]), now=now)
        session.flush()
        session.query(Delivery).where(Delivery.export_id == export.id).update({"state": str(state)})
        changed = {"state": str(export_state), "updated_at": now - timedelta(days=days)}
        session.query(Export).where(Export.id == export.id).update(changed)
        return row.id


def kept(connection_id: str) -> bool:
    with reading() as session:
        return connections.open_secrets(session.get_one(Connection, connection_id)) == SECRETS


D, E = DeliveryState, ExportState


@pytest.mark.parametrize(
    ("delivery", "export", "days", "needed"),
    [
        (D.COMPLETED, E.COMPLETED, 0, False),
        (D.PENDING, E.PROCESSING, 30, True),
        (D.RETRYING, E.PROCESSING, 30, True),
        (D.UPLOADING, E.PROCESSING, 30, True),
        (D.FAILED, E.FAILED, 1, True),
        (D.BLOCKED, E.FAILED, 1, True),
        (D.FAILED, E.FAILED, 8, False),
        (D.CANCELLED, E.CANCELLED, 8, False),
        (D.FAILED, E.EXPIRED, 0, False),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_credentials_of_one_use_are_kept_as_long_as_they_may_be_needed(
    database: str, delivery: DeliveryState, export: ExportState, days: float, needed: bool
) -> None:
    one_use, stored = delivered(delivery, export, days=days), delivered(delivery, export, days=days, one_off=False)
    clean()
    assert kept(one_use) is needed
    assert kept(stored)


def test_what_was_forgotten_says_so_and_is_wiped_once(database: str) -> None:
    one_use = delivered(D.COMPLETED, E.COMPLETED)
    assert clean() == 1
    assert clean() == 0
    with reading() as session:
        row = session.get_one(Connection, one_use)
        assert row.options == {"bucket_name": "bucket"}
        with pytest.raises(Permanent, match="Send the request again"):
            open_destination(row)


def test_what_must_still_be_removed_at_the_provider_keeps_its_credentials(database: str) -> None:
    one_use = delivered(D.CANCELLED, E.CANCELLED, days=30)
    with transaction() as session:
        session.query(Delivery).update({"checkpoint": b"sealed"})
    clean()
    assert kept(one_use)


def test_a_connection_that_nothing_names_is_deleted(database: str) -> None:
    one_use = delivered(D.COMPLETED, E.COMPLETED)
    with transaction() as session:
        session.query(Export).delete()
    clean()
    with reading() as session:
        assert session.get(Connection, one_use) is None
