from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.client import Client
from longshore.db import clock, transaction
from longshore.models import Delivery, Receipt
from tests.app.conftest import Api

RULES = [{"folder": "b", "keep_last": 2, "keep_days": None, "per": "schedule"}]


def connection(api: Api, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.ok("POST", "/connections", json={"name": "n", "destination": "folder"} | more)
    return found


def arrived(api: Api, connection_id: str, finish: Callable[..., bytes], count: int, **more: str) -> None:
    """Deliveries of one document to the folder `b`, a day apart, the last one now."""
    file = api.file(name="Plan")
    for days in range(count):
        delivery = {"connection_id": connection_id, "folder": "b", "conflict": more.get("conflict", "rename")}
        export = api.ok("POST", "/export", json={"file_id": file["id"], "format": "png", "deliveries": [delivery]})
        finish(export["id"])
        with transaction() as session:
            row = session.query(Receipt).join(Delivery).where(Delivery.export_id == export["id"]).one()
            row.created_at, row.path = clock(session) - timedelta(days=days), more.get("path", f"/b/{days}")


def test_rules_are_stored_shown_and_changed(alice: Api) -> None:
    assert connection(alice)["retention"] == []
    made = connection(alice, retention=[{"folder": "/b/", "keep_last": 2}])
    assert (made["retention"], made["retained_at"]) == (RULES, None)
    path = f"/connections/{made['id']}"
    rule = {"folder": "", "keep_last": None, "keep_days": 30.0, "per": "document"}
    assert alice.ok("PUT", path, json={"retention": [rule]})["retention"] == [rule]
    assert alice.ok("PUT", path, json={"name": "x"})["retention"] == [rule]
    assert alice.ok("PUT", path, json={"retention": []})["retention"] == []


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([{"folder": "b"}], "retention.0"),
        ([{"keep_last": 0}], "retention.0.keep_last"),
        ([{"keep_days": 0}], "retention.0.keep_days"),
        ([{"keep_last": 1, "folder": "a/../b"}], "retention.0"),
        ([{"keep_last": 1, "per": "moon"}], "retention.0.per"),
        ([{"keep_last": 1, "keep": 2}], "retention.0.keep"),
        ([{"keep_last": 1, "folder": "a"}, {"keep_days": 1, "folder": "/a/"}], "retention.1.folder"),
    ],
)
def test_rules_that_cannot_be_meant_are_named(alice: Api, rules: list[Any], field: str) -> None:
    body = {"name": "n", "destination": "folder", "retention": rules}
    assert alice.problem(422, "POST", "/connections", json=body)["errors"][0]["field"] == field


def test_what_would_go_is_shown_first_with_the_reason(alice: Api, bob: Api, finish: Callable[..., bytes]) -> None:
    made = connection(alice, retention=RULES)
    arrived(alice, made["id"], finish, 4)
    path = f"/connections/{made['id']}/retention/preview"
    shown = alice.ok("POST", path, json={})
    assert (shown["rules"], shown["keep"], shown["remove"]) == (RULES, 2, 2)
    assert [(one["path"], one["action"]) for one in shown["files"]] == [
        ("/b/2", "remove"),
        ("/b/3", "remove"),
        ("/b/0", "keep"),
        ("/b/1", "keep"),
    ]
    assert shown["files"][1]["why"] == "number 4 of its series, and 2 are kept"
    assert shown["bytes_removed"] == sum(one["size"] for one in shown["files"][:2]) > 0
    assert shown["files"][0]["document"] == "Plan"
    tried = alice.ok("POST", path, json={"retention": [{"keep_days": 0.5}]})
    assert tried["remove"] == 3
    assert alice.ok("POST", path, json={"retention": []})["files"] == []
    assert alice.ok("GET", f"/connections/{made['id']}")["retention"] == RULES
    bob.problem(404, "POST", path, json={})


def test_what_a_newer_one_moved_aside_is_shown_as_such(alice: Api, finish: Callable[..., bytes]) -> None:
    made = connection(alice, retention=RULES)
    arrived(alice, made["id"], finish, 3, path="/b/latest", conflict="version")
    shown = alice.ok("POST", f"/connections/{made['id']}/retention/preview", json={})
    told = [(one["path"], one["action"], one["moved_aside"]) for one in shown["files"]]
    assert told == [("/b/latest", "remove", True), ("/b/latest", "keep", False), ("/b/latest", "keep", True)]


def test_the_command_line_shows_the_same(
    alice: Api, home: Path, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connection(alice, retention=RULES)
    arrived(alice, made["id"], finish, 3)

    def call(_self: Client, method: str, path: str, **options: Any) -> Any:
        return alice.ok(method, path.removeprefix("/api"), **options)

    (home / "api-key").write_text("k")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(Client, "call", call)

    def ran(*options: str) -> str:
        result = CliRunner().invoke(main, ["retention", made["id"], *options])
        assert result.exit_code == 0, result.output
        return result.output

    def told(*options: str) -> dict[str, Any]:
        output = ran("--json", *options)
        found: dict[str, Any] = json.loads(output[output.index("{\n") :])  # after the log of the server in this process
        return found

    assert "2 kept, 1 would be removed" in ran()
    assert "/b/2" in ran()
    assert told()["remove"] == 1
    assert told("--rules", '[{"keep_last": 1}]')["remove"] == 2
    assert "everything stays" in ran("--rules", "[]")
    assert CliRunner().invoke(main, ["retention", made["id"], "--rules", "{"]).exit_code == 2
