"""Conditions of schedules: what is unchanged, empty or too old is not exported, and the run says why."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event

from longshore import connections, exports, files
from longshore.artifacts import store
from longshore.db import clock, reading, transaction
from longshore.errors import NotFound
from longshore.models import Connection, Delivery, Export, File, FileVersion, ScheduleRun, new_id
from longshore.settings import settings
from longshore.states import DeliveryState, move
from tests.fakes.web import Server, answer
from tests.rows import DRAWING, artifact_row, delivery_rows, export_row
from tests.schedules.conftest import rung, schedule  # noqa: F401
from workers import conditions
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

    def write(self, content: bytes, kind: str = "svg") -> None:
        with transaction() as session:
            session.get_one(File, self.file_id).kind = kind
            files.new_version(session, session.get_one(File, self.file_id), [content], now=clock(session))

    def fire(self, *forms: str, deliver: bool = False, **place: Any) -> str:
        """The id of the first export that the schedule asks for; all of them are rendered or skipped.

        With a `place`, it is delivered there as far as the rows are concerned.
        """
        self.day += 1
        with transaction() as session:
            now = clock(session)
            slot = datetime(2026, 1, self.day, tzinfo=UTC)
            run = ScheduleRun(
                id=new_id(), schedule_id=self.schedule_id, slot=slot, outcome="fired", reason="", created_at=now
            )
            session.add(run)
            folder = connections.default_folder(session, "ann", now=now)
            places = [exports.DeliveryRequest(folder, **place)] if deliver or place else []
            file = session.get_one(File, self.file_id)
            occasion = exports.Occasion(self.schedule_id, "daily", slot, "UTC")
            more = {"deliveries": places, "run_id": run.id, "conditions": self.conditions, "occasion": occasion}
            made = [
                exports.submit(session, exports.ExportRequest(file, form, **more), now=now).id
                for form in forms or ("svg",)
            ]
            run.export_id = made[0]
        for export_id in made:
            render_export(export_id)
            if place:
                arrive(export_id)
        return made[0]


def arrive(export_id: str) -> None:
    """What an upload worker does once the provider has confirmed."""
    with transaction() as session:
        now = clock(session)
        for delivery in session.query(Delivery).where(Delivery.export_id == export_id):
            move(session, delivery.id, DeliveryState.UPLOADING, now=now)
            move(session, delivery.id, DeliveryState.COMPLETED, now=now, finished_at=now)
        exports.settle(session, export_id, now=now)


@pytest.fixture
def series(schedule, rung):  # noqa: F811
    def of(**conditions: Any) -> Series:
        return Series(schedule(None), conditions)

    return of


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


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


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"folder": "new"},
        {"name": "new-{date}"},
        {"conflict": "overwrite"},
        {"packing": {"compress": "gzip"}},
        {"packing": {"encrypt_to": ["age1new"]}},
    ],
    ids=lambda elsewhere: next(iter(elsewhere)),
)
def test_another_folder_name_conflict_rule_or_packing_is_a_change(series, elsewhere):
    one = series(skip_unchanged=True)
    here: dict[str, Any] = {"folder": "old", "name": "old", "conflict": "rename", "packing": {}}
    assert export_row(one.fire(**here)).state == "completed"
    assert run_of(one.fire(**here)).outcome == "skipped"
    assert export_row(one.fire(**(here | elsewhere))).state == "completed"
    assert run_of(one.fire(**(here | elsewhere))).outcome == "skipped"


def test_a_place_whose_settings_change_is_another_one_and_a_new_secret_is_not(series):
    one = series(skip_unchanged=True)
    one.fire(folder="here")
    with transaction() as session:
        session.query(Connection).where(Connection.destination == "folder").update({"secret": b"new"})
    assert run_of(one.fire(folder="here")).outcome == "skipped"
    with transaction() as session:
        session.query(Connection).where(Connection.destination == "folder").update({"options": {"root": "/other"}})
    assert export_row(one.fire(folder="here")).state == "completed"


def test_a_document_with_another_name_is_delivered_under_it(series):
    one = series(skip_unchanged=True)
    one.fire(folder="here")
    with transaction() as session:
        session.get_one(File, one.file_id).name = "Plan B"
    assert export_row(one.fire(folder="here")).state == "completed"


def test_a_picture_that_lies_elsewhere_counts_by_what_it_shows(series, server, monkeypatch):
    monkeypatch.setenv("LONGSHORE_REMOTE_IMAGES", "true")
    settings.cache_clear()
    one = series(skip_unchanged=True)
    server.answers["/logo.png"] = answer(png("red"))
    one.write(f"![logo]({server.at}/logo.png)".encode(), kind="markdown")
    assert export_row(one.fire("html")).state == "completed"
    same = one.fire("html")
    assert (run_of(same).outcome, artifact_row(same)) == ("skipped", None)
    with pytest.raises(NotFound):
        list(store().chunks(f"artifacts/{same}/1"))
    server.answers["/logo.png"] = answer(png("blue"))
    assert export_row(one.fire("html")).state == "completed"
    assert run_of(one.fire("html")).outcome == "skipped"
    server.answers["/logo.png"] = answer(b"", "404 Not Found")
    assert export_row(one.fire("html")).state == "completed", "that it is gone is a change, too"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_last_delivery_is_found_through_an_index(database):
    export = Export(schedule_id="s", owner="ann", format="svg", id="e")
    asked = []
    with reading() as session:
        event.listen(session.get_bind().engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        conditions._last_delivered(session, export)
        statement, values = asked[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert [line[3] for line in plan] == [
        "SEARCH exports USING INDEX ix_exports_arrived (schedule_id=? AND format=?)"
    ], "no scan, no sorting"


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


def test_conditions_that_this_version_does_not_know_fail_the_export_and_say_so(series):
    """They were stored by another one: neither skipped nor made regardless."""
    row = export_row(series(skip_on_rain=True).fire(deliver=True))
    assert (row.state, row.error_code) == ("failed", "invalid")
    assert "conditions.skip_on_rain" in row.error_message
