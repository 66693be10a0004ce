from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.app.conftest import Api

SCHEDULE = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "png"}
BODIES = {
    "/api/files/{}": {"name": "taken"},
    "/api/connections/{}": {"name": "taken"},
    "/api/export-presets/{}": {"name": "taken"},
    "/api/export/{}/deliver": {"deliveries": [{"destination": "local"}]},
    "/api/connections/{}/rotate": {"secrets": {"access_key_id": "taken"}},
    "/api/connections/{}/retention/preview": {"retention": [{"keep_last": 1}]},
    "/api/scheduled-exports/{}": {"timezone": "UTC"},
    "/api/scheduled-exports/{}/backfill": {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"},
}


def routes(client: FlaskClient) -> list[tuple[str, str]]:
    """Every route under /api that names a row, with each of its methods."""
    return [
        (method, rule.rule)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/") and "<uuid:" in rule.rule
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture
def ids(alice: Api, admin: Api, finish: Callable[..., bytes]) -> dict[str, str]:
    """One row of each kind, all of them Alice's."""
    file = alice.file()
    export = alice.export(deliveries=[{"destination": "local"}])
    finish(export["id"])
    connection = alice.ok("POST", "/connections", json={"name": "c", "destination": "folder"})
    schedule = alice.ok("POST", "/scheduled-exports", json={"file_id": file["id"], **SCHEDULE})
    return {
        "file_id": file["id"],
        "export_id": export["id"],
        "delivery_id": export["deliveries"][0]["id"],
        "connection_id": connection["id"],
        "schedule_id": schedule["id"],
        "run_id": alice.ok("POST", f"/scheduled-exports/{schedule['id']}/run", json={})["id"],
        "preset_id": alice.ok("POST", "/export-presets", json={"name": "p", "format": "png"})["id"],
        "batch_id": alice.ok("POST", "/export/batch", json={"items": [{"file_id": file["id"], "format": "png"}]})["id"],
        "key_id": admin.ok("POST", "/keys", json={"name": "k"})["id"],
    }


def test_what_belongs_to_somebody_else_is_not_found_by_any_route(
    client: FlaskClient, key: Callable[..., str], ids: dict[str, str], admin: Api
) -> None:
    mallory = Api(client, key("mallory", "admin"))
    found = routes(client)
    assert len(found) > 20
    for method, rule in found:
        path = re.sub(r"<uuid:(\w+)>", lambda match: ids[match[1]], rule)
        body = BODIES.get(re.sub(r"<.*?>", "{}", rule)) if method in {"POST", "PUT"} else None
        options = {"json": body} if body else {}
        answer = mallory(method, path.removeprefix("/api"), **options)
        assert answer.status_code == 404, (method, path, answer.get_data(as_text=True))
    for resource, name in (("files", "files"), ("export", "exports"), ("deliveries", "deliveries")):
        assert mallory.ok("GET", f"/{resource}")[name] == []
    assert mallory.ok("GET", "/connections")["connections"] == []
    assert mallory.ok("GET", "/scheduled-exports")["schedules"] == []
    assert not any(mallory.ok("GET", "/queue")["exports"].values())
    assert [one["name"] for one in mallory.ok("GET", "/keys")["keys"]] == ["test"]
    assert len(admin.ok("GET", "/keys")["keys"]) == 3
    for row, name in (("files", "file_id"), ("export", "export_id"), ("connections", "connection_id")):
        admin.ok("GET", f"/{row}/{ids[name]}")


def test_rows_of_others_cannot_be_named_in_a_request(
    client: FlaskClient, key: Callable[..., str], ids: dict[str, str]
) -> None:
    mallory = Api(client, key("mallory"))
    own = mallory.file()
    mallory.problem(404, "POST", "/export", json={"file_id": ids["file_id"], "format": "png"})
    deliveries = [{"connection_id": ids["connection_id"]}]
    mallory.problem(422, "POST", "/export", json={"file_id": own["id"], "format": "png", "deliveries": deliveries})
    body = {"file_id": ids["file_id"], "export_format": "png", "destination": "local", "destination_config": {}}
    mallory.problem(404, "POST", "/export/cloud", json=body)
    mallory.problem(404, "POST", "/scheduled-exports", json={"file_id": ids["file_id"], **SCHEDULE})
    with_connection = {"file_id": own["id"], "connection_id": ids["connection_id"], **SCHEDULE}
    mallory.problem(400, "POST", "/scheduled-exports", json=with_connection)
    schedule = mallory.ok("POST", "/scheduled-exports", json={"file_id": own["id"], **SCHEDULE})
    for change in ({"file_id": ids["file_id"]}, {"connection_id": ids["connection_id"]}):
        assert mallory("PUT", f"/scheduled-exports/{schedule['id']}", json=change).status_code in {400, 404}
