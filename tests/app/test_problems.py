from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.api.problems import STATUS
from longshore import errors, settings
from tests.app.conftest import Api

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FIELDS = {"type", "title", "status", "detail", "code", "request_id"}


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_an_unknown_path_and_a_wrong_method_are_problems_too(client: FlaskClient, alice: Api) -> None:
    for path in ("/nothing", "/api/nothing", "/api/files/not-an-id"):
        answer = client.get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
        assert answer.get_json().keys() == FIELDS
    answer = alice("PATCH", "/files")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b'{"a": NaN}', 400),
        (b'{"format": "\\ud800"}', 400),
        (b"[" * 5000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"x"', 422),
        (b"\xff\xfe", 400),
    ],
)
def test_broken_json_is_a_problem_of_the_client(alice: Api, body: bytes, status: int) -> None:
    for path in ("/export", "/export/cloud", "/scheduled-exports", "/connections"):
        alice.problem(status, "POST", path, data=body, content_type="application/json")


def test_a_body_that_is_not_json_is_an_unsupported_type(alice: Api) -> None:
    alice.problem(415, "POST", "/export", data=b"format=png", content_type="application/x-www-form-urlencoded")
    alice.problem(415, "POST", "/export", data=b"{}")


def test_a_body_that_is_too_large_is_refused(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    app = alice.client.application
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    for path, options in (
        ("/export", {"json": {"source": "x" * 2000}}),
        ("/files", {"data": b"x" * 2000, "content_type": "text/markdown"}),
        ("/files", {"data": {"file": (io.BytesIO(b"x" * 2000), "a.md")}}),
    ):
        alice.problem(413, "POST", path, **options)


def test_a_chunked_body_is_refused_too_and_never_cut_at_the_limit(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(alice.client.application.config, "MAX_CONTENT_LENGTH", 1000)
    chunked = {"environ_overrides": {"wsgi.input_terminated": True}}
    for path, media_type in (("/export", "application/json"), ("/files", "application/json"), ("/files", "image/png")):
        for size, refused in ((2000, True), (900, False)):
            body = io.BytesIO(b'"' + b"x" * (size - 2) + b'"')
            answer = alice("POST", path, input_stream=body, content_type=media_type, **chunked)
            assert (answer.status_code == 413) is refused, (path, media_type, size, answer.get_data(as_text=True))
    files = alice.ok("GET", "/files")["files"]
    assert [file["size"] for file in files] == [900]


def test_every_validation_error_names_its_field(alice: Api) -> None:
    problem = alice.problem(422, "POST", "/export", json={"deadline": "soon", "extra": 1})
    assert {one["field"] for one in problem["errors"]} == {"format", "deadline", "extra"}
    assert problem["code"] == "invalid"


@pytest.mark.parametrize("kind", STATUS)
def test_every_error_of_ours_has_its_status(
    alice: Api, monkeypatch: pytest.MonkeyPatch, kind: type[errors.LongshoreError]
) -> None:
    monkeypatch.setattr("app.api.files.rows.find", raising(kind("What to do.", detail="canary")))
    path = "/files/00000000-0000-4000-8000-000000000000"
    problem = alice.problem(STATUS[kind], "GET", path)
    assert (problem["detail"], problem["code"]) == ("What to do.", kind.code)
    assert "canary" not in str(problem)


def test_a_fault_that_passes_says_when_to_come_back(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/files/00000000-0000-4000-8000-000000000000"
    for error, seconds in (
        (errors.Transient("x", retry_after=6.2), "7"),
        (errors.Transient("x"), "2"),
        (OperationalError("SELECT canary", {}, Exception("database is locked")), "2"),
    ):
        monkeypatch.setattr("app.api.files.rows.find", raising(error))
        answer = alice("GET", path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, seconds)
        assert "canary" not in answer.get_data(as_text=True)


def test_a_crash_tells_nothing_but_where_to_look(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.files.rows.find", raising(RuntimeError("canary /etc/passwd")))
    answer = alice("GET", "/files/00000000-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "canary" not in answer.get_data(as_text=True)
    assert answer.get_json()["request_id"] == answer.headers["X-Request-Id"]


def test_every_unavailable_database_is_a_503(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSHORE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    settings.settings.cache_clear()
    assert alice("GET", "/files").status_code == 503
    assert alice.client.get("/healthz").status_code == 200
    ready = alice.client.get("/readyz")
    assert ready.status_code == 503
    assert not ready.get_json()["checks"]["database"]["ok"]


def test_safe_headers_are_on_every_answer(client: FlaskClient, alice: Api) -> None:
    for answer in (client.get("/healthz"), client.get("/nothing"), client.get("/api/files"), alice("GET", "/files")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_nul_is_refused_wherever_it_would_be_stored(alice: Api) -> None:
    file = alice.file()
    body = {
        "file_id": file["id"],
        "schedule_type": "daily",
        "schedule_time": "09:00",
        "export_format": "png",
        "destination_type": "s3",
        "destination_config": {
            "access_key_id": "a",
            "secret_access_key": "b",
            "bucket_name": "bbb",
            "region": "eu\u0000",
        },
    }
    problem = alice.problem(400, "POST", "/scheduled-exports", json=body)
    assert problem["errors"][0]["field"] == "destination_config.region"
    alice.problem(422, "GET", "/export?file_id=%00")
    alice.problem(422, "GET", "/files?name=%00")
