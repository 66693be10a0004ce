from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from longshore.connections import open_secrets
from longshore.db import clock, reading, transaction
from longshore.models import Connection, Delivery, OAuthState
from longshore.states import DeliveryState
from tests.app.conftest import Api
from tests.app.test_deliveries import rendered
from tests.conftest import forget
from tests.fakes import dropbox as dropbox_fake
from tests.fakes import google_drive as drive_fake
from tests.fakes import onedrive as onedrive_fake
from tests.fakes.authority import Authority
from tests.fakes.dropbox import FakeDropbox
from tests.fakes.google_drive import Drive
from tests.fakes.onedrive import FakeOneDrive
from workers.clean import clean
from workers.connect import open_destination

CALLBACK = "https://longshore.example/oauth/callback"
GOOGLE = {"access_type": "offline", "prompt": "consent"}


@pytest.fixture(autouse=True)
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library wants https for the page that a browser opens; the fakes have none."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("LONGSHORE_PUBLIC_URL", "https://longshore.example/")
    forget()


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    with Drive().running() as drive:
        monkeypatch.setenv("LONGSHORE_GOOGLE_CLIENT_ID", drive_fake.CLIENT_ID)
        monkeypatch.setenv("LONGSHORE_GOOGLE_CLIENT_SECRET", drive_fake.CLIENT_SECRET)
        monkeypatch.setenv("LONGSHORE_GOOGLE_ENDPOINT", drive.url)
        forget()
        client = (drive_fake.CLIENT_ID, drive_fake.CLIENT_SECRET)
        drive.authority = Authority("/o/oauth2/v2/auth", client, {CALLBACK}, GOOGLE, drive.refresh)
        yield drive


@pytest.fixture
def authority(drive: Drive) -> Authority:
    assert drive.authority
    return drive.authority


def start(api: Api, **body: Any) -> str:
    url: str = api.ok("POST", "/connections/authorize", json={"destination": "google_drive"} | body)["authorize_url"]
    return url


def back(client: FlaskClient, url: str) -> TestResponse:
    """What the browser does with the address it is sent to."""
    parts = urlsplit(url)
    assert f"https://{parts.netloc}{parts.path}" == CALLBACK
    return client.get(f"{parts.path}?{parts.query}")


def only(api: Api) -> dict[str, Any]:
    (found,) = api.ok("GET", "/connections")["connections"]
    return found


def test_an_account_is_connected_in_the_browser(alice: Api, authority: Authority) -> None:
    answer = alice.ok("POST", "/connections/authorize", json={"destination": "google_drive", "name": "Ann's <Drive>"})
    page = back(alice.client, authority.browse(answer["authorize_url"]))
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Ann&#x27;s &lt;Drive&gt;" in text
    assert "ann@example.test" in text
    assert "<b>alice</b>" in text
    assert not any(secret in text for secret in ("canary", "state", "code="))
    assert "script" not in page.headers["Content-Security-Policy"]
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    made = only(alice)
    assert (made["name"], made["health"], made["account"]) == ("Ann's <Drive>", "ok", "ann@example.test in My Drive")
    assert 179 < made["expires_in_days"] <= 180
    assert "developers.google.com" in made["expiry_note"]
    assert "canary" not in str(made)
    with reading() as session:
        row = session.get_one(Connection, made["id"])
        assert row.oauth
        assert open_secrets(row).keys() == {"refresh_token"}
        assert open_destination(row).test().account == made["account"]
        assert session.query(OAuthState).count() == 0


