from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.seats import seat
from longshore.artifacts import store
from longshore.connections import open_secrets
from longshore.db import reading, transaction
from longshore.models import Artifact, Connection, Delivery, Export, File, FileVersion
from tests.app.conftest import SVG, Api

S3 = {"access_key_id": "AKIA", "secret_access_key": "canary-secret", "bucket_name": "bucket", "region": "eu-west-1"}


def test_an_export_of_a_stored_file_is_accepted_at_once_though_the_broker_is_down(alice: Api) -> None:
    file = alice.file()
    started = time.monotonic()
    answer = alice("POST", "/export", json={"file_id": file["id"], "format": "png", "settings": {"scale": 1}})
    assert time.monotonic() - started < 3
    assert answer.status_code == 202
    export = answer.get_json()
    assert answer.headers["Location"] == f"/api/export/{export['id']}"
    assert (export["state"], export["kind"], export["format"]) == ("initiated", "svg", "png")
    assert (export["settings"], export["file_version"], export["download"]) == ({"scale": 1.0}, 1, None)
    assert alice.ok("GET", f"/export/{export['id']}") == export


def test_an_inline_document_goes_to_any_number_of_places(alice: Api) -> None:
    deliveries = [
        {"destination": "local"},
        {"destination_type": "folder", "destination_config": {"folder": "a"}, "folder": "b", "conflict": "fail"},
        {"destination": "s3", "destination_config": S3 | {"folder": "f"}, "name": "n"},
    ]
    export = alice.export(deliveries=deliveries)
    assert [one["destination"] for one in export["deliveries"]] == ["folder", "folder", "s3"]
    assert [one["state"] for one in export["deliveries"]] == ["pending"] * 3
    assert (export["deliveries"][1]["folder"], export["deliveries"][1]["conflict"]) == ("b", "fail")
    with reading() as session:
        row = session.get_one(Connection, export["deliveries"][2]["connection_id"])
        assert row.one_off
        assert row.options == {"bucket_name": "bucket", "region": "eu-west-1", "folder": "f"}
        assert open_secrets(row) == {"access_key_id": "AKIA", "secret_access_key": "canary-secret"}
        assert b"canary" not in row.secret


def test_the_words_of_older_clients_are_understood(alice: Api) -> None:
    body = {"file_id": alice.file()["id"], "export_format": "jpg", "export_settings": {"quality": "high"}}
    export = alice.ok("POST", "/export", json=body | {"file_name": "x"})
    assert (export["format"], export["settings"], export["name"]) == ("jpeg", {"quality": 90}, "x")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"format": "docx"}, "format", "format must be one of: svg, png"),
        ({"format": "json"}, "format", "svg cannot become"),
        ({"source": {"kind": "word", "content": "x"}}, "source.kind", "Kinds are"),
        ({"source": {"kind": "svg"}}, "source.content", "content"),
        ({"source": None}, "file_id", "either"),
        ({"settings": {"scale": 99}}, "settings.scale", "less than or equal to 4"),
        ({"settings": {"dots": 300}}, "settings.dots", "not permitted"),
        ({"setings": {}}, "setings", "not permitted"),
        ({"deadline": 0}, "deadline", "greater than 0"),
        ({"deliveries": [{}]}, "deliveries.0.connection_id", "either"),
        ({"deliveries": [{"destination": "ftp"}]}, "deliveries.0.destination", "must be one of: "),
        (
            {"deliveries": [{"destination": "s3", "destination_config": {**S3, "access_key_id": None}}]},
            "deliveries.0.destination_config.access_key_id",
            "valid string",
        ),
        (
            {"deliveries": [{"destination": "s3", "destination_config": {"access_key_id": "A", "bucket_name": "bbb"}}]},
            "deliveries.0.destination_config.secret_access_key",
            "Missing required config: secret_access_key",
        ),
        (
            {"deliveries": [{"destination": "s3", "destination_config": {**S3, "colour": "red"}}]},
            "deliveries.0.destination_config.colour",
            "It has: ",
        ),
        ({"deliveries": [{"connection_id": "x"}]}, "deliveries.0.connection_id", "no such connection"),
        ({"deliveries": [{"destination": "local", "conflict": "panic"}]}, "deliveries.0.conflict", "'overwrite'"),
    ],
)
def test_an_export_that_cannot_be_meant_is_refused_by_field_and_leaves_nothing(
    alice: Api, fields: dict[str, Any], field: str, words: str
) -> None:
    body: dict[str, Any] = {"source": {"kind": "svg", "content": SVG}, "format": "png"} | fields
    problem = alice.problem(422, "POST", "/export", json=body)
    assert problem["errors"][0]["field"] == field
    assert words in problem["errors"][0]["message"]
    assert "canary" not in str(problem)
    with reading() as session:
        for model in (Export, File, Connection):
            assert session.scalars(select(model)).all() == []


