"""One access token for all workers, from logins at local providers."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta

import pytest

from longshore import connections
from longshore.connections import keep_token, kept_token
from longshore.db import clock, transaction
from longshore.errors import NeedsReconnect
from longshore.models import Connection
from longshore.redaction import redacted
from tests.conftest import wait_until
from tests.contracts.dropbox_site import DropboxSite
from tests.contracts.google_drive_site import RENEWABLE, DriveSite
from tests.contracts.onedrive_site import RENEWABLE as RENEWABLE_ONEDRIVE
from tests.contracts.onedrive_site import OneDriveSite
from tests.contracts.site import Job
from tests.fakes.dropbox import APP_KEY, APP_SECRET, REFRESH_TOKEN, FakeDropbox
from tests.fakes.google_drive import Drive
from tests.fakes.google_drive import Fault as DriveFault
from tests.fakes.onedrive import FakeOneDrive
from tests.fakes.onedrive import Fault as OneDriveFault
from tests.processes import ROOT
from workers import tokens
from workers.connect import open_destination

LOGIN = "/oauth2/token"


class Provider:
    """A local provider and a stored connection to it, over what the three fakes call differently."""

    def __init__(self, name, fake, site, secrets):
        self.name, self.fake, self.site, self.secrets = name, fake, site, secrets
        options = {"endpoint_url": fake.url}
        if name == "onedrive":
            options["shared_link"] = "anonymous"  # its upload sessions take no token, what comes after them does
        with transaction() as session:
            self.id = connections.create(
                session, owner="ann", name=name, destination=name, options=options,
                secrets=secrets, now=clock(session),
            ).id  # fmt: skip

    def row(self):
        with transaction() as session:
            return session.get_one(Connection, self.id)

    def open(self):
        """As a worker would that has just started."""
        return open_destination(self.row())

    def logins(self):
        return self.fake.routes().count(LOGIN) if self.name == "dropbox" else self.fake.seen.count("login")

    def forget_tokens(self):
        self.fake.tokens.clear()

    def stored_token(self, *, ends_in):
        """A token that the provider does not know is kept for so many seconds."""
        with transaction() as session:
            until = clock(session) + timedelta(seconds=ends_in)
            keep_token(session.get_one(Connection, self.id), "canary-token-of-yesterday", until)

    def slow_login(self, seconds, times=1):
        if self.name == "dropbox":
            told = self.fake.token

            def slowly(body):
                self.fake.lock.release()
                time.sleep(seconds)
                self.fake.lock.acquire()
                return told(body)

            self.fake.token = slowly
        else:
            fault = DriveFault if self.name == "google_drive" else OneDriveFault
            self.fake.faults = [fault("login", seconds=seconds, times=times)]


@pytest.fixture(params=["google_drive", "onedrive", "dropbox"])
def provider(request, database):
    fake, site, secrets = {
        "google_drive": (Drive, DriveSite, RENEWABLE),
        "onedrive": (FakeOneDrive, OneDriveSite, RENEWABLE_ONEDRIVE),
        "dropbox": (
            FakeDropbox,
            DropboxSite,
            {"refresh_token": REFRESH_TOKEN, "app_key": APP_KEY, "app_secret": APP_SECRET},
        ),
    }[request.param]
    with fake().running() as running:
        yield Provider(request.param, running, site(running), secrets)


EACH_PROVIDER_AND_EACH_DATABASE = pytest.mark.parametrize(
    ("provider", "database"),
    [
        ("google_drive", "sqlite"),
        *((name, "postgresql") for name in ("google_drive", "onedrive", "dropbox")),
        *(pytest.param(name, "sqlite", marks=pytest.mark.slow) for name in ("onedrive", "dropbox")),
    ],
    indirect=True,
)
"""A provider's login knows no database, so where processes are started the other pairs are for the slow tests."""


@pytest.fixture
def holders(tmp_path):
    """Starts workers that try the connection when `go` is called."""
    running, barrier = [], tmp_path / "go"

    def start(provider, lease=60.0):
        command = [sys.executable, "-m", "tests.workers.token_holder", provider.id, str(barrier), str(lease)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    start.go = barrier.touch
    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_deliveries_of_one_worker_and_of_the_next_make_one_login(provider):
    for worker in (provider.open(), provider.open()):
        for number in range(3):
            name = f"{id(worker)}-{number}"
            assert Job(provider.site, b"x", name=name, key=name).run(worker).verified
    assert provider.logins() == 1
    assert getattr(provider.fake, "seen", []).count("discover") == (provider.name == "onedrive")


@EACH_PROVIDER_AND_EACH_DATABASE
def test_three_workers_with_a_token_that_has_ended_renew_it_once(provider, holders):
    provider.stored_token(ends_in=-1)
    provider.slow_login(1.0)
    workers = [holders(provider) for _ in range(3)]
    assert [one.stdout.readline() for one in workers] == ["ready\n"] * 3
    holders.go()
    accounts = {one.communicate(timeout=60)[0] for one in workers}
    assert [one.returncode for one in workers] == [0, 0, 0]
    assert len(accounts) == 1
    assert provider.logins() == 1


def test_a_token_that_is_refused_before_its_end_is_renewed_once_for_all(provider):
    first, second = provider.open(), provider.open()
    first.test()
    second.test()
    provider.forget_tokens()
    first.test()
    second.test()
    provider.open().test()
    assert provider.logins() == 2


def test_a_token_that_ends_in_the_middle_of_an_upload_is_renewed_once_and_the_upload_goes_on(provider):
    content = bytes(range(256)) * 4096 * 24
    job, sent = Job(provider.site, content), []

    def forget_once(total):
        if total > len(content) // 2 and not sent:
            sent.append(total)
            provider.forget_tokens()
        Job._sent(job, total)

    job._sent = forget_once
    receipt = job.run(provider.open())
    assert sent
    assert provider.site.read(receipt) == content
    assert provider.logins() == 2


@EACH_PROVIDER_AND_EACH_DATABASE
def test_a_worker_that_dies_while_it_renews_holds_up_the_others_for_its_lease(provider, holders, monkeypatch):
    lease = 3.0
    monkeypatch.setattr(tokens, "LEASE", timedelta(seconds=lease))
    provider.slow_login(20.0)
    dying = holders(provider, lease)
    assert dying.stdout.readline() == "ready\n"
    holders.go()
    wait_until(provider.logins, seconds=20)
    dying.kill()
    if provider.name == "dropbox":
        del provider.fake.token
    began = time.monotonic()
    provider.open().test()
    assert time.monotonic() - began < lease + 2
    assert provider.row().renewing_until is None


def test_a_revoked_refresh_token_asks_for_a_new_one_and_holds_up_nobody(provider):
    provider.stored_token(ends_in=-1)
    provider.fake.refresh.clear()
    destination = provider.open()
    with pytest.raises(NeedsReconnect):
        destination.test()
    assert provider.row().renewing_until is None
    assert provider.logins() == 1


def test_the_token_is_kept_sealed_and_hidden_while_it_is_used(provider):
    destination = provider.open()
    destination.test()
    row = provider.row()
    token, until = kept_token(row)
    assert token in provider.fake.tokens
    assert token.encode() not in row.token
    assert 3000 < (until - row.created_at).total_seconds() < 14_500
    if len(token) >= 8:
        assert redacted(f"Bearer {token}") == "Bearer ***"


def test_a_token_under_a_vault_key_that_is_gone_is_renewed(provider):
    provider.open().test()
    with transaction() as session:
        session.get_one(Connection, provider.id).token = b"{}"
    provider.open().test()
    assert provider.logins() == 2
