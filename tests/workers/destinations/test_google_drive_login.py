from __future__ import annotations

import json
import logging

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from longshore import logs
from longshore.errors import NeedsReconnect, Transient
from tests.contracts.google_drive_site import RENEWABLE
from tests.contracts.site import Job, classified
from tests.fakes.google_drive import CLIENT_SECRET, REFRESH, Fault, Problem
from workers.destinations import _google_drive_login
from workers.destinations.google_drive import DriveSecrets

EMAIL = "exports@project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def account(google_drive, private_key):
    """The JSON file of a service account that the fake knows; its own token_uri leads elsewhere."""
    google_drive.drive.service_key = private_key.public_key()
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key": pem,
        "private_key_id": "k1",
        "token_uri": "http://169.254.169.254/token",
    }


@pytest.mark.parametrize("as_text", [True, False])
def test_a_service_account_signs_in_with_its_key(google_drive, account, as_text):
    secrets = {"service_account": json.dumps(account) if as_text else account}
    destination = google_drive.destination(secrets=secrets)
    assert google_drive.read(Job(google_drive, b"content").run(destination)) == b"content"
    assert destination.test().account.startswith(EMAIL)


def test_a_service_account_acts_for_whom_it_may(google_drive, account):
    destination = google_drive.destination(secrets={"service_account": account}, subject="ann@example.test")
    error = classified(destination, Job(google_drive, b"x"))
    assert isinstance(error, NeedsReconnect)
    assert "domain-wide delegation" in error.message
    google_drive.drive.subjects.add("ann@example.test")
    assert destination.test().account.startswith("ann@example.test")


def test_a_key_that_was_deleted_or_cannot_be_read_asks_for_a_new_one(google_drive, account):
    google_drive.drive.service_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    for key in (account, {**account, "private_key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"}):
        error = classified(google_drive.destination(secrets={"service_account": key}), Job(google_drive, b"x"))
        assert isinstance(error, NeedsReconnect)
        assert "canary" not in error.message + error.detail


def test_a_client_that_google_does_not_know_is_told_from_a_revoked_token(google_drive):
    wrong = {**RENEWABLE, "client_secret": "GOCSPX-canary"}
    error = classified(google_drive.destination(secrets=wrong), Job(google_drive, b"x"))
    assert isinstance(error, NeedsReconnect)
    assert "client_secret" in error.message
    assert "canary" not in error.message + error.detail


@pytest.mark.parametrize("problem", [Problem(500, "x"), Problem(503, "x", retry_after="9"), Problem(429, "x")])
def test_a_token_server_that_is_busy_does_not_block_the_connection(google_drive, problem):
    google_drive.drive.faults = [Fault("login", problem)]
    error = classified(google_drive.destination(), Job(google_drive, b"x"))
    assert type(error) is Transient
    assert error.retry_after == (9 if problem.retry_after else None)


def test_a_token_is_renewed_before_it_ends(google_drive, monkeypatch):
    monkeypatch.setattr(_google_drive_login, "EARLY", 3600.0)
    Job(google_drive, b"x").run()
    assert google_drive.drive.seen.count("login") == len(google_drive.drive.seen) / 2


def test_a_token_that_is_good_is_used_without_asking(google_drive):
    secrets = {"access_token": google_drive.drive.token(), **RENEWABLE}
    Job(google_drive, b"x").run(google_drive.destination(secrets=secrets))
    assert "login" not in google_drive.drive.seen


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, {"access_token"}),
        ({"client_id": "c", "client_secret": "s"}, {"access_token"}),
        ({"refresh_token": "r"}, {"client_id", "client_secret"}),
        ({"refresh_token": "r", "client_id": "c"}, {"client_secret"}),
    ],
)
def test_what_is_missing_to_sign_in_is_named(given, missing):
    with pytest.raises(ValidationError) as told:
        DriveSecrets(**given)
    assert {one["loc"][-1] for one in told.value.errors()} == missing
    assert {one["type"] for one in told.value.errors()} == {"missing"}


@pytest.mark.parametrize("given", [{"access_token": "a", "refresh_token": "r"}, {"access_token": "a"}, RENEWABLE])
def test_what_is_enough_to_sign_in_is_taken(given):
    assert DriveSecrets(**given).model_fields_set == set(given)


@pytest.mark.parametrize("given", ["canary", "[]", "{}", {"client_email": "canary"}, 7])
def test_what_is_no_key_of_a_service_account_is_refused(given):
    with pytest.raises(ValidationError) as told:
        DriveSecrets(service_account=given)
    assert "canary" not in str(told.value.errors(include_input=False, include_context=False))


def test_no_secret_stands_in_the_receipt_or_the_checkpoint(google_drive):
    job = Job(google_drive, b"x")
    told = repr(job.run()) + json.dumps(job.checkpoint) + repr(google_drive.destination().secrets)
    assert not [one for one in (REFRESH, CLIENT_SECRET, "ya29.") if one in told]


def test_no_address_of_a_session_stands_in_the_log(google_drive, monkeypatch, capsys):
    """httpx tells every URL, and a session's is all that it takes to write to it."""
    monkeypatch.setenv("LONGSHORE_LOG_LEVEL", "DEBUG")
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logs.structlog, "configure", lambda **_: None)
    logs.configure()
    Job(google_drive, b"x").run()
    logging.getLogger("longshore").info("this is the log")
    told = capsys.readouterr().err
    assert "this is the log" in told
    assert "upload_id" not in told
