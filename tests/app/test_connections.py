from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from longshore.connections import kept_token, open_secrets
from longshore.db import clock, reading, transaction
from longshore.errors import Conflict, LongshoreError, NeedsReconnect
from longshore.models import Connection, Delivery
from longshore.settings import settings
from longshore.states import DeliveryState
from tests.app.conftest import Api
from tests.app.test_deliveries import rendered
from tests.conftest import forget
from tests.fakes.google_drive import CLIENT_ID, CLIENT_SECRET, REFRESH, Drive
from workers.admission import claim_delivery
from workers.rescue import sweep

S3 = {
    "name": "backups",
    "destination": "s3",
    "options": {"bucket_name": "bucket"},
    "secrets": {"access_key_id": "AKIA", "secret_access_key": "canary-secret"},
}


def secrets(connection_id: str) -> dict[str, Any]:
    with reading() as session:
        return open_secrets(session.get_one(Connection, connection_id))


def block(delivery_id: str, connection_id: str) -> None:
    with transaction() as session:
        session.get_one(Delivery, delivery_id).connection_id = connection_id


def test_secrets_go_in_and_never_come_out(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=S3)
    path = f"/connections/{made['id']}"
    assert secrets(made["id"]) == S3["secrets"]
    answers = [made, alice.ok("GET", path), alice.ok("GET", "/connections")]
    answers += [alice.ok("PUT", path, json={"secrets": {"secret_access_key": "canary-new"}})]
    assert not any("canary" in str(answer) or "AKIA" in str(answer) for answer in answers)
    assert (made["options"], made["health"]) == ({"bucket_name": "bucket"}, "untested")
    assert secrets(made["id"]) == {"access_key_id": "AKIA", "secret_access_key": "canary-new"}


def test_a_wrong_secret_is_refused_without_being_repeated(alice: Api) -> None:
    wrong = S3 | {"secrets": {"access_key_id": ["canary"], "secret_access_key": {"canary": 1}}}
    problem = alice.problem(422, "POST", "/connections", json=wrong)
    assert {one["field"] for one in problem["errors"]} == {"secrets.access_key_id", "secrets.secret_access_key"}
    assert "canary" not in str(problem)
    for change, field in (
        ({"destination": "ftp"}, "destination"),
        ({"options": {}}, "options.bucket_name"),
        ({"options": {"bucket_name": "bucket", "colour": "red"}}, "options.colour"),
        ({"secrets": {"access_key_id": "x"}}, "secrets.secret_access_key"),
        ({"name": ""}, "name"),
    ):
        assert alice.problem(422, "POST", "/connections", json=S3 | change)["errors"][0]["field"] == field


def test_changing_a_secret_releases_what_waited_for_it(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=S3)
    export = rendered(alice, DeliveryState.BLOCKED)
    delivery = export["deliveries"][0]["id"]
    block(delivery, made["id"])
    alice.ok("PUT", f"/connections/{made['id']}", json={"name": "only the name"})
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "blocked"
    alice.ok("PUT", f"/connections/{made['id']}", json={"secrets": {"secret_access_key": "new"}})
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "pending"
    assert alice.ok("GET", f"/export/{export['id']}")["state"] == "processing"


def test_a_change_is_checked_as_a_whole(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json=S3)
    path = f"/connections/{made['id']}"
    alice.problem(422, "PUT", path, json={})
    alice.problem(422, "PUT", path, json={"destination": "folder"})
    alice.problem(422, "PUT", path, json={"secrets": {"secret_access_key": None}})
    alice.problem(422, "PUT", path, json={"options": {"bucket_name": "b"}})
    assert secrets(made["id"]) == S3["secrets"]


def test_a_connection_is_tested_for_real_and_its_health_is_kept(alice: Api) -> None:
    made = alice.ok("POST", "/connections", json={"name": "f", "destination": "local", "options": {"folder": "in"}})
    assert made["destination"] == "folder"
    delivery = rendered(alice, DeliveryState.BLOCKED)["deliveries"][0]["id"]
    block(delivery, made["id"])
    result = alice.ok("POST", f"/connections/{made['id']}/test")
    assert (result["ok"], result["rights"], result["released"]) == (True, ["write", "read", "delete"], 1)
    assert result["account"] == str(settings().deliveries / "alice/in")
    assert list(Path(result["account"]).iterdir()) == []
    shown = alice.ok("GET", f"/connections/{made['id']}")
    assert (shown["health"], shown["last_error"]) == ("ok", None)
    assert shown["last_tested_at"]
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "pending"


