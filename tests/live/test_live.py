"""The destinations' contract against real accounts: `make live`, with LONGSHORE_LIVE_… in the environment.

Nothing runs without credentials, and nothing is touched outside of a folder that is made for each test and removed.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.destination_contract import MIB, DestinationContract
from tests.contracts.site import Job, Killed, classified, noise
from tests.live.accounts import LiveDrive, LiveDropbox, LiveOneDrive, LiveS3, LiveSite, account
from workers.destinations.base import Cancelled

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each piece that this process sends from now on, before TLS."""
    sent: list[int] = []
    for kind, name in ((socket.socket, "send"), (socket.socket, "sendall"), (ssl.SSLSocket, "send")):
        real = getattr(kind, name)

        def count(self: Any, data: Any, *more: Any, real: Any = real) -> Any:
            sent.append(memoryview(data).nbytes)
            return real(self, data, *more)

        monkeypatch.setattr(kind, name, count)
    return sent


class LiveContract(DestinationContract):
    """The same, without what only a provider of our own can count or list."""

    @pytest.mark.parametrize("conflict", ["overwrite", "rename", "version", "skip", "fail"])
    def test_upload_resumes_after_the_worker_is_killed(self, site, conflict, monkeypatch):
        content = noise(4 * site.part + 11)
        job = Job(site, content, conflict=conflict)
        job.stop_at = 2 * site.part + MIB
        with pytest.raises(Killed):
            job.run()
        assert site.visible() == []
        job.stop_at, sent = None, counted(monkeypatch)
        receipt = job.run()
        assert sum(sent) < 3 * site.part, "it began again"
        assert site.read(receipt) == content
        assert len(site.visible()) == 1
        assert site.unfinished() == []

    def test_cancel_midway_and_discard_leave_nothing(self, site):
        job = Job(site, noise(3 * site.part))
        job.stop_at, job.stop = site.part + MIB, Cancelled("The user stopped it.")
        assert isinstance(classified(site.destination(), job), Cancelled)
        site.destination().discard(job.checkpoint)
        assert (site.visible(), site.unfinished()) == ([], [])
        site.destination().discard(job.checkpoint)
        site.destination().discard({})


def cleared(site: LiveSite) -> Iterator[LiveSite]:
    try:
        yield site
    finally:
        site.clear()


class TestS3(LiveContract):
    @pytest.fixture
    def site(self) -> Iterator[LiveSite]:
        yield from cleared(LiveS3("s3", account("s3", "bucket_name", "region", "access_key_id", "secret_access_key")))


class TestDropbox(LiveContract):
    @pytest.fixture
    def site(self) -> Iterator[LiveSite]:
        yield from cleared(LiveDropbox("dropbox", account("dropbox", "refresh_token", "app_key", "app_secret")))


class TestGoogleDrive(LiveContract):
    @pytest.fixture
    def site(self) -> Iterator[LiveSite]:
        needed = ("refresh_token", "client_id", "client_secret")
        yield from cleared(LiveDrive("google_drive", account("google_drive", *needed)))


class TestOneDrive(LiveContract):
    @pytest.fixture
    def site(self) -> Iterator[LiveSite]:
        yield from cleared(LiveOneDrive("onedrive", account("onedrive", "refresh_token", "client_id")))
