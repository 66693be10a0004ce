"""History that ends: what is long over goes with all that is told of it, and nothing goes that is needed still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from longshore import events, queue
from longshore.db import clock, reading, transaction
from longshore.exports import ExportRequest, Occasion, settle, submit
from longshore.models import (
    Artifact,
    Attempt,
    Connection,
    Delivery,
    Event,
    Export,
    File,
    FileVersion,
    Receipt,
    ScheduledExport,
    ScheduleRun,
    new_id,
)
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState, move
from tests.rows import submitted
from tests.schedules.conftest import schedule
from workers import history
from workers.clean import clean
from workers.render import render_export

__all__ = ["schedule"]
"""The fixture of the schedules' own tests."""


@pytest.fixture(autouse=True)
def _rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "send", lambda *_: True)


def arrive(export_id: str) -> None:
    """What an upload worker does once the provider has confirmed."""
    with transaction() as session:
        now = clock(session)
        for one in session.query(Delivery).where(Delivery.export_id == export_id):
            move(session, one.id, DeliveryState.UPLOADING, now=now)
            proof = {"size": 1, "sha256": "", "checksum": "", "verified": "", "skipped": False, "extra": {}}
            receipt = Receipt(delivery_id=one.id, provider_id="", path=f"{one.folder}/Plan", url="", **proof)
            receipt.created_at = now
            session.add(receipt)
            move(session, one.id, DeliveryState.COMPLETED, now=now, finished_at=now)
        settle(session, export_id, now=now)


def expired(**about: Any) -> str:
    """The id of an export that was delivered, and whose artifact has had its time."""
    export_id = submitted(**about)
    render_export(export_id)
    arrive(export_id)
    with transaction() as session:
        session.execute(update(Artifact).values(expires_at=clock(session)))
    clean()
    clean()
    return export_id


def age(export_id: str, days: float, **values: Any) -> None:
    with transaction() as session:
        at = clock(session) - timedelta(days=days)
        session.execute(update(Export).where(Export.id == export_id).values(finished_at=at, **values))


def is_there(export_id: str) -> bool:
    with reading() as session:
        return session.get(Export, export_id) is not None


def count(model: type[Any]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def configure(monkeypatch: pytest.MonkeyPatch, **values: float) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"LONGSHORE_{name.upper()}", str(value))
    settings.cache_clear()


def test_an_export_that_is_long_over_goes_with_all_that_is_told_of_it(database):
    gone, young = expired(deliveries=2), expired(deliveries=1)
    age(gone, 91)
    age(young, 89)
    assert clean() == 1
    assert (is_there(gone), is_there(young)) == (False, True)
    with reading() as session:
        for model in (Delivery, Attempt, Event):
            assert set(session.scalars(select(model.export_id))) == {young}
    assert (count(Receipt), count(File)) == (1, 1)


def test_a_stored_document_outlives_the_history(database):
    gone = submitted(content=b"<svg", deliveries=1)
    with transaction() as session:
        session.execute(update(File).values(listed=True))
    render_export(gone)
    age(gone, 91)
    assert clean() == 1
    assert (count(File), count(FileVersion)) == (1, 1)


def test_for_ever_is_for_ever(database, monkeypatch):
    old = expired()
    age(old, 36_000)
    configure(monkeypatch, history_days=0, run_days=0)
    assert clean() == 0
    assert is_there(old)


def test_what_is_open_or_has_its_artifact_or_something_to_remove_elsewhere_stays(database):
    running, kept, uploading, packed, unfinished = submitted(), submitted(), *(expired(deliveries=1) for _ in "123")
    age(running, 91)
    render_export(kept)
    age(kept, 91)
    with transaction() as session:
        for export_id, values in (
            (uploading, {"state": "uploading"}),
            (packed, {"packed_key": "packed/1"}),
            (unfinished, {"state": "cancelled", "checkpoint": b"sealed", "not_before": clock(session) + timedelta(1)}),
        ):
            session.execute(update(Delivery).where(Delivery.export_id == export_id).values(**values))
    for export_id in (uploading, packed, unfinished):
        age(export_id, 91)
    assert history.forget_history() == 0
    with transaction() as session:
        session.execute(update(Delivery).values(state="completed", packed_key=None, checkpoint=None))
    assert history.forget_history() == 3
    assert is_there(running)
    assert is_there(kept)


def test_a_failed_export_goes_after_its_document(database):
    broken = submitted(content=b"<svg")
    render_export(broken)
    age(broken, 91)
    assert history.forget_history() == 0, "its document is there for a retry"
    with transaction() as session:
        session.execute(update(Export).values(updated_at=clock(session) - timedelta(days=8)))
    clean()
    assert (is_there(broken), count(File), count(FileVersion)) == (False, 0, 0)


