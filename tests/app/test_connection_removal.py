from __future__ import annotations

from longshore.db import reading, transaction
from longshore.models import Connection, Delivery
from longshore.states import DeliveryState
from tests.app.conftest import Api
from tests.app.test_connections import S3, block, secrets
from tests.app.test_deliveries import rendered
from workers.clean import clean


def test_a_deleted_connection_keeps_its_secrets_until_it_is_cleaned_up(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=S3)
    path = f"/connections/{made['id']}"
    delivery = rendered(alice, DeliveryState.FAILED)["deliveries"][0]["id"]
    block(delivery, made["id"])
    with transaction() as session:
        session.get_one(Delivery, delivery).checkpoint = b"sealed"
    assert "Its secrets go once" in alice.ok("DELETE", path)["message"]
    assert alice.ok("GET", "/connections")["connections"] == []
    assert secrets(made["id"]) == S3["secrets"]
    alice.problem(404, "PUT", path, json={"secrets": S3["secrets"]})
    alice.problem(404, "POST", f"{path}/rotate", json={"secrets": S3["secrets"], "test": False})
    alice.problem(404, "POST", f"{path}/enable")
    alice.problem(404, "DELETE", path)
    clean()
    assert secrets(made["id"]) == S3["secrets"]
    with transaction() as session:
        session.get_one(Delivery, delivery).checkpoint = None
    clean()
    assert secrets(made["id"]) == {}
    assert alice.ok("GET", path)["options"] == {}


def test_a_connection_in_use_cannot_be_deleted(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json={"name": "f", "destination": "folder"})
    path = f"/connections/{made['id']}"
    body = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "png", "connection_id": made["id"]}
    schedule = alice.ok("POST", "/scheduled-exports", json=body | {"file_id": alice.file()["id"]})
    assert schedule["id"] in alice.problem(409, "DELETE", path)["detail"]
    alice.ok("DELETE", f"/scheduled-exports/{schedule['id']}")
    export = alice.export(deliveries=[{"connection_id": made["id"]}])
    detail = alice.problem(409, "DELETE", path)["detail"]
    assert "on their way" in detail
    assert export["deliveries"][0]["id"] in detail
    alice.ok("POST", f"/export/{export['id']}/cancel")
    alice.ok("DELETE", path)
    assert alice.ok("GET", "/connections")["connections"] == []
    assert secrets(made["id"]) == {}
    assert alice.ok("GET", f"/export/{export['id']}")["deliveries"][0]["connection_id"] == made["id"]
    problem = alice.problem(
        422,
        "POST",
        "/export",
        json={"source": {"kind": "svg", "content": "x"}, "format": "png"}
        | {"deliveries": [{"connection_id": made["id"]}]},
    )
    assert "one request only" in problem["detail"]


def test_a_connection_that_nothing_refers_to_is_gone(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=S3)
    alice.ok("DELETE", f"/connections/{made['id']}")
    alice.problem(404, "GET", f"/connections/{made['id']}")
    with reading() as session:
        assert session.get(Connection, made["id"]) is None
