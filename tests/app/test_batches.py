from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.db import clock, reading, transaction
from longshore.models import Batch, Connection, Export, File
from longshore.packages import PACKAGE
from tests.app.conftest import SVG, Api
from workers.clean import clean
from workers.lease import claim_export

ITEM: dict[str, Any] = {"source": {"kind": "svg", "content": SVG, "name": "drawing"}, "format": "png"}
WRONG: list[dict[str, Any]] = [
    {"file_id": "00000000-0000-4000-8000-000000000000", "format": "png"},
    ITEM | {"format": "doc"},
    ITEM | {"colour": "red"},
    ITEM | {"deliveries": [{"destination": "ftp"}]},
    ITEM | {"deliveries": [{"destination": "local", "folder": "{nonsense}"}]},
]


def rows(model: Any) -> int:
    with reading() as session:
        count: int = session.query(model).count()
        return count


def objects(home: Path) -> int:
    return sum(one.is_file() for one in home.rglob("files/*/*"))


def test_each_item_is_answered_by_itself(alice: Api, home: Path) -> None:
    answer = alice("POST", "/export/batch", json={"items": [ITEM, *WRONG, ITEM | {"format": "svg"}]})
    assert answer.status_code == 202
    batch = answer.get_json()
    assert answer.headers["Location"] == f"/api/export/batch/{batch['id']}"
    assert (batch["accepted"], batch["refused"], batch["state"]) == (2, 5, "processing")
    fields = [[error["field"] for error in one["errors"]] for one in batch["items"]]
    assert fields == [
        [],
        ["items.1"],
        ["items.2.format"],
        ["items.3.colour"],
        ["items.4.deliveries.0.destination"],
        ["items.5.deliveries.0.folder"],
        [],
    ]
    assert [one["export"]["format"] for one in batch["items"] if one["export"]] == ["png", "svg"]
    assert alice.ok("GET", f"/export/batch/{batch['id']}") == batch
    assert alice.ok("GET", f"/export?batch_id={batch['id']}")["total"] == 2
    # what was refused left neither rows nor objects
    assert (rows(File), rows(Export), rows(Connection)) == (2, 2, 0)
    assert objects(home) == 2


def test_all_or_nothing_takes_nothing_where_one_item_is_wrong(alice: Api, home: Path) -> None:
    body = {"items": [ITEM, *WRONG[:2]], "all_or_nothing": True}
    problem = alice.problem(422, "POST", "/export/batch", json=body)
    assert [one["field"] for one in problem["errors"]] == ["items.1", "items.2.format"]
    assert (rows(File), rows(Export), rows(Batch)) == (0, 0, 0)
    assert objects(home) == 0
    alice.problem(422, "POST", "/export/batch", json={"items": WRONG})
    assert rows(Batch) == 0


def test_diagram_clients_are_understood(alice: Api) -> None:
    shape = {"id": "a", "type": "rectangle", "x": 0, "y": 0, "width": 10, "height": 10}
    diagrams = [{"diagram_id": "d1", "title": "One", "canvas_data": {"shapes": [shape]}}, {"diagram_id": "d2"}]
    batch = alice.ok("POST", "/export/batch", json={"diagrams": diagrams, "format": "svg", "user_id": "u"})
    assert (batch["items"][0]["export"]["name"], batch["items"][0]["export"]["kind"]) == ("One", "canvas")
    assert batch["items"][1]["errors"]
    assert batch["package"]["name"] == "diagrams"


def test_limits_are_told(alice: Api) -> None:
    for body, field in (
        ({"items": []}, "items"),
        ({"items": [{}] * 501}, "items"),
        ({"items": [ITEM], "zip": {"deliveries": [{"destination": "ftp"}]}}, "zip.deliveries.0.destination"),
        ({"items": [ITEM], "zip": {"colour": "red"}}, "zip.colour"),
    ):
        assert alice.problem(422, "POST", "/export/batch", json=body)["errors"][0]["field"] == field
    assert rows(Export) == 0


def test_the_same_key_makes_one_batch(alice: Api) -> None:
    headers = {"Idempotency-Key": "b-1"}
    body = {"items": [ITEM, WRONG[0]], "zip": {"name": "all"}}
    first = alice("POST", "/export/batch", json=body, headers=headers)
    again = alice("POST", "/export/batch", json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.get_json()["id"] == again.get_json()["id"]
    assert first.get_json()["items"] == again.get_json()["items"]
    assert (rows(Batch), rows(Export)) == (1, 2)
    alice.problem(422, "POST", "/export/batch", json={"items": [ITEM]}, headers=headers)


def test_the_package_waits_until_every_other_export_has_ended(alice: Api, finish: Callable[..., bytes]) -> None:
    body = {"items": [ITEM, ITEM, ITEM], "zip": {"name": "all", "deliveries": [{"destination": "local"}]}}
    batch = alice.ok("POST", "/export/batch", json=body)
    package = batch["package"]
    assert (package["kind"], package["format"], package["state"]) == (PACKAGE, "zip", "initiated")
    first, second, third = [one["export_id"] for one in batch["items"]]

    def claimed() -> bool:
        with transaction() as session:
            fence = claim_export(session, package["id"], now=clock(session))
            session.rollback()
            return fence is not None

    assert not claimed()
    finish(first)
    alice.ok("POST", f"/export/{second}/cancel")
    assert not claimed()
    alice.ok("DELETE", f"/export/{third}")
    assert claimed()
    shown = alice.ok("GET", f"/export/batch/{batch['id']}")
    assert shown["states"] == {"completed": 1, "cancelled": 1}
    assert shown["items"][2]["export"] is None
    assert shown["state"] == "processing"


def test_nobody_can_send_a_package_of_others(alice: Api) -> None:
    source = {"kind": PACKAGE, "content": '{"members": []}', "name": "x"}
    problem = alice.problem(422, "POST", "/export", json={"source": source, "format": "zip"})
    assert "kind" in problem["errors"][0]["field"]
    alice.problem(422, "POST", "/files", json=source)


def test_a_batch_goes_when_its_last_export_has_gone(alice: Api) -> None:
    batch = alice.ok("POST", "/export/batch", json={"items": [ITEM]})
    clean()
    alice.ok("GET", f"/export/batch/{batch['id']}")
    alice.ok("DELETE", f"/export/{batch['items'][0]['export_id']}")
    clean()
    alice.problem(404, "GET", f"/export/batch/{batch['id']}")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_five_hundred_at_once(alice: Api) -> None:
    file = alice.file()["id"]
    batch = alice.ok("POST", "/export/batch", json={"items": [{"file_id": file, "format": "png"}] * 500})
    assert batch["accepted"] == 500