def test_dropbox_is_connected_in_the_browser(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeDropbox()
    with fake.running():
        monkeypatch.setenv("LONGSHORE_DROPBOX_CLIENT_ID", dropbox_fake.APP_KEY)
        monkeypatch.setenv("LONGSHORE_DROPBOX_CLIENT_SECRET", dropbox_fake.APP_SECRET)
        monkeypatch.setenv("LONGSHORE_DROPBOX_ENDPOINT", fake.url + "/")
        forget()
        client = (dropbox_fake.APP_KEY, dropbox_fake.APP_SECRET)
        needs = {"token_access_type": "offline"}
        fake.authority = Authority("/oauth2/authorize", client, {CALLBACK}, needs, fake.refresh)
        url = fake.authority.browse(start(alice, destination="dropbox", options={"folder": "/in"}))
        assert back(alice.client, url).status_code == 200
        made = only(alice)
        assert (made["name"], made["health"], made["expires_at"]) == ("Dropbox", "ok", None)
        assert made["options"]["folder"] == "/in"


def test_onedrive_is_connected_in_the_browser_and_its_tokens_are_kept_as_they_are_renewed(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeOneDrive().running() as fake:
        monkeypatch.setenv("LONGSHORE_MICROSOFT_CLIENT_ID", onedrive_fake.CLIENT_ID)
        monkeypatch.setenv("LONGSHORE_MICROSOFT_CLIENT_SECRET", onedrive_fake.CLIENT_SECRET)
        monkeypatch.setenv("LONGSHORE_MICROSOFT_ENDPOINT", fake.url)
        forget()
        client = (onedrive_fake.CLIENT_ID, onedrive_fake.CLIENT_SECRET)
        needs = {"scope": "https://graph.microsoft.com/Files.ReadWrite.All offline_access"}
        fake.authority = Authority("/consumers/oauth2/v2.0/authorize", client, {CALLBACK}, needs, fake.refresh)
        url = fake.authority.browse(start(alice, destination="onedrive", options={"tenant": "consumers"}))
        assert back(alice.client, url).status_code == 200
        made = only(alice)
        assert (made["health"], made["account"]) == ("ok", "ann@example.com (OneDrive)")
        assert 89 < made["expires_in_days"] <= 90
        known = set(fake.refresh)
        alice.ok("POST", f"/connections/{made['id']}/test")
        with reading() as session:
            stored = open_secrets(session.get_one(Connection, made["id"]))
        assert stored.keys() == {"refresh_token"}
        assert stored["refresh_token"] in fake.refresh - known


def test_an_address_works_once_and_for_ten_minutes(alice: Api, authority: Authority) -> None:
    url = authority.browse(start(alice))
    assert alice.client.head(urlsplit(url).path + "?" + urlsplit(url).query).status_code == 405
    assert back(alice.client, url).status_code == 200
    again = back(alice.client, url)
    assert again.status_code == 400
    assert "used already" in again.get_data(as_text=True)
    assert only(alice)["health"] == "ok"
    late = authority.browse(start(alice))
    with transaction() as session:
        session.query(OAuthState).one().expires_at = clock(session) - timedelta(seconds=1)
    assert back(alice.client, late).status_code == 400
    assert all(one.used for one in list(authority.codes.values())[:1])
    assert not list(authority.codes.values())[1].used


def test_what_was_never_finished_is_cleaned_away(alice: Api, authority: Authority) -> None:
    start(alice)
    clean()
    with transaction() as session:
        row = session.query(OAuthState).one()
        row.expires_at = clock(session) - timedelta(seconds=1)
    clean()
    with reading() as session:
        assert session.query(OAuthState).count() == 0


def test_neither_state_nor_verifier_lie_in_the_database(alice: Api, authority: Authority) -> None:
    state = parse_qs(urlsplit(start(alice)).query)["state"][0]
    with reading() as session:
        row = session.query(OAuthState).one()
        written = str({column.name: getattr(row, column.name) for column in row.__table__.columns})
        assert state not in written
        assert "verifier" not in written


@pytest.mark.parametrize("change", [{"state": "x" * 43}, {"state": ""}, {"code": "canary-forged"}, {"code": ""}])
def test_a_forged_answer_connects_nothing(alice: Api, authority: Authority, change: dict[str, str]) -> None:
    given = {name: one[0] for name, one in parse_qs(urlsplit(authority.browse(start(alice))).query).items()} | change
    page = alice.client.get("/oauth/callback", query_string=given)
    assert page.status_code == 400
    assert "Not connected" in page.get_data(as_text=True)
    assert "canary" not in page.get_data(as_text=True)
    assert alice.ok("GET", "/connections")["connections"] == []


def test_parameters_that_come_twice_are_refused_and_use_nothing_up(alice: Api, authority: Authority) -> None:
    url = authority.browse(start(alice))
    parts = urlsplit(url)
    assert alice.client.get(f"{parts.path}?{parts.query}&code=canary-other").status_code == 400
    assert back(alice.client, url).status_code == 200


def test_two_owners_cannot_be_mixed_up(alice: Api, bob: Api, authority: Authority) -> None:
    of_alice, of_bob = authority.browse(start(alice)), authority.browse(start(bob))
    mixed = parse_qs(urlsplit(of_alice).query)["state"][0], parse_qs(urlsplit(of_bob).query)["code"][0]
    page = alice.client.get("/oauth/callback", query_string={"state": mixed[0], "code": mixed[1]})
    assert page.status_code == 400
    assert "no longer accepts this consent" in page.get_data(as_text=True)
    assert back(bob.client, of_bob).status_code == 200
    assert alice.ok("GET", "/connections")["connections"] == []
    mine = only(bob)["id"]
    alice.problem(404, "POST", "/connections/authorize", json={"connection_id": mine})


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", "was not allowed"), ("server_error", "failed at this"), ("<b>odd</b>", "did not connect")],
)
def test_a_refusal_is_told_in_words(alice: Api, authority: Authority, error: str, words: str) -> None:
    state = parse_qs(urlsplit(authority.browse(start(alice), allow=False)).query)["state"][0]
    page = alice.client.get(
        "/oauth/callback", query_string={"state": state, "error": error, "error_description": "<script>"}
    )
    text = page.get_data(as_text=True)
    assert page.status_code == 400
    assert words in text
    assert "<b>odd" not in text
    assert "<script" not in text


def test_a_consent_without_the_right_or_without_a_lasting_token_is_no_connection(
    alice: Api, authority: Authority
) -> None:
    authority.scope = "openid"
    assert "was not granted" in back(alice.client, authority.browse(start(alice))).get_data(as_text=True)
    authority.scope, authority.needs = None, {"never": "given"}
    assert "no refresh token" in back(alice.client, authority.browse(start(alice))).get_data(as_text=True)
    authority.needs, authority.down = {}, True
    assert "cannot answer now" in back(alice.client, authority.browse(start(alice))).get_data(as_text=True)
    authority.down, authority.client = False, ("other", "other")
    with pytest.raises(AssertionError):
        authority.browse(start(alice))
    assert alice.ok("GET", "/connections")["connections"] == []


def test_a_folder_of_somebody_else_needs_the_wider_right(alice: Api, authority: Authority) -> None:
    def asked(**options: str) -> list[str]:
        return parse_qs(urlsplit(start(alice, options=options)).query)["scope"]

    assert asked() == ["https://www.googleapis.com/auth/drive.file"]
    assert asked(folder_id="abc") == ["https://www.googleapis.com/auth/drive"]


def test_connecting_again_renews_the_secrets_and_releases_what_waited(alice: Api, authority: Authority) -> None:
    back(alice.client, authority.browse(start(alice, name="Drive")))
    made = only(alice)
    authority.refresh.clear()
    assert alice.ok("POST", f"/connections/{made['id']}/test")["ok"] is False
    delivery = rendered(alice, DeliveryState.BLOCKED)["deliveries"][0]["id"]
    with transaction() as session:
        session.get_one(Delivery, delivery).connection_id = made["id"]
    authority.extra = {"refresh_token_expires_in": 604800}
    page = back(alice.client, authority.browse(start(alice, connection_id=made["id"])))
    assert page.status_code == 200
    again = only(alice)
    assert (again["id"], again["name"], again["health"]) == (made["id"], "Drive", "ok")
    assert 6.9 < again["expires_in_days"] <= 7
    assert alice.ok("GET", f"/deliveries/{delivery}")["state"] == "pending"


def test_a_renewal_that_does_not_work_keeps_the_old_secrets(
    alice: Api, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    back(alice.client, authority.browse(start(alice)))
    made = only(alice)
    url = authority.browse(start(alice, connection_id=made["id"]))
    old = authority.refresh.copy()
    monkeypatch.setattr(authority, "refresh", set())  # what is issued from now on is not valid
    page = back(alice.client, url)
    assert "The old credentials are kept" in page.get_data(as_text=True)
    with reading() as session:
        assert open_secrets(session.get_one(Connection, made["id"]))["refresh_token"] in old


def test_the_operators_client_goes_to_no_endpoint_of_a_user(alice: Api, authority: Authority) -> None:
    body = {"destination": "google_drive", "options": {"endpoint_url": "https://evil.example"}}
    problem = alice.problem(422, "POST", "/connections/authorize", json=body)
    assert problem["errors"][0]["field"] == "options.endpoint_url"
    back(alice.client, authority.browse(start(alice)))
    path = f"/connections/{only(alice)['id']}"
    problem = alice.problem(403, "PUT", path, json={"options": {"endpoint_url": "https://evil.example"}})
    assert "endpoint of its own" in problem["detail"]
    with transaction() as session:
        session.query(Connection).one().options = {"endpoint_url": "http://127.0.0.1:9"}
    result = alice.ok("POST", f"{path}/test")
    assert "endpoint of its own" in result["message"]
    # own credentials take the operator's client away
    own = {"refresh_token": "r", "client_id": "c", "client_secret": "s"}
    alice.ok("PUT", path, json={"secrets": own, "options": {"endpoint_url": "https://gateway.example"}})
    with reading() as session:
        assert not session.query(Connection).one().oauth


def test_what_cannot_be_connected_so_is_told(alice: Api) -> None:
    for body, field in (
        ({}, "destination"),
        ({"destination": "s3", "options": {"bucket_name": "bucket"}}, "destination"),
        ({"destination": "ftp"}, "destination"),
        ({"destination": "google_drive", "options": {"colour": "red"}}, "options.colour"),
    ):
        problem = alice.problem(422, "POST", "/connections/authorize", json=body)
        assert problem["errors"][0]["field"] == field, problem
    problem = alice.problem(422, "POST", "/connections/authorize", json={"destination": "google_drive"})
    assert "LONGSHORE_GOOGLE_CLIENT_ID" in problem["detail"]
    alice.problem(404, "POST", "/connections/authorize", json={"connection_id": "x"})
    assert alice.client.get("/oauth/callback").status_code == 400


def test_it_is_told_where_an_account_can_be_connected_in_the_browser(alice: Api, authority: Authority) -> None:
    found = {one["name"]: one["browser"] for one in alice.ok("GET", "/destinations")["destinations"]}
    assert [name for name, there in found.items() if there] == ["google_drive"]


def test_nobody_fills_the_table_with_consents(alice: Api, bob: Api, authority: Authority) -> None:
    for _ in range(50):
        start(alice)
    assert alice("POST", "/connections/authorize", json={"destination": "google_drive"}).status_code == 429
    start(bob)