def test_what_this_machine_lacks_is_named_with_its_remedy(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.accept.plan", unavailable)
    problem = alice.problem(422, "POST", "/export", json={"source": {"kind": "svg", "content": SVG}, "format": "pdf"})
    assert (problem["code"], problem["detail"]) == ("unavailable", "pdf needs browser. Get it with: apt-get install it")


def unavailable(*_: Any) -> None:
    from longshore.errors import Unavailable

    raise Unavailable("pdf needs browser. Get it with: apt-get install it")


def test_prefer_wait_answers_with_the_finished_export_or_after_the_time(
    alice: Api, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"source": {"kind": "svg", "content": SVG}, "format": "png"}
    answer = alice("POST", "/export", json=body, headers={"Prefer": "respond-async, wait=0"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")
    looked: list[str] = []

    def end(export_id: str, seconds: float) -> bool:
        looked.append(export_id)
        finish(export_id)
        return until_ended(export_id, seconds)

    from app.wait import until_ended

    monkeypatch.setattr("app.wait.until_ended", end)
    answer = alice("POST", "/export", json=body, headers={"Prefer": "wait=999"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=60")
    assert answer.get_json()["state"] == "completed"
    assert answer.get_json()["id"] == looked[0]


def test_waiting_is_passed_over_where_too_many_wait(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.seats._free", threading.BoundedSemaphore(1))
    started = time.monotonic()
    with seat():
        body = {"source": {"kind": "svg", "content": SVG}, "format": "png"}
        assert alice("POST", "/export", json=body, headers={"Prefer": "wait=30"}).status_code == 202
    assert time.monotonic() - started < 5


def test_exports_are_listed_with_filters_and_pages(alice: Api, finish: Callable[..., bytes]) -> None:
    made = [alice.export(format=form)["id"] for form in ("png", "svg", "png")]
    finish(made[0])
    listed = alice.ok("GET", "/export")
    assert [one["id"] for one in listed["exports"]] == made[::-1]
    assert (listed["total"], listed["limit"], listed["offset"]) == (3, 20, 0)
    for query, wanted in (
        ("state=completed", made[:1]),
        ("state=completed,initiated&format=png", [made[2], made[0]]),
        ("format=svg", made[1:2]),
        ("kind=canvas", []),
        ("limit=1&offset=2", made[:1]),
    ):
        assert [one["id"] for one in alice.ok("GET", f"/export?{query}")["exports"]] == wanted


def test_a_finished_export_tells_everything(alice: Api, finish: Callable[..., bytes]) -> None:
    export = alice.export(deliveries=[{"destination": "local"}])
    content = finish(export["id"])
    export = alice.ok("GET", f"/export/{export['id']}")
    download, receipt = export["download"], export["deliveries"][0]["receipt"]
    assert download["marker"] == f"DOWNLOAD_FILE:drawing.png:image/png:{len(content)}"
    assert download["sha256"] == export["artifact"]["sha256"] == receipt["sha256"]
    assert receipt["extra"] == {"bucket": "b", "key": "k"}
    assert export["deliveries"][0]["percent"] == 100.0
    status = alice.ok("GET", f"/export/{export['id']}/status")
    assert (status["exportId"], status["status"], status["progress"]) == (export["id"], "completed", 100.0)
    assert (status["currentPhase"], status["packageSize"], status["error"]) == ("completed", len(content), None)
    assert status["downloadUrl"]
    assert status["completedAt"] == export["finished_at"]


def test_cancelling_stops_what_is_left_and_only_once(alice: Api) -> None:
    export = alice.export(deliveries=[{"destination": "local"}])
    cancelled = alice.ok("POST", f"/export/{export['id']}/cancel")
    assert (cancelled["state"], cancelled["deliveries"][0]["state"]) == ("cancelled", "cancelled")
    alice.problem(409, "POST", f"/export/{export['id']}/cancel")


def test_retry_takes_up_what_failed(alice: Api, finish: Callable[..., bytes]) -> None:
    export = alice.export()
    alice.problem(409, "POST", f"/export/{export['id']}/retry")
    alice.ok("POST", f"/export/{export['id']}/cancel")
    answer = alice("POST", f"/export/{export['id']}/retry")
    assert (answer.status_code, answer.get_json()["state"]) == (202, "initiated")
    finish(export["id"])
    alice.problem(409, "POST", f"/export/{export['id']}/retry")


def test_deleting_removes_rows_and_objects_and_spares_what_others_need(
    alice: Api, finish: Callable[..., bytes]
) -> None:
    file = alice.file()
    kept = alice.export(deliveries=[{"destination": "local"}])
    inline = alice.export(deliveries=[{"destination": "s3", "destination_config": S3}, {"destination": "local"}])
    of_file = alice.ok("POST", "/export", json={"file_id": file["id"], "format": "png"})
    for export in (inline, of_file):
        finish(export["id"])
    with reading() as session:
        keys = list(session.scalars(select(Artifact.key)))
        inline_file = session.get_one(Export, inline["id"]).file_id
        keys += session.scalars(select(FileVersion.key).where(FileVersion.file_id == inline_file))
    for export in (inline, of_file):
        alice.ok("DELETE", f"/export/{export['id']}")
        alice.problem(404, "GET", f"/export/{export['id']}")
    for key in keys:
        with pytest.raises(Exception, match="gone"):
            store().open(key)
    alice.ok("GET", f"/files/{file['id']}")
    with reading() as session:
        assert list(session.scalars(select(Export.id))) == [kept["id"]]
        assert [row.name for row in session.scalars(select(Connection))] == ["Default folder"]
        assert len(session.scalars(select(Delivery)).all()) == 1
    alice.ok("DELETE", f"/export/{kept['id']}")


def test_too_many_open_exports_are_held_off(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.accept.MOST_OPEN", 1)
    alice.export()
    body = {"source": {"kind": "svg", "content": SVG}, "format": "png"}
    answer = alice("POST", "/export", json=body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    with transaction() as session:
        assert len(session.scalars(select(File)).all()) == 1


def test_a_document_may_be_an_address_that_is_fetched_later(alice: Api) -> None:
    export = alice.export(source={"kind": "svg", "url": "https://example.com/a.svg?key=1", "name": "drawing"})
    assert (export["state"], export["file_version"]) == ("initiated", 0)
    with reading() as session:
        row = session.get_one(Export, export["id"])
        assert row.source_url == "https://example.com/a.svg?key=1"
        assert session.get_one(File, row.file_id).version == 0


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://ann:secret@example.com/", "http://example.com:22/"])
def test_an_address_that_cannot_be_fetched_is_refused_at_once(alice: Api, url: str) -> None:
    body = {"source": {"kind": "svg", "url": url}, "format": "png"}
    assert alice.problem(422, "POST", "/export", json=body)["errors"][0]["field"] == "source.url"


def test_a_document_and_its_address_are_not_taken_together(alice: Api) -> None:
    source = {"kind": "svg", "url": "https://example.com/a.svg", "content": SVG}
    problem = alice.problem(422, "POST", "/export", json={"source": source, "format": "png"})
    assert problem["errors"][0]["field"] == "source.url"
