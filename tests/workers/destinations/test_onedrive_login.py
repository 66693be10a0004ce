from __future__ import annotations

import logging

import pytest
from pydantic import ValidationError

from longshore import logs
from longshore.errors import NeedsReconnect, Permanent, Refused, Transient
from tests.contracts.onedrive_site import RENEWABLE
from tests.contracts.site import Job, classified
from tests.fakes.onedrive import CLIENT_ID, CLIENT_SECRET, REFRESH, Fault, Problem
from workers.destinations import _onedrive_login
from workers.destinations.onedrive import OneDriveSecrets

APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.mark.parametrize("extra", [{}, {"client_secret": CLIENT_SECRET}])
def test_a_refresh_token_of_a_public_client_and_of_a_web_client_works(onedrive, extra):
    assert Job(onedrive, b"x").run(onedrive.destination(secrets=RENEWABLE | extra)).verified == "checksum"
    (kept,) = onedrive.renewed
    assert kept["refresh_token"] in onedrive.fake.refresh - {REFRESH}


def test_an_access_token_alone_works_while_it_lasts(onedrive):
    secrets = {"access_token": onedrive.fake.token()}
    assert onedrive.destination(secrets=secrets).test().free_bytes > 0
    assert "login" not in onedrive.fake.seen


def test_an_app_acts_as_itself_in_a_person_s_drive(onedrive):
    onedrive.store.kind = "business"
    destination = onedrive.destination(secrets=APP, tenant="contoso.onmicrosoft.com", user="ann@example.com")
    assert destination.test().account == "ann@example.com (OneDrive for work or school)"
    assert Job(onedrive, b"x").run(destination).verified == "checksum"
    assert onedrive.renewed == []


def test_an_app_needs_a_tenant_and_a_drive(onedrive):
    for options, kind, says in (
        ({"user": "ann@example.com"}, NeedsReconnect, "tenant"),
        ({"tenant": "contoso.com"}, Permanent, "drive_id, user or site"),
    ):
        error = classified(onedrive.destination(secrets=APP, **options), Job(onedrive, b"x"))
        assert type(error) is kind
        assert says in error.message


def test_a_client_that_is_refused_says_what_to_correct(onedrive):
    secrets = {**APP, "client_secret": "canary-old"}
    error = classified(onedrive.destination(secrets=secrets, tenant="t", drive_id="drive-1"), Job(onedrive, b"x"))
    assert type(error) is NeedsReconnect
    assert "client_secret" in error.message
    assert "canary" not in error.message + error.detail


def test_a_scope_that_was_not_granted_is_named(onedrive):
    error = classified(onedrive.destination(scope="Files.ReadWrite"), Job(onedrive, b"x"))
    assert type(error) is NeedsReconnect


def test_a_token_is_renewed_before_its_end(onedrive, monkeypatch):
    monkeypatch.setattr(_onedrive_login, "EARLY", 3600.0)
    Job(onedrive, b"x").run()
    assert onedrive.fake.seen.count("login") > 3


@pytest.mark.parametrize("kind", ["discover", "login"])
def test_a_login_that_leads_elsewhere_is_not_followed(onedrive, kind):
    onedrive.fake.faults = [Fault(kind, Problem(307, "moved", where="http://169.254.169.254/latest"))]
    error = classified(onedrive.destination(), Job(onedrive, b"x"))
    assert isinstance(error, Transient)
    assert "drive" not in onedrive.fake.seen


def test_no_secret_comes_into_the_log(onedrive, caplog):
    logs.configure()
    with caplog.at_level(logging.DEBUG):
        Job(onedrive, b"x" * 5_000_000).run(onedrive.destination(secrets=RENEWABLE))
        onedrive.fake.refresh.clear()
        classified(onedrive.destination(), Job(onedrive, b"y"))
    for secret in ("canary", CLIENT_SECRET, REFRESH):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("given", "field", "kind"),
    [
        ({}, "access_token", "missing"),
        ({"client_id": "i"}, "client_secret", "missing"),
        ({"refresh_token": "r"}, "client_id", "missing"),
        ({"client_secret": "s"}, "client_id", "missing"),
        ({"access_token": ""}, "access_token", "too_short"),
        ({"access_token": "a", "password": "p"}, "password", "extra_forbidden"),
    ],
)
def test_credentials_that_cannot_work_are_refused(given, field, kind):
    with pytest.raises(ValidationError) as told:
        OneDriveSecrets.model_validate(given)
    assert [(error["loc"][0], error["type"]) for error in told.value.errors()] == [(field, kind)]


def test_the_endpoint_is_checked_before_and_by_the_address_that_was_dialled(onedrive):
    checked = []
    Job(onedrive, b"x" * 5_000_000).run(onedrive.destination(check=checked.append))
    assert set(checked) == {onedrive.fake.url}
    assert len(checked) >= 2

    def second_thoughts(url):
        checked.append(url)
        if len(checked) > 1:
            raise Refused("The address changed.")

    checked.clear()
    before = len(onedrive.fake.seen)
    assert isinstance(classified(onedrive.destination(check=second_thoughts), Job(onedrive, b"y")), Refused)
    assert len(onedrive.fake.seen) == before
