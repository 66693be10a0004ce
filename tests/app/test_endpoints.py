from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from app import endpoints
from longshore import egress
from longshore.db import reading
from longshore.models import Connection, Export, ScheduledExport
from tests.app.conftest import SVG, Api

METADATA = "http://169.254.169.254/"
ITEM: dict[str, Any] = {"source": {"kind": "svg", "content": SVG, "name": "drawing"}, "format": "svg"}


def config(url: str) -> dict[str, Any]:
    return {"access_key_id": "A", "secret_access_key": "B", "bucket_name": "bucket", "endpoint_url": url}


def place(url: str) -> dict[str, Any]:
    return {"destination": "s3", "destination_config": config(url)}


def made() -> int:
    with reading() as session:
        return sum(session.query(model).count() for model in (Connection, Export, ScheduledExport))


def fields(problem: dict[str, Any]) -> list[str]:
    return [one["field"] for one in problem["errors"]]


@pytest.mark.parametrize("url", [METADATA, "ftp://store.example/", "https://me:secret@store.example/"])
def test_an_export_to_an_endpoint_that_may_not_be_reached_is_refused_with_its_field(alice: Api, url: str) -> None:
    body = ITEM | {"deliveries": [{"destination": "folder"}, place(url)]}
    problem = alice.problem(422, "POST", "/export", json=body)
    assert fields(problem) == ["deliveries.1.destination_config.endpoint_url"]
    assert "me:secret" not in str(problem)
    assert made() == 0


def test_every_other_call_that_names_a_place_refuses_it_too(alice: Api, finish: Callable[..., bytes]) -> None:
    file = alice.file()
    done = alice.ok("POST", "/export", json=ITEM)
    finish(done["id"])
    schedule = {"file_id": file["id"], "export_format": "png", "schedule_type": "daily", "schedule_time": "09:00"}
    kept = alice.ok("POST", "/scheduled-exports", json=schedule)
    before = made()
    bad, inline = place(METADATA), "destination_config.endpoint_url"
    cloud = {"file_id": file["id"], "export_format": "png"} | bad
    again = f"/scheduled-exports/{kept['id']}"
    wanted = [
        ("POST", f"/export/{done['id']}/deliver", {"deliveries": [bad]}, f"deliveries.0.{inline}"),
        ("POST", "/export/cloud", cloud, inline),
        ("POST", "/export/batch", {"items": [ITEM | {"deliveries": [bad]}]}, f"items.0.deliveries.0.{inline}"),
        ("POST", "/export/batch", {"items": [ITEM], "zip": {"deliveries": [bad]}}, f"zip.deliveries.0.{inline}"),
        ("POST", "/scheduled-exports", schedule | {"deliveries": [bad]}, f"deliveries.0.{inline}"),
        ("POST", "/scheduled-exports", schedule | bad, inline),
        ("PUT", again, bad, inline),
    ]
    for method, path, body, field in wanted:
        assert fields(alice.problem(422, method, path, json=body)) == [field], path
    assert made() == before


def test_a_batch_accepts_the_items_that_are_right(alice: Api) -> None:
    answer = alice("POST", "/export/batch", json={"items": [ITEM, ITEM | {"deliveries": [place(METADATA)]}]})
    assert answer.status_code == 202
    assert [bool(one["errors"]) for one in answer.get_json()["items"]] == [False, True]


def test_a_name_without_an_address_just_now_is_taken(alice: Api) -> None:
    alice.ok("POST", "/export", json=ITEM | {"deliveries": [place("http://store.invalid/")]})


def test_a_request_waits_for_name_servers_only_so_long(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def slow(host: str, _port: int) -> list[str]:
        asked.append(host)
        time.sleep(0.06)
        return ["93.184.215.14"]

    monkeypatch.setattr(egress, "resolve", slow)
    monkeypatch.setattr(endpoints, "PATIENCE", 0.1)
    places = [place(f"https://s{number}.example/") for number in range(9)]
    alice.ok("POST", "/export", json=ITEM | {"deliveries": places})
    assert len(asked) == 2
    places.append(place(METADATA))
    alice.problem(422, "POST", "/export", json=ITEM | {"deliveries": places})
