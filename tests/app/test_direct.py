from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from longshore import exports
from longshore.artifacts import store
from longshore.db import clock, reading, transaction
from longshore.models import Artifact, Export, FileVersion
from tests.app.conftest import SVG, Api
from workers.clean import clean

BODY: dict[str, Any] = {"source": {"kind": "svg", "content": SVG, "name": "drawing"}, "format": "png"}
ONCE = BODY | {"delete_after_download": True}


@pytest.fixture
def ask(alice: Api, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., TestResponse]:
    """Ask for an artifact and wait; while the request waits, the export ends, or what `end` does happens to it."""

    def do(
        accept: str = "image/png", body: dict[str, Any] = BODY, end: Callable[[str], Any] = finish, **headers: str
    ) -> TestResponse:
        def ended(export_id: str, _seconds: float) -> bool:
            return end(export_id) is not False

        monkeypatch.setattr("app.wait.until_ended", ended)
        return alice("POST", "/export", json=body, headers={"Accept": accept, "Prefer": "wait=9"} | headers)

    return do


def failed(code: str) -> Callable[[str], None]:
    def end(export_id: str) -> None:
        with transaction() as session:
            said = {"code": code, "message": "It is broken there."}
            exports.fail(session, export_id, now=clock(session), fence=None, **said)

    return end


def cancelled(export_id: str) -> None:
    with transaction() as session:
        exports.cancel(session, session.get_one(Export, export_id), now=clock(session))


@pytest.mark.parametrize(
    "accept", ["image/png", "image/*", "image/png, */*", "application/json;q=0.5, image/png", "IMAGE/PNG;q=0.2, */*"]
)
def test_who_names_the_format_gets_the_file_itself(ask: Callable[..., TestResponse], accept: str) -> None:
    answer = ask(accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.data.startswith(b"\x89PNG")
    assert answer.headers["Content-Disposition"] == "attachment; filename=drawing.png"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["ETag"] == f'"{answer.headers["X-SHA256"]}"'
    assert answer.headers["Preference-Applied"] == "wait=9"
    assert answer.headers["Location"] == f"/api/export/{answer.headers['X-Longshore-Export']}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, image/png", "image/webp", "!"])
def test_who_does_not_gets_the_description(ask: Callable[..., TestResponse], accept: str) -> None:
    answer = ask(accept)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "completed")


def test_json_is_the_description_even_where_the_file_is_json(ask: Callable[..., TestResponse]) -> None:
    answer = ask("application/json", BODY | {"source": {"kind": "markdown", "content": "# x"}, "format": "json"})
    assert answer.get_json()["format"] == "json"


def test_what_takes_longer_is_accepted(ask: Callable[..., TestResponse], alice: Api) -> None:
    answer = ask(end=lambda _id: False)
    assert (answer.status_code, answer.get_json()["state"]) == (202, "initiated")
    answer = alice("POST", "/export", json=BODY, headers={"Accept": "image/png"})
    assert (answer.status_code, answer.get_json()["state"]) == (202, "initiated")


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        (failed("bad_document"), 422, "bad_document"),
        (failed("transient"), 502, "transient"),
        (cancelled, 409, "cancelled"),
    ],
)
def test_where_there_is_no_file_a_problem_says_why(
    ask: Callable[..., TestResponse], end: Callable[[str], None], status: int, code: str
) -> None:
    answer = ask(end=end)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["code"] == code
    assert problem["export_id"] == answer.headers["X-Longshore-Export"]
    if code == "bad_document":
        assert problem["detail"] == "It is broken there."


def test_ranges_and_entity_tags_are_for_downloads(ask: Callable[..., TestResponse]) -> None:
    whole = ask()
    answer = ask(**{"Range": "bytes=0-3", "If-None-Match": whole.headers["ETag"]})
    assert (answer.status_code, answer.data) == (200, whole.data)


def gone(api: Api, export_id: str) -> bool:
    """Whether nothing of the artifact and of the inline document is left; all of it, or the test fails."""
    left = [path for name in ("artifacts", "files") for path in _objects(name)]
    with reading() as session:
        left += session.scalars(select(Artifact.key).where(Artifact.export_id == export_id))
        left += session.scalars(select(FileVersion.key))
        state = session.get_one(Export, export_id).state
    if left:
        assert len(left) == 4
        return False
    assert state == "expired"
    api.problem(410, "GET", f"/export/{export_id}/download")
    return True


def _objects(name: str) -> list[str]:
    root = store()._root
    assert root is not None
    return [str(path) for path in (root / name).rglob("*") if path.is_file()]


def test_the_first_whole_download_is_the_last(alice: Api, finish: Callable[..., bytes]) -> None:
    export = alice.export(delete_after_download=True)
    assert export["delete_after_download"] is True
    content = finish(export["id"])
    path = f"/export/{export['id']}/download"
    tag = alice("HEAD", path).headers["ETag"]
    for headers in (
        {"If-None-Match": tag},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=-5"},
        {"Range": f"bytes=1-{len(content) - 1}"},
        {"Range": "bytes=999999-"},
    ):
        assert alice("GET", path, headers=headers).status_code in {206, 304, 416}
    assert not gone(alice, export["id"])
    assert alice("GET", path).data == content
    assert gone(alice, export["id"])
    assert "downloaded" in alice.ok("GET", f"/export/{export['id']}/timeline")["entries"][-1]["text"]


