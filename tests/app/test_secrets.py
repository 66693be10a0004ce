from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from tests.app.conftest import SVG, Api

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

CANARY = "canary-6f1d"
S3 = {"access_key_id": CANARY, "secret_access_key": CANARY, "bucket_name": "bucket"}
WRONG = [
    {**S3, "bucket_name": "b"},
    {**S3, "secret_access_key": [CANARY]},
    {**S3, "session_token": {"x": CANARY}},
    {"secret_access_key": CANARY},
]


def calls(file_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Every way to hand in a secret, rightly and wrongly."""
    source = {"kind": "svg", "content": SVG}
    when = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "png", "file_id": file_id}
    found: list[tuple[str, str, dict[str, Any]]] = []
    for config in [S3, *WRONG]:
        place = {"destination": "s3", "destination_config": config}
        found += [
            ("POST", "/export", {"source": source, "format": "png", "deliveries": [place]}),
            ("POST", "/export/cloud", {"file_id": file_id, "export_format": "png", **place}),
            ("POST", "/scheduled-exports", when | place),
            ("POST", "/connections", {"name": "n", "destination": "s3", "options": config, "secrets": config}),
        ]
    good = {"name": "n", "destination": "s3", "options": {"bucket_name": "bucket"}}
    keys = {"access_key_id": CANARY, "secret_access_key": CANARY}
    return [*found, ("POST", "/connections", good | {"secrets": keys})]


def test_no_secret_is_in_an_answer_a_log_line_or_the_database(
    alice: Api, home: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    statuses = set()
    for method, path, body in calls(alice.file()["id"]):
        answer = alice(method, path, json=body)
        statuses.add(answer.status_code)
        assert CANARY not in answer.get_data(as_text=True), (path, body)
    assert statuses == {201, 202, 400, 422}
    for path in ("/export", "/connections", "/scheduled-exports", "/deliveries"):
        assert CANARY not in json.dumps(alice.ok("GET", path))
    written = caplog.text + "".join(capfd.readouterr())
    assert "/api/connections" in written
    assert CANARY not in written
    assert alice.token not in written
    for file in home.rglob("longshore.db*"):
        assert CANARY.encode() not in file.read_bytes()
        assert alice.token.encode() not in file.read_bytes()


def test_the_signature_of_a_link_is_not_logged(database: str, capfd: pytest.CaptureFixture[str]) -> None:
    client: FlaskClient = create_app(configure_logs=False).test_client()
    path = "/api/export/00000000-0000-4000-8000-000000000000/download"
    client.get(f"{path}?expires=1&signature={CANARY}")
    written = "".join(capfd.readouterr())
    assert path in written
    assert CANARY not in written
