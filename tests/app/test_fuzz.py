"""Whatever is sent, the answer is one that was described: never a crash, never a stack trace."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.app.conftest import SVG, Api

S3 = {"access_key_id": "A", "secret_access_key": "B", "bucket_name": "bucket", "endpoint_url": "https://s3.example"}
RULE = {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_day_of_month": 31, "timezone": "UTC"}
NOBODY = "00000000-0000-4000-8000-000000000000"
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/files", {"name": "n", "kind": "canvas", "content": {"shapes": []}, "file_type": "mixed"}),
    ("POST", "/files", {"title": "n", "file_type": "mixed", "canvas_data": {}, "note_content": "", "mermaid_code": ""}),
    (
        "POST",
        "/export",
        {
            "source": {"kind": "svg", "content": SVG, "name": "n"},
            "format": "pdf",
            "settings": {"width": 10, "page_size": "a4", "background": "red"},
            "name": "n",
            "deadline": 5,
            "deliveries": [{"destination": "s3", "destination_config": S3, "folder": "a/b", "name": "n"}],
        },
    ),
    (
        "POST",
        "/export/cloud",
        {"file_id": "", "export_format": "png", "destination": "s3", "destination_config": S3, "export_settings": {}},
    ),
    ("POST", "/connections", {"name": "n", "destination": "s3", "options": {"bucket_name": "bbb"}, "secrets": {}}),
    ("POST", "/scheduled-exports", {"file_id": "", "export_format": "png", "destination_config": S3, **RULE}),
    ("PUT", "/scheduled-exports/", {"destination_type": "s3", "destination_config": S3, "is_active": True, **RULE}),
    ("PUT", "/connections/", {"name": "n", "options": {"bucket_name": "bbb"}, "secrets": {"access_key_id": "x"}}),
    ("POST", "/scheduled-exports/preview", {"count": 3, "after": "2030-01-01T00:00:00Z", **RULE}),
    ("POST", "/keys", {"name": "n", "scopes": ["read"]}),
]

odd = st.sampled_from(
    ["\0", "\x7f", "\u202e", "../../etc/passwd", "%00", "'; --", "x" * 5000, "", "\ud800", "\U0010ffff"]
)
leaf = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(leaf | odd | st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(odd, inner))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a body."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in pairs for found in places(inner, (*path, key)))]


def changed(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    """The body with one value replaced."""
    if not path:
        return value
    body = copy.deepcopy(body)
    inner: Any = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return body


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_one_odd_value_anywhere_is_answered_as_described(admin: Api, call: tuple[str, str, dict[str, Any]]) -> None:
    method, path, body = call
    body = dict(body)
    file_id = admin.file()["id"]
    if "file_id" in body:
        body["file_id"] = file_id
    if path == "/scheduled-exports/":
        made = admin.ok("POST", "/scheduled-exports", json={"file_id": file_id, "export_format": "png", **RULE})
        path += made["id"]
    if path == "/connections/":
        options = {"name": "n", "destination": "s3", "options": {"bucket_name": "bbb"}}
        secrets = {"access_key_id": "x", "secret_access_key": "y"}
        path += admin.ok("POST", "/connections", json=options | {"secrets": secrets})["id"]

    @given(where=st.sampled_from(places(body)), value=anything)
    @settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def send(where: tuple[Any, ...], value: Any) -> None:
        sent = json.dumps(changed(body, where, value))
        answer = admin(method, path, data=sent, content_type="application/json")
        assert answer.status_code in {200, 201, 202, 400, 404, 422}, (where, value, answer.get_data(as_text=True))
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json"
            assert answer.get_json()["detail"]

    send()


@pytest.mark.parametrize("path", ["/files", "/export", "/deliveries", "/connections", "/scheduled-exports"])
def test_odd_queries_are_answered_as_described(alice: Api, path: str) -> None:
    names = ("limit", "offset", "state", "kind", "name", "file_id", "is_active", "user_id", "destination", "export_id")
    for name in names:
        for value in ("\0", "-1", "1e9", "9" * 30, "'", "%", "x" * 3000, "", "\ud83d", "٣"):
            query = f"{name}={value}".encode("utf-8", "surrogatepass")
            answer = alice("GET", path, query_string=query.decode("latin-1"))
            assert answer.status_code in {200, 422}, (name, value, answer.get_data(as_text=True))
