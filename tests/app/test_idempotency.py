from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from longshore.db import reading
from longshore.models import Export, File, FileVersion
from longshore.settings import settings
from tests.app.conftest import SVG, Api, Client

BODY: dict[str, Any] = {"source": {"kind": "svg", "content": SVG}, "format": "png"}


def post(api: Api, body: dict[str, Any] = BODY, key: str = "k1") -> Any:
    return api("POST", "/export", json=body, headers={"Idempotency-Key": key})


def test_the_same_request_again_gives_the_same_export(alice: Api) -> None:
    first, again = post(alice), post(alice, dict(reversed(BODY.items())), key='"k1"')
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json() == again.get_json()
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert alice.ok("GET", "/export")["total"] == 1


def test_a_key_used_for_another_request_is_refused(alice: Api) -> None:
    post(alice)
    for answer in (
        post(alice, BODY | {"format": "svg"}),
        alice("POST", "/export/cloud", json=BODY | {"x": 1}, headers={"Idempotency-Key": "k1"}),
    ):
        assert answer.status_code == 422
    assert alice.ok("GET", "/export")["total"] == 1


def test_a_key_belongs_to_its_owner(alice: Api, bob: Api) -> None:
    assert post(alice).get_json()["id"] != post(bob).get_json()["id"]


def test_a_refused_request_does_not_use_up_its_key(alice: Api) -> None:
    assert post(alice, BODY | {"format": "docx"}).status_code == 422
    assert post(alice).status_code == 202


@pytest.mark.parametrize("given", ["", " ", "x" * 256, "ä", "a\tb"])
def test_a_key_must_be_plain(alice: Api, given: str) -> None:
    assert post(alice, key=given).status_code == 400


def test_many_at_once_with_one_key_make_one_export_and_leave_nothing_else(alice: Api) -> None:
    app = alice.client.application

    def send(_number: int) -> tuple[int, str]:
        api = Api(app.test_client(), alice.token)
        assert isinstance(api.client, Client)
        answer = post(api)
        return answer.status_code, answer.get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(24)))
    assert len(answers) == 1
    assert answers.pop()[0] == 202
    with reading() as session:
        assert len(session.scalars(select(Export.id)).all()) == 1
        assert len(session.scalars(select(File.id)).all()) == 1
        key = session.scalars(select(FileVersion.key)).one()
    root = settings().home.resolve() / "artifacts"
    assert [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()] == [key]


def scheduled(api: Api, body: dict[str, Any], key: str = "k1") -> Any:
    return api("POST", "/scheduled-exports", json=body, headers={"Idempotency-Key": key})


def test_a_schedule_that_is_asked_for_again_is_not_doubled(alice: Api, bob: Api) -> None:
    rule = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    body = rule | {"file_id": alice.file()["id"]}
    first, again = scheduled(alice, body), scheduled(alice, dict(reversed(body.items())))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert alice.ok("GET", "/scheduled-exports")["count"] == 1
    assert scheduled(alice, body | {"schedule_time": "10:00"}).status_code == 400
    assert scheduled(alice, body, "k2").get_json()["id"] != first.get_json()["id"]
    assert scheduled(bob, rule | {"file_id": bob.file()["id"]}).status_code == 201
    alice.ok("DELETE", f"/scheduled-exports/{first.get_json()['id']}")
    assert "Idempotency-Replayed" not in scheduled(alice, body).headers, "the key goes with what it made"


def test_a_key_of_a_run_is_not_one_of_a_schedule(alice: Api) -> None:
    body = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg", "file_id": alice.file()["id"]}
    one = scheduled(alice, body).get_json()["id"]
    answer = alice("POST", f"/scheduled-exports/{one}/run", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 400
    assert alice.ok("GET", "/export")["total"] == 0