def test_a_range_of_everything_and_a_signed_link_are_downloads(alice: Api, finish: Callable[..., bytes]) -> None:
    export_id = alice.export(delete_after_download=True)["id"]
    finish(export_id)
    link = alice.ok("GET", f"/export/{export_id}")["download"]["url"]
    assert alice.client.get(link, headers={"Range": "bytes=0-"}).status_code == 206
    assert gone(alice, export_id)
    export_id = alice.export(delete_after_download=True)["id"]
    finish(export_id, content=b"")
    assert alice.client.get(alice.ok("GET", f"/export/{export_id}")["download"]["url"]).data == b""
    assert gone(alice, export_id)


@pytest.mark.parametrize("condition", [True, False])
def test_a_download_that_goes_on_after_it_broke_off_is_one(
    alice: Api, finish: Callable[..., bytes], condition: bool
) -> None:
    export_id = alice.export(delete_after_download=True)["id"]
    content = finish(export_id, content=b"x" * 3_000_000)
    path = f"/export/{export_id}/download"
    broken = alice("GET", path, buffered=False)
    seen = len(next(iter(broken.response)))
    broken.close()
    headers = {"Range": f"bytes={seen}-"} | ({"If-Range": broken.headers["ETag"]} if condition else {})
    assert alice("HEAD", path, headers=headers).status_code == 206
    assert not gone(alice, export_id)
    rest = alice("GET", path, headers=headers)
    assert (rest.status_code, rest.data) == (206, content[seen:])
    assert gone(alice, export_id)


def test_a_download_that_breaks_off_does_not_count(alice: Api, finish: Callable[..., bytes]) -> None:
    export_id = alice.export(delete_after_download=True)["id"]
    finish(export_id, content=b"x" * 3_000_000)
    broken = alice("GET", f"/export/{export_id}/download", buffered=False)
    next(iter(broken.response))
    broken.close()
    assert not gone(alice, export_id)
    with transaction() as session:
        row = session.scalars(select(Artifact).where(Artifact.export_id == export_id)).one()
        row.expires_at = clock(session) - timedelta(seconds=1)
    assert clean() == 2
    assert gone(alice, export_id)


def test_the_answer_to_the_request_is_a_download(ask: Callable[..., TestResponse], alice: Api) -> None:
    answer = ask(body=ONCE, **{"Idempotency-Key": "one"})
    assert answer.data.startswith(b"\x89PNG")
    assert gone(alice, answer.headers["X-Longshore-Export"])
    again = ask(body=ONCE, end=lambda _id: True, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (410, "true")


def test_deletion_waits_for_what_is_on_its_way(alice: Api, finish: Callable[..., bytes]) -> None:
    export_id = alice.export(delete_after_download=True, deliveries=[{"destination": "local"}])["id"]
    finish(export_id)
    with transaction() as session:
        export = session.get_one(Export, export_id)
        export.state, export.phase = "processing", "delivering"
    path = f"/export/{export_id}/download"
    assert alice("GET", path).status_code == 200
    assert not gone(alice, export_id)
    clean()
    assert not gone(alice, export_id)
    alice.problem(410, "GET", path)
    with transaction() as session:
        exports.settle(session, export_id, now=clock(session))
    clean()
    assert gone(alice, export_id)


def test_a_stored_file_stays(alice: Api, finish: Callable[..., bytes]) -> None:
    file = alice.file()
    export_id = alice.export(source=None, file_id=file["id"], delete_after_download=True)["id"]
    finish(export_id)
    assert alice("GET", f"/export/{export_id}/download").status_code == 200
    assert alice.ok("GET", f"/export/{export_id}")["state"] == "expired"
    assert alice("GET", f"/files/{file['id']}/content").status_code == 200


def test_an_export_that_failed_may_still_be_tried_again(alice: Api, finish: Callable[..., bytes]) -> None:
    export_id = alice.export(delete_after_download=True, deliveries=[{"destination": "local"}])["id"]
    finish(export_id)
    with transaction() as session:
        export = session.get_one(Export, export_id)
        export.state = "failed"
    assert alice("GET", f"/export/{export_id}/download").status_code == 200
    assert _objects("artifacts") == []
    assert len(_objects("files")) == 1
    assert alice.ok("GET", f"/export/{export_id}")["state"] == "failed"


def test_where_the_database_is_away_the_download_is_whole_all_the_same(
    alice: Api, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from longshore.errors import Transient

    def away(*_: Any, **__: Any) -> None:
        raise Transient("The database is away.")

    export_id = alice.export(delete_after_download=True)["id"]
    content = finish(export_id)
    monkeypatch.setattr("app.removal.expire_downloaded", away)
    assert alice("GET", f"/export/{export_id}/download").data == content
    assert not gone(alice, export_id)


def test_a_yes_must_be_meant(alice: Api) -> None:
    problem = alice.problem(422, "POST", "/export", json=BODY | {"delete_after_download": "no"})
    assert problem["errors"][0]["field"] == "delete_after_download"


def test_the_description_tells_of_the_bytes(alice: Api) -> None:
    paths = alice.client.get("/openapi.json").get_json()["paths"]
    asked = paths["/api/export"]["post"]["responses"]
    assert "$ref" in asked["200"]["content"]["application/json"]["schema"]
    assert {"image/png", "application/pdf", "text/html"} <= asked["200"]["content"].keys()
    assert {"409", "410", "422", "502"} <= asked.keys()
    downloaded = paths["/api/export/{export_id}/download"]["get"]["responses"]["200"]["content"]
    assert downloaded["image/png"]["schema"] == {"type": "string", "contentMediaType": "image/png"}
