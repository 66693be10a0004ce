"""Settings of a destination that come with each request: which requests count as one connection."""

from __future__ import annotations

from typing import Any

from longshore.db import transaction
from longshore.models import Connection
from tests.app.conftest import Api
from workers.clean import clean

KEYS = {"bucket_name": "bucket", "access_key_id": "AKIA", "secret_access_key": "canary"}


def used(api: Api, **config: Any) -> str:
    """The connection of an export that was sent with this configuration for S3."""
    wanted = {"destination": "s3", "destination_config": KEYS | config}
    connection_id: str = api.export(deliveries=[wanted])["deliveries"][0]["connection_id"]
    return connection_id


def change(connection_id: str, **values: Any) -> None:
    with transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(Connection, connection_id), name, value)


def test_requests_with_the_same_settings_share_a_connection(alice: Api, bob: Api) -> None:
    first = used(alice)
    clean()
    assert used(alice) == first
    others = {used(bob), used(alice, bucket_name="other"), used(alice, secret_access_key="new")}
    assert len(others | {first}) == 4
    assert used(alice) == first, "the others came later"


def test_what_was_refused_or_forgotten_serves_no_further_request(alice: Api) -> None:
    seen = [used(alice)]
    for health in ("needs_reconnect", "forgotten", "closed"):
        change(seen[-1], health=health)
        seen.append(used(alice))
    assert len(set(seen)) == 4


def test_the_connection_of_a_schedule_is_its_own(alice: Api) -> None:
    body = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "png", "destination_type": "s3"}
    config = {"destination_config": KEYS, "file_id": alice.file()["id"]}
    made = alice.ok("POST", "/scheduled-exports", json=body | config)
    with transaction() as session:
        scheduled = session.query(Connection.id).scalar()
    assert made["id"]
    assert used(alice) != scheduled


def test_the_last_of_them_takes_the_connection_with_it(alice: Api) -> None:
    wanted = {"destination": "s3", "destination_config": KEYS}
    exports = [alice.export(deliveries=[wanted])["id"] for _ in range(2)]
    for export_id, left in zip(exports, (1, 0), strict=True):
        alice.ok("DELETE", f"/export/{export_id}")
        with transaction() as session:
            assert session.query(Connection).count() == left
