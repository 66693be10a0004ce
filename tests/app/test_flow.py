"""How often, how many at once and how fast a connection's deliveries are sent, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from longshore.db import clock, transaction
from longshore.models import Connection, Delivery, ScheduledExport
from longshore.states import DeliveryState
from schedules.fire import run_slot
from tests.app.conftest import Api
from tests.app.test_deliveries import rendered
from workers.admission import claim_delivery

FOLDER = {"name": "f", "destination": "folder"}


def test_a_delivery_may_be_tried_as_often_as_it_asks(alice: Api) -> None:
    export = rendered(alice, DeliveryState.FAILED, max_attempts=7)
    assert export["deliveries"][0]["max_attempts"] == 7
    again = alice("POST", f"/deliveries/{export['deliveries'][0]['id']}/retry").get_json()
    assert again["max_attempts"] == again["attempt"] + 7, "also when it is put in line again"


def test_as_often_as_the_operator_says_where_it_does_not_ask(alice: Api) -> None:
    assert rendered(alice, DeliveryState.FAILED)["deliveries"][0]["max_attempts"] == 3


@pytest.mark.parametrize("tries", [0, 21, 1.5, "3", True])
def test_tries_go_from_1_to_20(alice: Api, tries: Any) -> None:
    body = {"source": {"kind": "svg", "content": "<svg/>"}, "format": "png"}
    delivery = {"destination": "local", "max_attempts": tries}
    problem = alice.problem(422, "POST", "/export", json=body | {"deliveries": [delivery]})
    assert problem["errors"][0]["field"] == "deliveries.0.max_attempts"


def test_a_schedule_hands_its_number_of_tries_on(alice: Api) -> None:
    file = alice.file()
    body = {"file_id": file["id"], "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    made = alice.ok("POST", "/scheduled-exports", json=body | {"max_attempts": 5})
    path = f"/scheduled-exports/{made['id']}"
    assert made["max_attempts"] == 5
    with transaction() as session:
        now = clock(session)
        run_slot(session, session.get_one(ScheduledExport, made["id"]), now, now=now)
    assert alice.ok("GET", "/deliveries")["deliveries"][0]["max_attempts"] == 5
    assert alice.ok("PUT", path, json={"max_attempts": 9})["max_attempts"] == 9


def test_a_connection_has_its_own_number_at_once_and_its_own_rate(alice: Api) -> None:
    flow = {"uploads": 2, "bandwidth": "08:00,512k 19:00,off", "bandwidth_timezone": "Europe/Berlin"}
    made = alice.ok("POST", "/connections", json=FOLDER | flow)
    assert {name: made[name] for name in flow} == flow
    path = f"/connections/{made['id']}"
    changed = alice.ok("PUT", path, json={"bandwidth": "10M"})
    assert (changed["uploads"], changed["bandwidth"], changed["bandwidth_timezone"]) == (2, "10M", "Europe/Berlin")
    free = alice.ok("PUT", path, json=dict.fromkeys(flow))
    assert (free["uploads"], free["bandwidth"], free["bandwidth_timezone"]) == (None, "", "UTC")


@pytest.mark.parametrize(
    ("flow", "field", "words"),
    [
        ({"bandwidth": "8 o'clock"}, "bandwidth", "is not like 08:00,512k"),
        ({"bandwidth": "10M", "bandwidth_timezone": "Berlin"}, "bandwidth_timezone", "no time zone"),
        ({"uploads": 0}, "uploads", "1"),
        ({"uploads": 101}, "uploads", "100"),
    ],
)
def test_a_rate_that_cannot_be_read_is_refused_with_its_field(
    alice: Api, flow: dict[str, Any], field: str, words: str
) -> None:
    made = alice.ok("POST", "/connections", json=FOLDER)
    for method, path in (("POST", "/connections"), ("PUT", f"/connections/{made['id']}")):
        problem = alice.problem(422, method, path, json=(FOLDER if method == "POST" else {}) | flow)
        assert problem["errors"][0]["field"] == field
        assert words in problem["errors"][0]["message"]


def test_an_open_circuit_is_shown_at_the_connection_and_at_what_waits_for_it(alice: Api) -> None:
    delivery = rendered(alice, DeliveryState.FAILED)["deliveries"][0]
    alice.ok("POST", f"/deliveries/{delivery['id']}/retry")
    with transaction() as session:
        now = clock(session)
        row = session.get_one(Connection, delivery["connection_id"])
        row.circuit, row.circuit_until = "open", now + timedelta(seconds=60)
    with transaction() as session:
        assert claim_delivery(session, delivery["id"], now=clock(session)) is None
    shown = alice.ok("GET", f"/deliveries/{delivery['id']}")
    assert "failed in a row" in shown["waits_for"]
    assert f"{now + timedelta(seconds=60):%H:%M:%S} UTC" in shown["waits_for"]
    connection = alice.ok("GET", f"/connections/{delivery['connection_id']}")
    assert connection["circuit"] == "open"
    assert connection["circuit_until"] is not None
    texts = [entry["text"] for entry in alice.ok("GET", f"/export/{delivery['export_id']}/timeline")["entries"]]
    assert any("Waits until Folder works again" in text for text in texts)


def test_a_test_that_succeeds_closes_the_circuit(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=FOLDER)
    with transaction() as session:
        row = session.get_one(Connection, made["id"])
        row.circuit, row.circuit_until, row.trips = "open", clock(session) + timedelta(hours=1), 4
    assert alice.ok("POST", f"/connections/{made['id']}/test")["ok"]
    shown = alice.ok("GET", f"/connections/{made['id']}")
    assert (shown["circuit"], shown["circuit_until"]) == ("closed", None)


def test_what_is_being_sent_tells_its_rate_and_when_it_will_be_done(alice: Api) -> None:
    delivery = rendered(alice, DeliveryState.UPLOADING)["deliveries"][0]
    with transaction() as session:
        row = session.get_one(Delivery, delivery["id"])
        row.bytes_sent, row.size, row.rate = 40, 100, 12.0
    for shown in (
        alice.ok("GET", f"/deliveries/{delivery['id']}"),
        alice.ok("GET", "/deliveries")["deliveries"][0],
        alice.ok("GET", f"/export/{delivery['export_id']}")["deliveries"][0],
    ):
        assert (shown["percent"], shown["rate"], shown["eta_seconds"]) == (40.0, 12.0, 5)
