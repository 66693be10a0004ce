from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.expiry import expire
from longshore.exports import settle
from longshore.models import Artifact, Export
from longshore.states import DeliveryState, ExportState, move
from tests.app.conftest import Api
from workers.admission import claim_delivery


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


def test_the_queue_is_counted_for_each_destination(alice: Api) -> None:
    rendered(alice, DeliveryState.UPLOADING, DeliveryState.COMPLETED)
    queue = alice.ok("GET", "/queue")
    assert queue["destinations"].keys() == {"folder"}
    folder = queue["destinations"]["folder"]
    assert (folder["deliveries"]["uploading"], folder["deliveries"]["completed"]) == (1, 1)
    assert folder["deliveries"].keys() == {str(state) for state in DeliveryState}
    assert (folder["bytes_sent"], folder["bytes_total"]) == (queue["bytes_sent"], queue["bytes_total"])


def test_what_has_ended_is_cleared_out_of_the_queue_and_keeps_its_history(alice: Api, bob: Api) -> None:
    export = rendered(alice, DeliveryState.COMPLETED, DeliveryState.FAILED, DeliveryState.UPLOADING)
    of_bob = rendered(bob, DeliveryState.COMPLETED)
    arrived, failed, running = [one["id"] for one in export["deliveries"]]
    assert alice.ok("POST", "/deliveries/clear-finished?state=completed") == {"cleared": 1}
    assert {one["id"] for one in alice.ok("GET", "/deliveries")["deliveries"]} == {failed, running}
    assert alice.ok("POST", "/deliveries/clear-finished") == {"cleared": 1}
    assert alice.ok("POST", "/deliveries/clear-finished") == {"cleared": 0}
    assert alice.ok("GET", "/deliveries")["total"] == 1
    assert alice.ok("GET", "/deliveries?cleared=true")["total"] == 3
    counts = alice.ok("GET", "/queue")["deliveries"]
    assert {state: count for state, count in counts.items() if count} == {"uploading": 1}
    assert alice.ok("GET", f"/deliveries/{arrived}")["cleared_at"]
    assert len(alice.ok("GET", f"/export/{export['id']}")["deliveries"]) == 3
    assert alice.ok("POST", "/deliveries/retry-failed") == {"retried": 0}
    assert alice.ok("POST", f"/deliveries/{failed}/retry")["cleared_at"] is None
    assert alice.ok("GET", "/deliveries")["total"] == 2
    assert bob.ok("GET", f"/export/{of_bob['id']}")["deliveries"][0]["cleared_at"] is None
    problem = alice.problem(422, "POST", "/deliveries/clear-finished?state=blocked")
    assert problem["errors"][0]["field"] == "state"


def test_what_was_made_is_delivered_to_one_more_place(alice: Api) -> None:
    export = rendered(alice, DeliveryState.COMPLETED)
    assert export["state"] == "completed"
    path = f"/export/{export['id']}/deliver"
    answer = alice("POST", path, json={"deliveries": [{"destination": "local", "folder": "b"}]})
    assert answer.status_code == 202
    shown = answer.get_json()
    assert (shown["state"], shown["phase"]) == ("processing", "delivering")
    assert [one["state"] for one in shown["deliveries"]] == ["completed", "pending"]
    with transaction() as session:
        now = clock(session)
        assert claim_delivery(session, shown["deliveries"][1]["id"], now=now) == 1
        move(session, shown["deliveries"][1]["id"], DeliveryState.COMPLETED, now=now)
        settle(session, export["id"], now=now)
    assert alice.ok("GET", f"/export/{export['id']}")["state"] == "completed"
    problem = alice.problem(422, "POST", path, json={"deliveries": [{"destination": "ftp"}]})
    assert problem["errors"][0]["field"] == "deliveries.0.destination"
    alice.problem(422, "POST", path, json={"deliveries": []})


def test_what_is_not_there_is_not_delivered(alice: Api) -> None:
    body = {"deliveries": [{"destination": "local"}]}
    waiting = alice.export()
    assert "no artifact" in alice.problem(409, "POST", f"/export/{waiting['id']}/deliver", json=body)["detail"]
    gone = rendered(alice, DeliveryState.COMPLETED)
    with transaction() as session:
        session.query(Artifact).one().expires_at = clock(session) - timedelta(seconds=1)
    alice.problem(410, "POST", f"/export/{gone['id']}/deliver", json=body)
    with transaction() as session:
        expire(session, gone["id"], now=clock(session))
    alice.problem(410, "POST", f"/export/{gone['id']}/deliver", json=body)