def test_files_that_the_rules_of_a_connection_count_stay_on_record(database):
    mine, elsewhere = expired(deliveries=1), expired(deliveries=1)
    with transaction() as session:
        session.query(Connection).one().retention = [{"folder": "", "keep_last": 7}]
    age(mine, 91)
    age(elsewhere, 91)
    assert clean() == 0
    with transaction() as session:
        removed = select(Delivery.id).where(Delivery.export_id == mine)
        session.execute(
            update(Receipt)
            .where(Receipt.delivery_id.in_(removed))
            .values(removed_at=clock(session), path="place-9/Plan")
        )
    assert clean() == 1
    assert (is_there(mine), is_there(elsewhere)) == (False, True)


def test_the_last_delivery_of_a_schedule_stays_to_be_compared_with(schedule: Callable[..., str]):
    key = schedule(None)

    def fire(form: str, days: float, state: str = "expired") -> str:
        with transaction() as session:
            now = clock(session)
            file = session.get_one(File, session.get_one(ScheduledExport, key).file_id)
            occasion = Occasion(key, "daily", now, "UTC")
            export_id = submit(session, ExportRequest(file, form, occasion=occasion), now=now).id
        age(export_id, days, state=state, meaning="m")
        return export_id

    last, older, drawn, failed = fire("svg", 100), fire("svg", 101), fire("png", 102), fire("svg", 99, "failed")
    clean()
    assert [is_there(one) for one in (last, older, drawn, failed)] == [True, False, True, False]
    with transaction() as session:
        session.delete(session.get_one(ScheduledExport, key))
    clean()
    assert count(Export) == 0, "nobody will compare"


@pytest.fixture
def ran(schedule: Callable[..., str]) -> Callable[..., list[str]]:
    """Adds runs of one schedule, of so many days ago each; their ids."""

    def add(*days: float, **values: Any) -> list[str]:
        made = []
        key = schedule(None)
        with transaction() as session:
            for one in days:
                at = clock(session) - timedelta(days=one)
                columns = {"outcome": "fired", "reason": "", "created_at": at} | values
                run = ScheduleRun(id=new_id(), schedule_id=key, slot=at, **columns)
                session.add(run)
                made.append(run.id)
        return made

    return add


def runs_left(ids: list[str]) -> list[bool]:
    with reading() as session:
        return [session.get(ScheduleRun, one) is not None for one in ids]


def test_old_runs_go_but_for_the_newest_of_each_schedule(ran, monkeypatch):
    configure(monkeypatch, runs_kept=2)
    monkeypatch.setattr(history, "RUNS", 1)
    busy, rare = ran(1, 80, 91, 92, 93), ran(200, 300, 400)
    assert clean() == 4
    assert runs_left(busy) == [True, True, False, False, False]
    assert runs_left(rare) == [True, True, False]


def test_runs_that_wait_or_run_or_were_not_looked_at_stay(ran, monkeypatch):
    configure(monkeypatch, runs_kept=1)
    then = datetime(2026, 1, 1, tzinfo=UTC)
    waiting, unseen, open_run = ran(1, 100, queued_at=then), ran(1, 100, look_at=then), ran(1, 100)
    with transaction() as session:
        backfilled = session.get_one(ScheduleRun, ran(1, 100)[1])
        backfilled.created_at = clock(session)
    export_id = submitted()
    with transaction() as session:
        session.get_one(Export, export_id).run_id = open_run[1]
    assert clean() == 0
    for runs in (waiting, unseen, open_run):
        assert runs_left(runs) == [True, True]
    with transaction() as session:
        move(session, export_id, ExportState.CANCELLED, now=clock(session))
        session.get_one(ScheduleRun, open_run[1]).look_at = None
    assert history.forget_history() == 1


def test_old_events_of_schedules_go(schedule: Callable[..., str]):
    key = schedule(None)
    with transaction() as session:
        now, row = clock(session), session.get_one(ScheduledExport, key)
        for days in (91, 89):
            events.note(session, row, "paused", now=now - timedelta(days=days))
        events.record(session, "beat.silent", now=now - timedelta(days=91), owner=events.EVERYBODY)
        events.record(session, "beat.back", now=now, owner=events.EVERYBODY)
    assert clean() == 2
    with reading() as session:
        assert [one.kind for one in events.of_schedules(session, "ann", 0, 9)] == ["schedule.paused", "beat.back"]


def test_a_long_history_goes_in_batches(database, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 2)
    monkeypatch.setattr(history, "BREATH", 0)
    ids = [submitted(content=b"<svg") for _ in range(7)]
    for number, export_id in enumerate(ids):
        render_export(export_id)
        age(export_id, 100 - number)
    with transaction() as session:
        session.execute(update(File).values(deleted_at=clock(session)))
    assert clean() == 7 + 7
    assert count(Export) == 0
