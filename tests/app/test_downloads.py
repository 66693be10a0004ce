from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.models import Artifact, Export
from tests.app.conftest import Api

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def made(alice: Api, finish: Callable[..., bytes]) -> tuple[str, bytes]:
    export = alice.export(name='Ünï "x"')
    return export["id"], finish(export["id"])


def link(api: Api, export_id: str) -> str:
    parts = urlsplit(api.ok("GET", f"/export/{export_id}")["download"]["url"])
    return f"{parts.path}?{parts.query}"


def test_the_artifact_is_an_attachment_that_no_browser_runs(alice: Api, made: tuple[str, bytes]) -> None:
    answer = alice("GET", f"/export/{made[0]}/download")
    assert (answer.status_code, answer.data) == (200, made[1])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Length"] == str(len(made[1]))
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="_n_ \\"x\\".png"; filename*=UTF-8\'\'%C3%9Cn%C3%AF%20%22x%22.png'
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=5000-", 5000, None), ("bytes=-8", -8, None)],
)
def test_one_range_is_honoured(alice: Api, made: tuple[str, bytes], wanted: str, first: int, end: int | None) -> None:
    answer = alice("GET", f"/export/{made[0]}/download", headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (206, made[1][first:end])
    size = len(made[1])
    begin, stop, _ = slice(first, end).indices(size)
    assert answer.headers["Content-Range"] == f"bytes {begin}-{stop - 1}/{size}"


def test_a_range_is_checked_against_the_content(alice: Api, made: tuple[str, bytes]) -> None:
    path, size = f"/export/{made[0]}/download", len(made[1])
    assert alice("GET", path, headers={"Range": f"bytes=0-{size - 1}"}).status_code == 206
    answer = alice("GET", path, headers={"Range": f"bytes={size}-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    tag = alice("HEAD", path).headers["ETag"]
    assert alice("GET", path, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert alice("GET", path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert alice("GET", path, headers={"Range": "bytes=0-9,20-29"}).data == made[1]
    assert alice("GET", path, headers={"If-None-Match": tag}).status_code == 304


def test_head_tells_the_size_and_sends_nothing(alice: Api, made: tuple[str, bytes]) -> None:
    answer = alice("HEAD", f"/export/{made[0]}/download")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(len(made[1])))


def test_a_signed_link_needs_no_key(alice: Api, made: tuple[str, bytes]) -> None:
    path = link(alice, made[0])
    assert alice.client.get(path).data == made[1]
    assert alice.client.get(path.split("?")[0]).status_code == 401
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")
    later = path.replace("expires=1", "expires=2")
    for wrong in (forged, later, path.split("signature=")[0] + "signature=", path.split("&")[0] + "&signature=é"):
        assert alice.client.get(wrong).status_code == 403


def test_a_link_of_one_export_does_not_open_another(
    alice: Api, made: tuple[str, bytes], finish: Callable[..., bytes]
) -> None:
    other = alice.export()["id"]
    finish(other)
    assert alice.client.get(link(alice, made[0]).replace(made[0], other)).status_code == 403


def test_a_link_and_an_artifact_expire(alice: Api, made: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("app.links.LIFETIME", timedelta(seconds=-1))
        expired = link(alice, made[0])
    assert alice.client.get(expired).status_code == 410
    valid = link(alice, made[0])
    with transaction() as session:
        past = clock(session) - timedelta(seconds=1)
        session.execute(update(Artifact).where(Artifact.export_id == made[0]).values(expires_at=past))
    assert alice.client.get(valid).status_code == 410
    alice.problem(410, "GET", f"/export/{made[0]}/download")
    assert alice.ok("GET", f"/export/{made[0]}")["download"] is None


def test_an_unfinished_export_has_no_artifact_yet(alice: Api) -> None:
    problem = alice.problem(409, "GET", f"/export/{alice.export()['id']}/download")
    assert "initiated" in problem["detail"]


def test_an_object_that_is_gone_is_told_before_anything_is_sent(alice: Api, made: tuple[str, bytes]) -> None:
    store().delete(f"artifacts/{made[0]}/1")
    problem = alice.problem(404, "GET", f"/export/{made[0]}/download")
    assert "gone" in problem["detail"]


def test_an_empty_artifact_can_be_had(alice: Api, finish: Callable[..., bytes]) -> None:
    export_id = alice.export()["id"]
    finish(export_id, content=b"")
    answer = alice("GET", f"/export/{export_id}/download")
    assert (answer.status_code, answer.data) == (200, b"")


def test_an_expired_export_says_so(alice: Api, made: tuple[str, bytes]) -> None:
    with transaction() as session:
        session.execute(update(Export).where(Export.id == made[0]).values(state="expired"))
    alice.problem(410, "GET", f"/export/{made[0]}/download")
