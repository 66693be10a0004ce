"""What a schedule exports: stored documents and addresses, several formats and places, presets, conditions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from longshore.db import reading, transaction
from longshore.models import Connection, Delivery, Export, File, ScheduleDelivery, ScheduledExport
from schedules.start import run_slot
from tests.app.conftest import Api

SLOT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WHEN = {"schedule_type": "daily", "schedule_time": "09:00"}
S3 = {"access_key_id": "AKIA", "secret_access_key": "canary-secret", "bucket_name": "bucket", "region": "eu-west-1"}


def schedule(alice: Api, **fields: Any) -> dict[str, Any]:
    body = WHEN | ({} if "source_url" in fields else {"file_id": alice.file()["id"]}) | fields
    answer: dict[str, Any] = alice.ok("POST", "/scheduled-exports", json=body)
    return answer


def fire(schedule_id: str) -> list[Export]:
    """The exports of one firing, by format."""
    with transaction() as session:
        run_id = run_slot(session, session.get_one(ScheduledExport, schedule_id), SLOT, now=SLOT)
        return session.query(Export).where(Export.run_id == run_id).order_by(Export.format).all()


def deliveries(export: Export) -> list[Delivery]:
    with reading() as session:
        return session.query(Delivery).where(Delivery.export_id == export.id).order_by(Delivery.folder).all()


def test_several_formats_and_places_are_one_run(alice: Api) -> None:
    connection = alice.ok("POST", "/connections", json={"name": "c", "destination": "folder"})
    places = [
        {"destination": "local", "folder": "a", "name": "{name} {date}"},
        {"connection_id": connection["id"], "folder": "b", "conflict": "overwrite", "compress": "gzip"},
    ]
    formats = [{"format": "png", "settings": {"scale": 2}}, {"format": "pdf"}]
    made = schedule(alice, formats=formats, deliveries=places)
    assert [one["format"] for one in made["formats"]] == ["png", "pdf"]
    assert (made["export_format"], made["folder"], made["file_name"]) == ("png", "a", "{name} {date}")
    assert [(one["folder"], one["conflict"], one["compress"]) for one in made["deliveries"]] == [
        ("a", "rename", "none"),
        ("b", "overwrite", "gzip"),
    ]
    assert alice.ok("GET", f"/scheduled-exports/{made['id']}") == made
    pdf, png = fire(made["id"])
    assert (pdf.format, png.format, png.settings) == ("pdf", "png", {"scale": 2.0})
    assert [one.folder for one in deliveries(pdf)] == ["a", "b"] == [one.folder for one in deliveries(png)]


def test_an_address_is_fetched_anew_at_each_firing(alice: Api) -> None:
    made = schedule(
        alice, source_url="https://example.com/charts/sales.svg?key=1", source_kind="svg", export_format="png"
    )
    assert (made["file_id"], made["source_kind"]) == (None, "svg")
    (export,) = fire(made["id"])
    assert (export.source_url, export.file_version, export.name) == (made["source_url"], 0, "sales")
    with reading() as session:
        file = session.get_one(File, export.file_id)
        assert (file.kind, file.listed, file.version) == ("svg", False, 0)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source_url": "https://example.com/a"}, "source_kind"),
        ({"source_url": "https://example.com/a", "source_kind": "svg", "file_id": "x"}, "file_id"),
        ({"source_url": "file:///etc/passwd", "source_kind": "svg"}, "source_url"),
        ({"export_format": None}, "export_format"),
        ({"formats": [{"format": "png"}, {"format": "png"}]}, "formats"),
        ({"formats": [{"format": "png", "settings": {"dip": 1}}]}, "formats.0.settings.dip"),
        ({"formats": [{"format": "png"}], "export_format": "pdf"}, "formats"),
        ({"deliveries": [{"destination": "local"}], "connection_id": "x"}, "deliveries"),
        ({"deliveries": [{"destination": "local"}, {"destination": "moon"}]}, "deliveries.1.destination"),
        ({"preset": "nothing"}, "preset"),
        ({"conditions": {"deliver_every": 5}}, "conditions"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(alice: Api, fields: dict[str, Any], field: str) -> None:
    body = WHEN | {"export_format": "png"} | ({} if "source_url" in fields else {"file_id": alice.file()["id"]})
    body = {key: value for key, value in (body | fields).items() if value is not None}
    if "formats" in fields and "export_format" not in fields:
        del body["export_format"]
    answer = alice("POST", "/scheduled-exports", json=body)
    assert answer.status_code in {400, 422}
    assert answer.get_json()["errors"][0]["field"] == field


def test_what_is_fetched_anew_has_no_age(alice: Api) -> None:
    url = {"source_url": "https://example.com/a", "source_kind": "svg", "export_format": "png"}
    body = WHEN | url | {"conditions": {"skip_older_than": 60}}
    assert alice.problem(400, "POST", "/scheduled-exports", json=body)["errors"][0]["field"].startswith("conditions")


def test_a_preset_is_used_as_it_is_when_the_schedule_fires(alice: Api) -> None:
    preset = alice.ok("POST", "/export-presets", json={"name": "p", "format": "png", "settings": {"scale": 2}})
    made = schedule(alice, preset="p", export_settings={"background": "red"})
    assert (made["export_format"], made["preset_id"]) == ("png", preset["id"])
    alice.ok("PUT", f"/export-presets/{preset['id']}", json={"settings": {"scale": 3}})
    (export,) = fire(made["id"])
    assert export.settings == {"scale": 3.0, "background": "red"}


def test_a_preset_in_use_is_neither_deleted_nor_turned_into_another_format(alice: Api) -> None:
    preset = alice.ok("POST", "/export-presets", json={"name": "p", "format": "png"})
    made = schedule(alice, formats=[{"format": "pdf"}, {"preset": "p"}])
    path = f"/export-presets/{preset['id']}"
    assert made["id"] in alice.problem(409, "DELETE", path)["detail"]
    alice.problem(409, "PUT", path, json={"format": "pdf"})
    alice.ok("DELETE", f"/scheduled-exports/{made['id']}")
    alice.ok("DELETE", path)


def test_formats_places_and_conditions_change_each_on_its_own(alice: Api) -> None:
    made = schedule(alice, formats=[{"format": "png", "settings": {"scale": 2}}, {"format": "pdf"}])
    path = f"/scheduled-exports/{made['id']}"
    changed = alice.ok("PUT", path, json={"conditions": {"skip_unchanged": True}})
    assert changed["conditions"]["skip_unchanged"]
    assert changed["formats"] == made["formats"]
    changed = alice.ok("PUT", path, json={"export_settings": {"scale": 1}})
    assert [one["settings"] for one in changed["formats"]] == [{"scale": 1.0}, {}]
    changed = alice.ok("PUT", path, json={"formats": [{"format": "svg"}]})
    assert [one["format"] for one in changed["formats"]] == ["svg"]
    changed = alice.ok("PUT", path, json={"deliveries": [{"destination": "local"}, {"destination": "local"}]})
    assert len(changed["deliveries"]) == 2
    assert changed["next_run_at"] == made["next_run_at"]
    (export,) = fire(made["id"])
    assert export.conditions == {"skip_unchanged": True}
    assert len(deliveries(export)) == 2


def test_places_that_came_inline_go_with_their_schedule(alice: Api) -> None:
    places = [{"destination": "s3", "destination_config": S3} for _ in range(2)]
    made = schedule(alice, export_format="png", deliveries=places)
    with reading() as session:
        assert session.query(Connection).where(Connection.destination == "s3").count() == 2
    alice.ok("PUT", f"/scheduled-exports/{made['id']}", json={"deliveries": places[:1]})
    with reading() as session:
        assert session.query(Connection).where(Connection.destination == "s3").count() == 1
    alice.ok("DELETE", f"/scheduled-exports/{made['id']}")
    with reading() as session:
        assert session.query(Connection).where(Connection.destination == "s3").count() == 0
        assert session.query(ScheduleDelivery).count() == 0


def test_a_connection_of_a_further_place_is_not_deleted(alice: Api) -> None:
    connection = alice.ok("POST", "/connections", json={"name": "c", "destination": "folder"})
    places = [{"destination": "local"}, {"connection_id": connection["id"]}]
    made = schedule(alice, export_format="png", deliveries=places)
    assert made["id"] in alice.problem(409, "DELETE", f"/connections/{connection['id']}")["detail"]


def test_a_place_that_is_switched_off_holds_up_no_other(alice: Api) -> None:
    connection = alice.ok("POST", "/connections", json={"name": "c", "destination": "folder"})
    places = [{"connection_id": connection["id"]}, {"destination": "local"}]
    made = schedule(alice, export_format="png", deliveries=places)
    with transaction() as session:
        session.get_one(Connection, connection["id"]).enabled = False
    (export,) = fire(made["id"])
    assert len(deliveries(export)) == 2
