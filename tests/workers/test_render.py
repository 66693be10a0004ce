from __future__ import annotations

import resource
import signal
import threading

import pytest

from longshore import exports, queue
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.errors import Transient
from longshore.models import Attempt, Export
from tests.rows import artifact_row, delivery_rows, export_row, submitted
from workers import make
from workers.render import render_export


@pytest.fixture
def rung(monkeypatch):
    sent = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: sent.append(row_id) or True)
    return sent


def attempts():
    with transaction() as session:
        return [(one.number, one.outcome) for one in session.query(Attempt).order_by(Attempt.id)]


def test_an_export_without_deliveries_is_completed_by_its_artifact(database, rung):
    export_id = submitted()
    render_export(export_id)
    row, artifact = export_row(export_id), artifact_row(export_id)
    assert (row.state, row.progress, row.phase) == ("completed", 100.0, "completed")
    assert artifact.filename == "Plan.svg"
    assert b"".join(store().chunks(artifact.key)).startswith(b"<svg")
    assert attempts() == [(1, "completed")]


@pytest.mark.parametrize(
    ("called", "name", "form", "filename", "media_type"),
    [
        ("a.pdf", "", "original", "a.pdf", "application/pdf"),
        ("a.pdf", "report", "original", "report.pdf", "application/pdf"),
        ("a.html", "b.txt", "original", "b.txt", "text/plain"),
        ("b.tar.gz", "Backup 1.5", "original", "Backup 1.5.tar.gz", "application/gzip"),
        ("README", "", "original", "README", "application/octet-stream"),
        ("a.pdf", "report", "zip", "report.pdf.zip", "application/zip"),
    ],
)
def test_a_file_keeps_its_extension_and_gets_its_type_from_it(database, rung, called, name, form, filename, media_type):
    export_id = submitted(content=b"\x00\x01", kind="file", form=form, called=called, name=name)
    render_export(export_id)
    artifact = artifact_row(export_id)
    assert (artifact.filename, artifact.media_type) == (filename, media_type)
    if form == "original":
        assert b"".join(store().chunks(artifact.key)) == b"\x00\x01"


def test_an_empty_file_fails_in_words(database, rung):
    export_id = submitted(content=b"", kind="file", form="original")
    render_export(export_id)
    assert export_row(export_id).error_message == "The file is empty, so there is nothing to deliver. Send its content."


def test_deliveries_are_told_once_the_artifact_is_there(database, rung):
    export_id = submitted(deliveries=2)
    assert rung == [export_id]
    render_export(export_id)
    assert export_row(export_id).phase == "delivering"
    assert sorted(rung[1:]) == sorted(row.id for row in delivery_rows(export_id))


def test_a_message_that_comes_twice_renders_once(database, rung):
    export_id = submitted()
    render_export(export_id)
    render_export(export_id)
    assert attempts() == [(1, "completed")]


def test_an_id_that_nobody_knows_is_quiet(database):
    render_export("00000000-0000-0000-0000-000000000000")


def test_a_broken_document_fails_at_once_and_says_why(database, rung):
    export_id = submitted(content=b"<svg", deliveries=1)
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.error_code) == ("failed", "bad_document")
    assert row.error_message
    assert delivery_rows(export_id)[0].state == "cancelled"
    assert attempts() == [(1, "bad_document")]


def test_what_may_pass_waits_and_is_tried_again(database, rung, monkeypatch):
    def away(*_args, **_kwargs):
        raise Transient("The browser was busy.")

    monkeypatch.setattr(make, "convert", away)
    export_id = submitted()
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.phase, row.error_message) == ("processing", "waiting", "The browser was busy.")
    assert row.not_before > row.updated_at
    assert row.lease_until is None


def test_a_fault_of_ours_is_tried_again_and_then_told_without_details(database, rung, monkeypatch):
    def crash(*_args, **_kwargs):
        raise ValueError("/secret/path")

    monkeypatch.setattr(make, "convert", crash)
    export_id = submitted()
    for _ in range(3):
        with transaction() as session:
            session.get_one(Export, export_id).not_before = None
        render_export(export_id)
    row = export_row(export_id)
    assert row.state == "failed"
    assert "/secret/path" not in row.error_message
    assert "inside Longshore" in row.error_message


def test_a_cancel_in_the_middle_leaves_no_artifact(database, rung, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    real = make.convert

    def slow(*args, **kwargs):
        inside.set()
        go_on.wait(10)
        return real(*args, **kwargs)

    monkeypatch.setattr(make, "convert", slow)
    export_id = submitted(deliveries=1)
    thread = threading.Thread(target=render_export, args=(export_id,))
    thread.start()
    assert inside.wait(5)
    with transaction() as session:
        exports.cancel(session, session.get_one(Export, export_id), now=clock(session))
    go_on.set()
    thread.join(10)
    assert export_row(export_id).state == "cancelled"
    assert artifact_row(export_id) is None
    assert attempts() == [(1, "cancelled")]


def test_a_worker_that_was_fenced_off_commits_nothing(database, rung, monkeypatch):
    real = make.convert

    def taken_over(*args, **kwargs):
        with transaction() as session:
            session.get_one(Export, export_id).attempt += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(make, "convert", taken_over)
    export_id = submitted()
    render_export(export_id)
    assert artifact_row(export_id) is None
    assert export_row(export_id).state == "processing"


def test_a_full_disk_is_told_and_nothing_is_stuck(database, rung, monkeypatch):
    real = make.convert

    def on_a_full_disk(*args, **kwargs):
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        try:
            return real(*args, **kwargs)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, ignored)

    monkeypatch.setattr(make, "convert", on_a_full_disk)
    shapes = b'<path d="' + b"M0 0L9 9" * 1000 + b'"/>'
    wide = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">' + shapes + b"</svg>"
    export_id = submitted(content=wide)
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.phase) == ("processing", "waiting")
    assert "free space in LONGSHORE_HOME" in row.error_message
