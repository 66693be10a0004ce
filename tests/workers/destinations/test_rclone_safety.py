"""What strangers' settings cannot do, and what a worker that is gone does not leave behind."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from tests.conftest import wait_until
from tests.contracts.site import Job, classified, noise
from workers.destinations import _rclone_daemon
from workers.destinations._rclone_backends import BACKENDS, REFUSED_BACKENDS, REFUSED_OPTIONS
from workers.destinations._rclone_guard import Guard, checked
from workers.destinations.base import NeedsReconnect, Place, Refused
from workers.destinations.rclone import Rclone, RcloneOptions, RcloneSecrets

PRIVATE = "that network is not allowed"


def refuse(url):
    raise Refused(PRIVATE)


@pytest.mark.parametrize("name", sorted(REFUSED_BACKENDS))
def test_backends_that_reach_the_machine_are_refused_with_the_reason(name):
    with pytest.raises(ValidationError) as caught:
        RcloneOptions(backend=name)
    assert REFUSED_BACKENDS[name] in str(caught.value)
    assert name not in BACKENDS


@pytest.mark.parametrize("name", sorted(REFUSED_OPTIONS))
def test_options_that_run_programs_or_read_files_are_refused_with_the_reason(name):
    for model, more in ((RcloneOptions, {"backend": "sftp", "host": "h", "user": "u"}), (RcloneSecrets, {})):
        with pytest.raises(ValidationError) as caught:
            model(**more, **{name: "x"})
        assert REFUSED_OPTIONS[name] in str(caught.value)
        assert name not in model.model_fields


@pytest.mark.parametrize(
    "given",
    [
        {"backend": "sftp:", "host": "h"},
        {"backend": ":local:/etc"},
        {"backend": "sftp", "host": "h", "user": "u"},
        {"backend": "sftp", "host": "h,ssh=touch /tmp/x", "user": "u", "host_keys": "k"},
        {"backend": "sftp", "host": "h", "user": "u", "host_keys": "k", "url": "http://h"},
        {"backend": "b2", "bucket": "../etc", "account": "a"},
        {"backend": "ftp", "host": "h", "user": "u\r\nDELE x"},
        {"backend": "webdav", "url": "http://h", "unheard_of": "x"},
    ],
)
def test_what_no_backend_takes_is_refused(given):
    with pytest.raises(ValidationError):
        RcloneOptions(**given)


@pytest.mark.parametrize(
    ("secrets", "word"),
    [({}, "needs one of"), ({"password": "x", "key": "y"}, "has no secret key"), ({"bearer_token": "x"}, None)],
)
def test_secrets_must_fit_the_backend(secrets, word):
    options = RcloneOptions(backend="webdav", url="http://127.0.0.1:1")
    destination = Rclone(options, RcloneSecrets(**secrets), Place("", lambda url: None))
    if word is None:
        assert destination.remote.config["bearer_token"] == "x"
    else:
        with pytest.raises(NeedsReconnect, match=word):
            _ = destination.remote


@pytest.mark.parametrize("kind", ["external_account", "authorized_user", None])
def test_google_credentials_that_name_programs_or_files_are_refused(kind):
    with pytest.raises(ValidationError, match="service account"):
        RcloneSecrets(service_account_credentials={"type": kind})


@pytest.mark.parametrize("kind", ["webdav", "sftp", "ftp"])
def test_an_address_that_is_not_allowed_is_refused_before_anything_is_dialled(rclone_at, kind):
    site = rclone_at(kind)
    error = classified(site.destination(check=refuse), Job(site, b"x"))
    assert isinstance(error, Refused)
    assert error.message == PRIVATE


@pytest.mark.parametrize("kind", ["webdav", "sftp", "ftp"])
def test_an_address_that_turns_bad_after_the_look_is_not_dialled(rclone_at, kind):
    site = rclone_at(kind)
    looks = []

    def second_thoughts(url):
        looks.append(url)
        if len(looks) > 1:
            raise Refused(PRIVATE)

    destination = site.destination(check=second_thoughts, user="somebody-new")  # no login that is still open
    error = classified(destination, Job(site, b"x"))
    assert isinstance(error, Refused), error.detail
    assert "LONGSHORE_ALLOW_PRIVATE_NETWORKS" in error.message
    assert len(looks) > 1


class Redirecting(http.server.BaseHTTPRequestHandler):
    target = ""

    def do_PROPFIND(self):
        self.send_response(302)
        self.send_header("Location", self.target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_MKCOL = do_PROPFIND  # noqa: N815 - names that http.server calls

    def log_message(self, *args):
        """Silence."""


@contextmanager
def answering(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_redirect_into_a_private_network_is_not_followed(rclone_at):
    site = rclone_at("webdav")
    with socket.create_server(("127.0.0.1", 0)) as inner, answering(Redirecting) as port:
        hidden = inner.getsockname()[1]
        Redirecting.target = f"http://127.0.0.1:{hidden}/secret"

        def check(url):
            if f":{hidden}" in url:
                raise Refused(PRIVATE)

        destination = site.destination(url=f"http://127.0.0.1:{port}", check=check)
        assert isinstance(classified(destination, Job(site, b"x")), Refused)
        inner.settimeout(0.1)
        with pytest.raises(TimeoutError):
            inner.accept()


def test_ports_of_the_own_protocols_are_open_and_others_are_left_to_the_check_of_urls():
    asked = []
    for port in (22, 25, 8080):
        checked("127.0.0.1", port, asked.append)
    assert asked == ["https://127.0.0.1:443/", "https://127.0.0.1:25/", "https://127.0.0.1:8080/"]
    checked("::1", 22, asked.append)
    assert asked[-1] == "https://[::1]:443/"


@pytest.mark.parametrize("greeting", [b"\x05\x01\x00", b"\x05\x01\x02\x01\x01x\x05wrong", b"GET / HTTP/1.0\r\n\r\n"])
def test_the_guard_lets_only_its_own_rclone_through(greeting):
    guard = Guard(lambda url: None)
    try:
        port = int(guard.place.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(greeting)
            client.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda: client.recv(100), b""))
        assert told in {b"\x05\xff", b"\x05\x02\x01\x01", b""}
    finally:
        guard.close()


def family(pid):
    """The ids of a process and all its descendants."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def test_no_secret_is_in_arguments_environments_or_files(rclone_at):
    site = rclone_at("sftp")
    Job(site, noise(1000)).run()
    here = _rclone_daemon.daemon(lambda url: None)
    processes = family(here._process.pid)
    assert len(processes) >= 2
    told = b"".join(Path(f"/proc/{one}/{what}").read_bytes() for one in processes for what in ("cmdline", "environ"))
    told += b"".join(path.read_bytes() for path in here.folder.rglob("*") if path.is_file())
    hidden = [site.secrets["password"], here.obscured(site.secrets["password"]), here.guard.password]
    assert b"rcd" in told
    assert not [one for one in hidden if one.encode() in told]
    assert here.folder.stat().st_mode & 0o777 == 0o700


