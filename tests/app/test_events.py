from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.seats import seat
from longshore.db import clock, transaction
from longshore.models import Export
from longshore.states import DeliveryState, ExportState, move
from tests.app.conftest import Api
from tests.app.test_deliveries import rendered

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def parsed(text: str) -> list[dict[str, Any]]:
    """The messages of a stream; comments and `retry` are left out."""
    messages = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        if fields:
            messages.append(fields | {"data": json.loads(fields["data"])})
    return messages


def test_the_stream_tells_what_happened_and_ends_with_the_export(alice: Api, finish: Callable[..., bytes]) -> None:
    export = alice.export(deliveries=[{"destination": "local"}])
    finish(export["id"])
    answer = alice("GET", f"/export/{export['id']}/events")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    messages = parsed(answer.get_data(as_text=True))
    assert [one["event"] for one in messages] == [
        "export.initiated",
        "export.processing",
        "delivery.uploading",
        "delivery.completed",
        "export.completed",
        "export.progress",
    ]
    assert messages[3]["data"]["delivery_id"] == export["deliveries"][0]["id"]
    assert messages[-1]["data"] == {"state": "completed", "phase": "completed", "progress": 100.0}
    assert "id" not in messages[-1]


def test_the_stream_goes_on_after_the_last_event_seen(alice: Api, finish: Callable[..., bytes]) -> None:
    export = alice.export()
    finish(export["id"])
    path = f"/export/{export['id']}/events"
    seen = parsed(alice("GET", path).get_data(as_text=True))[1]["id"]
    for options in ({"headers": {"Last-Event-ID": seen}}, {"query_string": {"last_event_id": seen}}):
        rest = parsed(alice("GET", path, **options).get_data(as_text=True))
        assert [one["event"] for one in rest] == ["export.completed", "export.progress"]
    for odd in ("x", "-1", "9" * 300, "٣"):
        assert alice("GET", path, headers={"Last-Event-ID": odd}).status_code == 200


def test_the_stream_follows_live(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    export_id = alice.export()["id"]
    steps = [
        lambda session, now: move(session, export_id, ExportState.PROCESSING, now=now, phase="rendering", progress=5.0),
        lambda session, now: setattr(session.get_one(Export, export_id), "progress", 40.0),
        lambda session, now: move(session, export_id, ExportState.CANCELLED, now=now, phase="cancelled"),
    ]

    def act(_seconds: float) -> None:
        with transaction() as session:
            steps.pop(0)(session, clock(session))

    monkeypatch.setattr("app.api.events.time.sleep", act)
    messages = parsed(alice("GET", f"/export/{export_id}/events").get_data(as_text=True))
    assert [(one["event"], one["data"].get("progress")) for one in messages] == [
        ("export.initiated", None),
        ("export.progress", 0.0),
        ("export.processing", None),
        ("export.progress", 5.0),
        ("export.progress", 40.0),
        ("export.cancelled", None),
        ("export.progress", 40.0),
    ]
    assert steps == []


def test_a_silent_stream_stays_alive_and_has_an_end(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.events.HEARTBEAT", 0.0)
    monkeypatch.setattr("app.api.events.LOOK_EVERY", 0.01)
    monkeypatch.setattr("app.api.events.LONGEST", 0.1)
    text = alice("GET", f"/export/{alice.export()['id']}/events").get_data(as_text=True)
    assert text.startswith("retry: 1000\n\n")
    assert ": still here\n\n" in text


def test_where_too_many_follow_already_a_stream_tells_what_is_there_and_ends(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.seats._free", threading.BoundedSemaphore(1))
    export_id = alice.export()["id"]
    with seat() as first:
        assert first
        messages = parsed(alice("GET", f"/export/{export_id}/events").get_data(as_text=True))
        answer = alice("POST", f"/export/{export_id}/cancel")
        assert answer.status_code == 200
    assert [one["event"] for one in messages] == ["export.initiated", "export.progress"]
    with seat() as again:
        assert again


def test_a_stream_ends_when_its_export_is_deleted(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    export_id = alice.export()["id"]
    monkeypatch.setattr("app.api.events.time.sleep", lambda _seconds: alice.ok("DELETE", f"/export/{export_id}"))
    messages = parsed(alice("GET", f"/export/{export_id}/events").get_data(as_text=True))
    assert [one["event"] for one in messages] == ["export.initiated", "export.progress"]


def test_the_timeline_is_in_plain_words(alice: Api) -> None:
    export = rendered(alice, DeliveryState.FAILED, DeliveryState.COMPLETED, folder="reports")
    entries = alice.ok("GET", f"/export/{export['id']}/timeline")["entries"]
    assert [one["text"] for one in entries] == [
        "Accepted: svg to PNG.",
        "Work on it began.",
        "Upload to Folder (reports) began.",
        "Upload to Folder (reports) was given up. No room there. Make some.",
        "Upload to Folder (reports) began.",
        "Arrived at Folder (reports).",
        "Ended in part. 1 of 2 deliveries arrived. No room there. Make some.",
    ]
    assert entries[3]["delivery_id"] == export["deliveries"][0]["id"]


@pytest.mark.parametrize("state", [*ExportState, *DeliveryState])
def test_every_state_has_a_sentence(database: str, state: ExportState | DeliveryState) -> None:
    from app import timeline

    table = timeline.EXPORT if isinstance(state, ExportState) else timeline.DELIVERY
    assert table[f"{'export' if isinstance(state, ExportState) else 'delivery'}.{state}"]
