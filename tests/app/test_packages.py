from __future__ import annotations

import hashlib
import io
import json
import resource
import zipfile
from typing import Any

import pytest

from longshore.artifacts import store
from longshore.db import reading, transaction
from longshore.models import Artifact, Delivery, Export
from tests.app.conftest import SVG, Api
from workers.deliver import deliver
from workers.render import render_export

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BROKEN = {"source": {"kind": "svg", "content": "<svg", "name": "broken"}, "format": "svg"}


def item(name: str, form: str = "svg", colour: str = "red") -> dict[str, Any]:
    return {"source": {"kind": "svg", "content": SVG.replace("red", colour), "name": name}, "format": form}


def rendered(alice: Api, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A batch whose members were rendered, and then its package."""
    body = {"items": list(items), "zip": {"name": "all", **more.pop("zip", {})}} | more
    batch = alice.ok("POST", "/export/batch", json=body)
    for one in batch["items"]:
        render_export(one["export_id"])
    render_export(batch["package"]["id"])
    shown: dict[str, Any] = alice.ok("GET", f"/export/batch/{batch['id']}")
    return shown


def content(alice: Api, batch: dict[str, Any]) -> bytes:
    answer = alice("GET", f"/export/{batch['package']['id']}/download")
    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    return answer.get_data()


def test_one_zip_holds_all_files_under_names_of_their_own(alice: Api) -> None:
    zipped = {"deliveries": [{"destination": "local"}]}
    batch = rendered(alice, item("a"), item("A", colour="blue"), item("a"), item("a", "png"), zip=zipped)
    raw = content(alice, batch)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.svg", "A (2).svg", "a (3).svg", "a.png", "manifest.json"]
        manifest = json.loads(archive.read("manifest.json"))
        for one in manifest["files"]:
            file = archive.read(one["name"])
            assert (len(file), hashlib.sha256(file).hexdigest()) == (one["size"], one["sha256"])
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.getinfo("a.png").compress_type == zipfile.ZIP_STORED
    assert manifest["missing"] == []
    delivery = batch["package"]["deliveries"][0]["id"]
    deliver(delivery)
    receipt = alice.ok("GET", f"/deliveries/{delivery}")["receipt"]
    assert receipt["sha256"] == hashlib.sha256(raw).hexdigest()
    assert receipt["path"].endswith("all.zip")
    assert alice.ok("GET", f"/export/batch/{batch['id']}")["state"] == "completed"
    again = rendered(alice, item("a"), item("A", colour="blue"), item("a"), item("a", "png"))
    assert content(alice, again) == raw


def test_what_is_missing_is_named(alice: Api) -> None:
    batch = rendered(alice, item("fine"), BROKEN)
    assert batch["state"] == "partial"
    (warning,) = batch["package"]["report"]["warnings"]
    assert "broken (svg)" in warning
    with zipfile.ZipFile(io.BytesIO(content(alice, batch))) as archive:
        assert archive.namelist() == ["fine.svg", "manifest.json"]
        (missing,) = json.loads(archive.read("manifest.json"))["missing"]
    assert (missing["title"], missing["format"]) == ("broken", "svg")
    assert missing["error"]


@pytest.mark.parametrize(("items", "more"), [((BROKEN,), {}), ((item("fine"), BROKEN), {"all_or_nothing": True})])
def test_nothing_or_not_everything_is_no_package(alice: Api, items: tuple[Any, ...], more: dict[str, Any]) -> None:
    package = rendered(alice, *items, **more)["package"]
    assert package["state"] == "failed"
    assert "are missing. broken (svg): " in package["error"]["message"]


def test_a_package_without_a_manifest_has_the_files_only(alice: Api) -> None:
    batch = rendered(alice, item("manifest", "json") | {"source": {"kind": "graphviz", "content": "graph {}",
                     "name": "manifest"}}, zip={"manifest": False, "compression": "store"})  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(content(alice, batch))) as archive:
        assert archive.namelist() == ["manifest.json"]
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_a_store_that_lost_bytes_is_told(alice: Api) -> None:
    batch = alice.ok("POST", "/export/batch", json={"items": [item("a")], "zip": {}})
    render_export(batch["items"][0]["export_id"])
    with reading() as session:
        key = session.query(Artifact).one().key
    store().delete(key)
    store().write(key, [b"other"])
    render_export(batch["package"]["id"])
    package = alice.ok("GET", f"/export/{batch['package']['id']}")
    assert package["artifact"] is None
    assert "other bytes" in package["error"]["message"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_package(alice: Api) -> None:
    batch = alice.ok("POST", "/export/batch", json={"items": [item("a"), item("b")], "zip": {"compression": "store"}})
    for one in batch["items"]:
        render_export(one["export_id"])
        with transaction() as session:
            row = session.query(Artifact).where(Artifact.export_id == one["export_id"]).one()
            stored = store().write(row.key, (bytes(1 << 20) for _ in range(100)))
            row.size, row.sha256, row.filename = stored.size, stored.sha256, "big.png"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    render_export(batch["package"]["id"])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    assert alice.ok("GET", f"/export/{batch['package']['id']}")["artifact"]["size"] > 200 << 20


def test_the_last_member_rings_for_the_package(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("longshore.queue.send", lambda _queue, row_id, _seconds=None: not sent.append(row_id))
    batch = alice.ok("POST", "/export/batch", json={"items": [item("a"), BROKEN, item("b")], "zip": {}})
    sent.clear()
    first, broken, last = [one["export_id"] for one in batch["items"]]
    render_export(first)
    render_export(broken)
    assert batch["package"]["id"] not in sent
    alice.ok("POST", f"/export/{last}/cancel")
    assert batch["package"]["id"] in sent
    with reading() as session:
        assert session.get_one(Export, batch["package"]["id"]).attempt == 0
        assert session.query(Delivery).count() == 0