@pytest.mark.parametrize(
    ("before", "error", "health"),
    [
        ("untested", NeedsReconnect("It may write, and not read."), "failed"),
        ("ok", Conflict("Busy."), "failed"),
        ("needs_reconnect", Conflict("Busy."), "needs_reconnect"),
    ],
)
def test_a_test_that_fails_is_an_answer_and_blocks_nothing(
    alice: Api, monkeypatch: pytest.MonkeyPatch, before: str, error: LongshoreError, health: str
) -> None:
    def refuse(_self: object) -> None:
        raise error

    monkeypatch.setattr("workers.destinations.folder.Folder.test", refuse)
    made = alice.ok("POST", "/connections", json={"name": "f", "destination": "folder"})
    with transaction() as session:
        session.get_one(Connection, made["id"]).health = before
    result = alice.ok("POST", f"/connections/{made['id']}/test")
    assert (result["ok"], result["message"]) == (False, error.message)
    shown = alice.ok("GET", f"/connections/{made['id']}")
    assert (shown["health"], shown["last_error"]) == (health, error.message)


def test_an_endpoint_that_may_not_be_reached_is_told(alice: Api) -> None:
    options = {"bucket_name": "bucket", "endpoint_url": "http://169.254.169.254/"}
    made = alice.ok("POST", "/connections", json=S3)
    for method, path in (("POST", "/connections"), ("PUT", f"/connections/{made['id']}")):
        body = S3 | {"options": options} if method == "POST" else {"options": options}
        problem = alice.problem(422, method, path, json=body)
        assert [one["field"] for one in problem["errors"]] == ["options.endpoint_url"]
        assert "169.254.169.254" in problem["detail"]


def test_an_endpoint_whose_name_is_unknown_just_now_is_stored(alice: Api) -> None:
    options = {"bucket_name": "bucket", "endpoint_url": "http://store.invalid/"}
    assert alice.ok("POST", "/connections", json=S3 | {"options": options})["options"] == options


