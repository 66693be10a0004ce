"""Conditions of schedules: what is unchanged, empty or too old is not exported, and the run says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from longshore import connections, exports, files
from longshore.db import clock, reading, transaction
from longshore.models import Export, File, FileVersion, ScheduleRun, new_id
from tests.rows import DRAWING, artifact_row, delivery_rows, export_row
from tests.schedules.conftest import rung, schedule  # noqa: F401
from workers.render import render_export

CHANGED = DRAWING.replace(b'width="40"', b'width="41"')
REWRITTEN = DRAWING.replace(b'width="40" height="20"', b'height="20"  width="40"')


class Series:
    """One schedule's document and its runs, a day apart."""

    def __init__(self, schedule_id: str, conditions: dict[str, Any]) -> None:
        self.schedule_id, self.conditions, self.day = schedule_id, conditions, 0
        with transaction() as session:
            now = clock(session)
            content = [DRAWING]
            self.file_id = files.create(session, owner="ann", name="Plan", kind="svg", content=content, now=now).id

    def write(self, content: bytes) -> None:
        with transaction() as session:
            files.new_version(session, session.get_one(File, self.file_id), [content], now=clock(session))

    def fire(self, *forms: str, deliver: bool = False) -> str:
        """The id of the first export that the schedule asks for; all of them are rendered or skipped."""
        self.day += 1
        with transaction() as session:
            now = clock(session)
            slot = datetime(2026, 1, self.day, tzinfo=UTC)
            run = ScheduleRun(
                id=new_id(), schedule_id=self.schedule_id, slot=slot, outcome="fired", reason="", created_at=now
            )
            session.add(run)
            places = [exports.DeliveryRequest(connections.default_folder(session, "ann", now=now))] if deliver else []
            file = session.get_one(File, self.file_id)
            more = {"deliveries": places, "run_id": run.id, "conditions": self.conditions}
            made = [
                exports.submit(session, exports.ExportRequest(file, form, **more), now=now).id
                for form in forms or ("svg",)
            ]
            run.export_id = made[0]
        for export_id in made:
            render_export(export_id)
        return made[0]


@pytest.fixture
def series(schedule, rung):  # noqa: F811
    def of(**conditions: Any) -> Series:
        return Series(schedule(None), conditions)

    return of


def run_of(export_id: str) -> ScheduleRun:
    with reading() as session:
        return session.query(ScheduleRun).where(ScheduleRun.export_id == export_id).one()


def test_an_unchanged_document_is_exported_once(series):
    one = series(skip_unchanged=True)
    first = one.fire()
    assert export_row(first).state == "completed"
    second = one.fire()
    row, run = export_row(second), run_of(second)
    assert (row.state, row.error_code, run.outcome) == ("cancelled", "skipped", "skipped")
    assert run.reason.startswith("The document has not changed since the delivery of ")
    assert artifact_row(second) is None


def test_its_deliveries_do_not_wait_for_ever(series):
    one = series(skip_empty=True)
    one.write(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    skipped = one.fire(deliver=True)
    assert [row.state for row in delivery_rows(skipped)] == ["cancelled"]
    assert run_of(skipped).reason == "The document is empty."


def test_a_document_that_was_only_saved_again_is_unchanged(series):
    one = series(skip_unchanged=True)
    one.fire()
    one.write(REWRITTEN)
    assert run_of(one.fire()).outcome == "skipped"
    one.write(CHANGED)
    assert export_row(one.fire()).state == "completed"


def test_another_format_or_place_is_a_change(series):
    one = series(skip_unchanged=True)
    one.fire()
    assert export_row(one.fire("png")).state == "completed"
    assert export_row(one.fire("png", deliver=True)).state == "processing"


def test_a_run_of_two_formats_is_skipped_where_both_are(series):
    one = series(skip_unchanged=True)
    one.fire("svg")
    one.fire("svg", "png")
    first, second = one.fire("svg", "png"), one.fire("svg", "pdf")
    assert run_of(first).outcome == "skipped"
    assert run_of(second).outcome == "fired"


def test_a_delivery_that_failed_is_made_again(series):
    one = series(skip_unchanged=True)
    first = one.fire()
    with transaction() as session:
        session.get_one(Export, first).state = "failed"
    assert export_row(one.fire()).state == "completed"


def test_an_unchanged_document_is_delivered_all_the_same_now_and_then(series):
    one = series(skip_unchanged=True, deliver_every=3600)
    first = one.fire()
    assert run_of(one.fire()).outcome == "skipped"
    with transaction() as session:
        row = session.get_one(Export, first)
        row.finished_at = clock(session) - timedelta(hours=2)
    assert export_row(one.fire()).state == "completed"


def test_a_document_that_nobody_has_touched_for_long_is_skipped(series):
    one = series(skip_older_than=3600)
    assert export_row(one.fire()).state == "completed"
    with transaction() as session:
        version = session.query(FileVersion).where(FileVersion.file_id == one.file_id).one()
        version.created_at = clock(session) - timedelta(hours=2)
    skipped = run_of(one.fire())
    assert skipped.outcome == "skipped"
    assert "too long ago" in skipped.reason


def test_a_document_that_cannot_be_read_is_an_error_and_not_skipped(series):
    one = series(skip_unchanged=True, skip_empty=True)
    one.write(b"<svg")
    broken = one.fire()
    assert (export_row(broken).state, export_row(broken).error_code) == ("failed", "bad_document")
    assert run_of(broken).outcome == "fired"