def test_the_daemon_learns_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("RCLONE_DRIVE_CLIENT_ID", "somebody")
    monkeypatch.setenv("LONGSHORE_VAULT_KEYS", "secret")
    _rclone_daemon.stop()
    here = _rclone_daemon.daemon(lambda url: None)
    for one in family(here._process.pid):
        assert set(psutil.Process(one).environ()) <= {"HOME", "TMPDIR", "PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "PWD"}


WORKER = """
import sys, time
from workers.destinations import _rclone_daemon
here = _rclone_daemon.daemon(lambda url: None)
print(here._process.pid, here.folder, flush=True)
if sys.argv[1] == "stay": time.sleep(60)
"""


@pytest.mark.parametrize("end", ["kill -9", "exit"])
def test_nothing_is_left_of_rclone_when_its_worker_is_gone(end):
    command = [sys.executable, "-c", WORKER, "stay" if end == "kill -9" else "go"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        shell, folder = worker.stdout.readline().split()
        if end == "kill -9":
            left = family(int(shell))
            assert len(left) >= 2
            os.kill(worker.pid, signal.SIGKILL)
        else:
            left = [int(shell)]
    wait_until(lambda: not any(map(psutil.pid_exists, left)), seconds=10)
    wait_until(lambda: not Path(folder).exists(), seconds=10)


def test_a_daemon_that_was_killed_is_started_again(rclone_at):
    site = rclone_at("webdav")
    Job(site, b"one", key="one", name="one.txt").run()
    before = _rclone_daemon.daemon(lambda url: None)
    for child in psutil.Process(before._process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # one ends with the other
            child.kill()
    wait_until(lambda: not before.alive, seconds=10)
    assert site.read(Job(site, b"two", key="two", name="two.txt").run()) == b"two"
    assert _rclone_daemon.daemon(lambda url: None) is not before