def test_what_is_switched_off_waits_and_what_is_switched_on_goes_on(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.rescue.depth", lambda _queue: 0)
    made = alice.ok("POST", "/connections", json={"name": "f", "destination": "folder"})
    path = f"/connections/{made['id']}"
    assert made["enabled"]
    assert not alice.ok("POST", f"{path}/disable")["enabled"]
    delivery = rendered(alice, DeliveryState.FAILED)["deliveries"][0]["id"]
    block(delivery, made["id"])
    alice.ok("POST", f"/deliveries/{delivery}/retry")
    with transaction() as session:
        assert claim_delivery(session, delivery, now=clock(session)) is None
    shown = alice.ok("GET", f"/deliveries/{delivery}")
    assert (shown["state"], shown["attempt"]) == ("pending", 0)
    with transaction() as session:
        session.get_one(Delivery, delivery).sent_at = clock(session) - timedelta(hours=1)
    assert "switched off" in shown["waits_for"]
    assert sweep() == 0
    with reading() as session:
        assert session.get_one(Delivery, delivery).sent_at < clock(session) - timedelta(minutes=50)
    assert alice.ok("POST", f"{path}/enable")["enabled"]
    assert alice.ok("GET", f"/deliveries/{delivery}")["waits_for"] is None
    with reading() as session:
        assert session.get_one(Delivery, delivery).sent_at > clock(session) - timedelta(minutes=5)
    with transaction() as session:
        assert claim_delivery(session, delivery, now=clock(session)) == 1


@pytest.fixture
def drive() -> Iterator[Drive]:
    with Drive().running() as drive:
        yield drive


def to_drive(alice: Api, drive: Drive) -> dict[str, Any]:
    secrets = {"refresh_token": REFRESH, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    body = {"name": "d", "destination": "google_drive", "options": {"endpoint_url": drive.url}, "secrets": secrets}
    made: dict[str, Any] = alice.ok("POST", "/connections", json=body)
    return made


def test_secrets_are_rotated_by_one_call_once_they_work(alice: Api, drive: Drive) -> None:
    made = to_drive(alice, drive)
    path = f"/connections/{made['id']}"
    drive.store.limit = 10_000
    delivery = rendered(alice, DeliveryState.BLOCKED)["deliveries"][0]["id"]
    block(delivery, made["id"])
    problem = alice.problem(422, "POST", f"{path}/rotate", json={"secrets": {"refresh_token": "canary-wrong"}})
    assert problem["code"] == "needs_reconnect"
    assert "old secrets are kept" in problem["detail"]
    assert "canary" not in str(problem)
    assert secrets(made["id"])["refresh_token"] == REFRESH
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "blocked"
    drive.refresh.add("new")
    shown = alice.ok("POST", f"{path}/rotate", json={"secrets": {"refresh_token": "new"}})
    assert (shown["health"], shown["rights"]) == ("ok", ["write", "read", "delete"])
    assert 0 < shown["free_bytes"] <= 10_000
    assert secrets(made["id"]) == {"refresh_token": "new", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "pending"


def test_a_change_of_secrets_or_options_drops_the_access_token_and_no_answer_holds_it(alice: Api, drive: Drive) -> None:
    made = to_drive(alice, drive)
    path = f"/connections/{made['id']}"
    drive.refresh.add("new")

    def token() -> str:
        with reading() as session:
            return kept_token(session.get_one(Connection, made["id"]))[0]

    for change in (
        lambda: alice.ok("POST", f"{path}/rotate", json={"secrets": {"refresh_token": "new"}}),
        lambda: alice.ok("PUT", path, json={"secrets": {"refresh_token": REFRESH}}),
        lambda: alice.ok("PUT", path, json={"options": made["options"] | {"subject": "ann@example.test"}}),
    ):
        alice.ok("POST", f"{path}/test")
        assert token() in drive.tokens
        answers = [alice.ok("GET", path), alice.ok("PUT", path, json={"name": "Other"})]
        assert token() in drive.tokens
        answers.append(change())
        assert token() == ""
        assert "ya29." not in str(answers)


def test_secrets_are_rotated_untried_where_that_is_asked_for(alice: Api, drive: Drive) -> None:
    path = f"/connections/{to_drive(alice, drive)['id']}"
    shown = alice.ok("POST", f"{path}/rotate", json={"secrets": {"refresh_token": "later"}, "test": False})
    assert (shown["health"], shown["account"]) == ("untested", None)
    assert drive.seen == []
    alice.problem(422, "POST", f"{path}/rotate", json={"secrets": {}})
    alice.problem(422, "POST", f"{path}/rotate", json={"secrets": {"colour": "red"}})
    alice.problem(422, "POST", f"{path}/rotate", json={"secrets": {"refresh_token": None}})


def test_it_is_told_when_credentials_end(alice: Api) -> None:
    def made(destination: str, options: dict[str, Any], secrets: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"name": "n", "destination": destination, "options": options, "secrets": secrets} | more
        answer: dict[str, Any] = alice.ok("POST", "/connections", json=body)
        return answer

    keys = S3["secrets"]
    lasting = made("s3", {"bucket_name": "bucket"}, keys)
    assert (lasting["expires_at"], lasting["expires_in_days"]) == (None, None)
    assert "until they are deleted" in lasting["expiry_note"]
    assert "https://docs.aws.amazon.com/" in lasting["expiry_note"]
    assert made("s3", {"bucket_name": "bucket"}, keys | {"session_token": "t"})["expires_in_days"] == 1.5
    assert made("dropbox", {}, {"access_token": "t"})["expires_in_days"] == 0.2
    assert made("dropbox", {}, {"refresh_token": "t", "app_key": "k"})["expires_in_days"] is None
    assert made("folder", {}, {})["expiry_note"] == ""
    known = made("s3", {"bucket_name": "bucket"}, keys, expires_at="2040-01-01T00:00:00+01:00")
    assert known["expires_at"] == "2039-12-31T23:00:00Z"
    path = f"/connections/{known['id']}"
    assert alice.ok("PUT", path, json={"expires_at": "2041-01-01T00:00:00Z"})["expires_at"] == "2041-01-01T00:00:00Z"
    assert alice.ok("PUT", path, json={"secrets": {"access_key_id": "other"}})["expires_at"] is None
    problem = alice.problem(422, "PUT", path, json={"expires_at": "2041-01-01T00:00:00"})
    assert problem["errors"][0]["field"] == "expires_at"


def test_a_connection_whose_vault_key_is_gone_is_still_listed(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    alice.ok("POST", "/connections", json=S3)
    monkeypatch.setenv("LONGSHORE_VAULT_KEYS", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
    forget()
    (shown,) = alice.ok("GET", "/connections")["connections"]
    assert "vault key was removed" in shown["expiry_note"]
