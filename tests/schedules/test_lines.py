"""What counts as running: not an export that waits for somebody to act, nor what is backfilled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from longshore.db import reading, transaction
from longshore.models import Artifact, Connection, Delivery, Export, ScheduleDelivery, ScheduledExport
from longshore.states import DeliveryState, ExportState, move
from schedules.backfill import backfill
from tests.schedules.ledger import DAY, NINE, end, exports, outcomes, row, runs, tick

Add = Callable[..., str]
HOUR = timedelta(hours=1)


def add_place(schedule_id: str, **values: Any) -> None:
    """A second connection, of this state."""
    with transaction() as session:
        about: dict[str, Any] = {"owner": "ann", "name": "Attic", "destination": "folder", "options": {}, "secret": b""}
        second = Connection(**about, one_off=False, created_at=NINE, updated_at=NINE, **values)
        session.add(second)
        session.flush()
        place = ScheduleDelivery(schedule_id=schedule_id, position=1, connection_id=second.id)
        place.folder, place.file_name, place.destination = "", "", "folder"
        place.conflict, place.packing = "rename", {}
        session.add(place)


def render(export: Export) -> None:
    """Its file is made, and waits to be delivered."""
    with transaction() as session:
        move(session, export.id, ExportState.PROCESSING, now=NINE)
        about = {"owner": "ann", "filename": "Plan.svg", "media_type": "image/svg+xml", "size": 1, "sha256": "0" * 64}
        session.add(Artifact(export_id=export.id, key=export.id, created_at=NINE, expires_at=NINE + 99 * DAY, **about))


def arrive(export: Export, name: str, state: DeliveryState = DeliveryState.COMPLETED) -> None:
    """The delivery of the export to the place of this name ends so."""
    with transaction() as session:
        query = session.query(Delivery).join(Connection, Connection.id == Delivery.connection_id)
        (delivery,) = query.filter(Delivery.export_id == export.id, Connection.name == name)
        move(session, delivery.id, DeliveryState.UPLOADING, now=NINE)
        assert move(session, delivery.id, state, now=NINE)


@pytest.mark.parametrize("overlap", ["queue_one", "skip"])
@pytest.mark.parametrize("blocked", [False, True])
def test_a_connection_that_is_switched_off_or_refused_starves_no_other(
    schedule: Add, rung: list[str], overlap: str, blocked: bool
) -> None:
    schedule_id = schedule(NINE, policy={"overlap": overlap})
    add_place(schedule_id, enabled=blocked)
    for day in range(3):
        tick(NINE + day * DAY)
        export = exports(schedule_id)[-1]
        render(export)
        if day == 0:
            tick(NINE + HOUR)
            assert len(exports(schedule_id)) == 1
        arrive(export, "Folder")
        if blocked:
            arrive(export, "Attic", DeliveryState.BLOCKED)
    assert outcomes(schedule_id) == ["fired"] * 3
    words = "An earlier export waits only for 'Attic', switched off or to be renewed, and does not count as running."
    assert [run.reason for run in runs(schedule_id)] == ["", words, words]
    with reading() as session:
        assert session.query(Export).filter(Export.state == "processing").count() == 3


def test_what_still_goes_to_the_healthy_place_counts_as_running(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    add_place(schedule_id, enabled=False)
    tick(NINE)
    render(exports(schedule_id)[0])
    tick(NINE + DAY)
    assert outcomes(schedule_id) == ["fired", "queued"]
    arrive(exports(schedule_id)[0], "Folder")
    tick(NINE + DAY + HOUR)
    assert outcomes(schedule_id) == ["fired", "fired"]


def fill(schedule_id: str, days: int, now: Any) -> None:
    with transaction() as session:
        backfill(session, session.get_one(ScheduledExport, schedule_id), NINE - days * DAY, now, now=now)


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all", "cancel_running", "allow"])
def test_a_backfill_and_the_slots_of_the_rule_do_each_other_no_harm(
    schedule: Add, rung: list[str], overlap: str
) -> None:
    schedule_id = schedule(NINE + DAY, policy={"overlap": overlap})
    fill(schedule_id, 3, NINE)
    tick(NINE)
    assert outcomes(schedule_id) == ["fired", "queued", "queued", "queued"]
    tick(NINE + DAY)
    assert outcomes(schedule_id)[-1] == "fired", "what is backfilled is not in its way"
    assert outcomes(schedule_id).count("queued") == 3
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    for hour in range(1, 4):
        tick(NINE + DAY + hour * HOUR)
        end(schedule_id, ExportState.COMPLETED, NINE + DAY + hour * HOUR)
    assert outcomes(schedule_id) == ["fired"] * 5
    assert {export.state for export in exports(schedule_id)} == {"completed"}


def test_a_slot_of_the_rule_that_waits_starts_before_what_is_backfilled(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    tick(NINE)
    tick(NINE + DAY)
    fill(schedule_id, 2, NINE + DAY)
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    tick(NINE + DAY)
    assert outcomes(schedule_id) == ["queued", "queued", "fired", "fired"]
    with transaction() as session:
        session.execute(update(ScheduledExport).values(next_run_at=None, fire_at=None, is_active=False))
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    tick(NINE + DAY)
    assert outcomes(schedule_id) == ["fired", "queued", "fired", "fired"]
    assert row(schedule_id).run_count == 3
