from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.exports import settle
from longshore.models import Artifact, Export
from longshore.states import DeliveryState, ExportState, move
from tests.app.conftest import Api


def rendered(api: Api, *states: DeliveryState, **fields: Any) -> dict[str, Any]:
    """An export with its artifact whose deliveries ended as told, as its owner sees it."""
    export = api.export(deliveries=[{"destination": "local"} | fields for _ in states])
    with transaction() as session:
        now = clock(session)
        move(session, export["id"], ExportState.PROCESSING, now=now)
        stored = store().write("artifacts/x", [b"1234"])
        row = Artifact(
            export_id=export["id"],
            owner=session.get_one(Export, export["id"]).owner,
            key="artifacts/x",
            filename="x.png",
            media_type="image/png",
            size=stored.size,
            sha256=stored.sha256,
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        session.add(row)
        for delivery, state in zip(export["deliveries"], states, strict=True):
            move(session, delivery["id"], DeliveryState.UPLOADING, now=now)
            if state is not DeliveryState.UPLOADING:
                why = {"error_code": "permanent", "error_message": "No room there. Make some."}
                move(session, delivery["id"], state, now=now, bytes_sent=2, size=4, **why)
        session.flush()
        settle(session, export["id"], now=now)
    return api.ok("GET", f"/export/{export['id']}")


def test_a_failed_delivery_says_why_and_is_tried_again_alone(alice: Api) -> None:
    export = rendered(alice, DeliveryState.FAILED, DeliveryState.COMPLETED)
    failed, arrived = export["deliveries"]
    assert export["state"] == "partial"
    assert failed["error"] == {"code": "permanent", "message": "No room there. Make some."}
    assert failed["percent"] == 50.0
    answer = alice("POST", f"/deliveries/{failed['id']}/retry")
    assert (answer.status_code, answer.get_json()["state"], answer.get_json()["error"]) == (202, "pending", None)
    assert alice.ok("GET", f"/export/{export['id']}")["state"] == "processing"
    alice.problem(409, "POST", f"/deliveries/{failed['id']}/retry")
    alice.problem(409, "POST", f"/deliveries/{arrived['id']}/retry")


def test_nothing_is_delivered_without_an_artifact(alice: Api) -> None:
    export = alice.export(deliveries=[{"destination": "local"}])
    alice.ok("POST", f"/export/{export['id']}/cancel")
    problem = alice.problem(409, "POST", f"/deliveries/{export['deliveries'][0]['id']}/retry")
    assert "no artifact" in problem["detail"]


def test_everything_that_failed_is_tried_again_by_one_call(alice: Api, bob: Api) -> None:
    export = rendered(alice, DeliveryState.FAILED, DeliveryState.COMPLETED, DeliveryState.FAILED)
    of_bob = rendered(bob, DeliveryState.FAILED)
    answer = alice("POST", "/deliveries/retry-failed")
    assert (answer.status_code, answer.get_json()) == (202, {"retried": 2})
    export = alice.ok("GET", f"/export/{export['id']}")
    assert export["state"] == "processing"
    assert [one["state"] for one in export["deliveries"]] == ["pending", "completed", "pending"]
    assert bob.ok("GET", f"/export/{of_bob['id']}")["state"] == "failed"
    assert alice.ok("POST", "/deliveries/retry-failed") == {"retried": 0}


def test_one_delivery_is_stopped_and_the_others_count(alice: Api) -> None:
    export = rendered(alice, DeliveryState.UPLOADING, DeliveryState.COMPLETED)
    running, arrived = export["deliveries"]
    assert export["state"] == "processing"
    assert alice.ok("POST", f"/deliveries/{running['id']}/cancel")["state"] == "cancelled"
    assert alice.ok("GET", f"/export/{export['id']}")["state"] == "partial"
    for delivery in (running, arrived):
        alice.problem(409, "POST", f"/deliveries/{delivery['id']}/cancel")


def test_deliveries_are_listed_with_filters(alice: Api) -> None:
    export = rendered(alice, DeliveryState.FAILED, DeliveryState.COMPLETED, DeliveryState.BLOCKED)
    ids = [one["id"] for one in export["deliveries"]]
    for query, wanted in (
        ("", ids[::-1]),
        ("?state=failed,blocked", [ids[2], ids[0]]),
        (f"?export_id={export['id']}&limit=1&offset=1", [ids[1]]),
        ("?destination=s3", []),
        (f"?connection_id={export['deliveries'][0]['connection_id']}&state=completed", [ids[1]]),
    ):
        assert [one["id"] for one in alice.ok("GET", f"/deliveries{query}")["deliveries"]] == wanted, query
    assert alice.ok("GET", "/deliveries?limit=1")["total"] == 3
    assert alice.ok("GET", f"/deliveries/{ids[0]}") == export["deliveries"][0]


def test_the_queue_counts_states_and_bytes(alice: Api, bob: Api, finish: Callable[..., bytes]) -> None:
    rendered(alice, DeliveryState.UPLOADING, DeliveryState.FAILED)
    rendered(bob, DeliveryState.FAILED)
    finish(alice.export()["id"])
    queue = alice.ok("GET", "/queue")
    assert {state: count for state, count in queue["exports"].items() if count} == {"processing": 1, "completed": 1}
    assert {state: count for state, count in queue["deliveries"].items() if count} == {"uploading": 1, "failed": 1}
    assert (queue["bytes_sent"], queue["bytes_total"], queue["percent"]) == (0, 4, 0.0)
    assert queue["oldest_waiting_seconds"] >= 0
    finish(bob.export()["id"])
    assert bob.ok("GET", "/queue")["oldest_waiting_seconds"] is None
