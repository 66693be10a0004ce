"""Documents behind an address: fetched by the worker, once, and only from where that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore import files
from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled, Permanent, Refused, Transient
from longshore.exports import ExportRequest, submit
from longshore.files import version_of
from tests.fakes.web import Server, answer, drip
from tests.rows import DRAWING, artifact_row, export_row
from workers import fetch
from workers.render import render_export

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answers["/a.svg"] = answer(DRAWING)
    yield one
    one.close()


def get(url: str, target: Path, **options: object) -> bytes:
    limits = {"max_bytes": 1000, "allow_private": LOOPBACK, "alive": lambda: None} | options
    fetch.fetch(url, target, **limits)
    return target.read_bytes()


def exports_of(url: str, *forms: str) -> list[str]:
    with transaction() as session:
        now = clock(session)
        file = files.awaited(session, owner="ann", name="Plan", kind="svg", now=now)
        return [submit(session, ExportRequest(file, form, source_url=url), now=now).id for form in forms]


def test_a_document_is_fetched_and_becomes_the_version_that_was_exported(database, server):
    (export_id,) = exports_of(f"{server.at}/a.svg", "svg")
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.file_version) == ("completed", 1)
    assert artifact_row(export_id) is not None
    with reading() as session:
        assert version_of(session, row.file_id, 1).size == len(DRAWING)


def test_all_formats_of_one_document_show_the_same_fetch(database, server):
    first, second = exports_of(f"{server.at}/a.svg", "svg", "png")
    render_export(first)
    render_export(second)
    assert server.asked == ["/a.svg"]
    assert export_row(second).file_version == export_row(first).file_version == 1


def test_a_server_that_is_busy_is_asked_again_later(database, server):
    server.answers["/a.svg"] = answer(b"", "503 Busy", "Retry-After: 40")
    (export_id,) = exports_of(f"{server.at}/a.svg", "svg")
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.phase) == ("processing", "waiting")
    assert (row.not_before - row.updated_at).total_seconds() >= 40
    assert "503" in row.error_message


def test_what_the_server_refuses_fails_and_tells_no_more_of_the_address_than_its_host(database, server):
    server.answers["/a.svg?token=canary"] = answer(b"", "403 Forbidden")
    (export_id,) = exports_of(f"{server.at}/a.svg?token=canary", "svg")
    render_export(export_id)
    row = export_row(export_id)
    assert row.state == "failed"
    assert "403" in row.error_message
    assert "canary" not in row.error_message


def test_a_redirect_to_where_nobody_may_go_is_refused(server, tmp_path):
    server.answers["/away"] = answer(b"", "302 Found", "Location: http://169.254.169.254/latest/meta-data/")
    with pytest.raises(Refused, match="may not be reached"):
        get(f"{server.at}/away", tmp_path / "x")


def test_redirects_are_followed_a_few_times_only(server, tmp_path):
    server.answers["/moved"] = answer(b"", "302 Found", "Location: /a.svg")
    server.answers["/round"] = answer(b"", "302 Found", "Location: /round")
    assert get(f"{server.at}/moved", tmp_path / "x") == DRAWING
    with pytest.raises(Refused, match="more than 5 times"):
        get(f"{server.at}/round", tmp_path / "x")


@pytest.mark.parametrize("told", [True, False])
def test_a_document_that_is_too_large_is_refused(server, tmp_path, told):
    body = b"a" * 1001
    server.answers["/big"] = answer(body) if told else lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    with pytest.raises(Refused, match="more than 1,000 bytes"):
        get(f"{server.at}/big", tmp_path / "x")


def test_a_document_that_never_ends_is_given_up(server, tmp_path):
    server.answers["/drip"] = drip(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(Transient, match="did not deliver"):
        get(f"{server.at}/drip", tmp_path / "x", seconds=0.3)


def test_a_document_that_is_cut_short_is_not_taken_for_whole(server, tmp_path):
    server.answers["/cut"] = lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with pytest.raises(Transient, match="cannot be reached"):
        get(f"{server.at}/cut", tmp_path / "x")


def test_a_missing_document_is_not_asked_for_again(server, tmp_path):
    server.answers["/gone"] = answer(b"", "404 Not Found")
    with pytest.raises(Permanent, match="404"):
        get(f"{server.at}/gone", tmp_path / "x")


def test_a_fetch_stops_when_its_export_does(server, tmp_path):
    def stop() -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        get(f"{server.at}/a.svg", tmp_path / "x", alive=stop)
