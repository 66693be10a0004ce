"""Secrets of every kind go through the whole system, and through providers that repeat them: none shows anywhere.

What is allowed: `vault.key` and its like in the home, which only the operator can read, and the environment that the
operator himself set. Here he keeps his secrets in files, so not even that holds one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy.engine import make_url

from app.auth import create_key
from app.embedded import free_port
from longshore.db import clock, transaction
from longshore.queue import QUEUES
from longshore.signing import new_key
from tests.acceptance.searching import dumped, look, needles, stored_in_redis, told_by_processes
from tests.conftest import forget, wait_until
from tests.fakes import google_drive as drive_fake
from tests.fakes.authority import Authority
from tests.fakes.echo import Echo
from tests.fakes.google_drive import Drive
from tests.processes import ROOT, Processes

ENDED = {"completed", "partial", "failed", "cancelled"}
CALLBACK = "https://longshore.example/oauth/callback"
MIB = 1 << 20


def planted() -> dict[str, str]:
    """What users and the operator bring along, by what it is."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    mark = {name: f"canary-{name}-{os.urandom(16).hex()}" for name in USERS + OPERATORS}
    mark["service_account"] = key.private_bytes(*how).decode()
    mark["vault_key"] = Fernet.generate_key().decode()
    mark["signing_key"] = new_key()
    return mark


USERS = ("s3_secret", "s3_session", "google_access", "google_refresh", "google_secret", "dropbox_refresh",
         "dropbox_secret", "service_account")  # fmt: skip
OPERATORS = ("jwt", "store", "oauth_client_secret", "vault_key", "signing_key")


@pytest.fixture
def secrets(
    database: str, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dict[str, str], Drive]]:
    """Longshore's settings with all of the operator's secrets in files, and a Google whose client he has."""
    mark = planted()
    folder = tmp_path / "operator"
    folder.mkdir(mode=0o700)
    mark["redis_password"] = str(make_url(broker.replace("redis://", "x://")).password)
    url = database
    if "postgresql" in database:
        mark["database_password"] = f"canary-database-{os.urandom(9).hex()}"
        url = make_url(database).set(password=mark["database_password"]).render_as_string(hide_password=False)
    given = {
        "VAULT_KEYS": mark["vault_key"],
        "SIGNING_KEYS": mark["signing_key"],
        "JWT_SECRET": mark["jwt"],
        "STORE_SECRET_ACCESS_KEY": mark["store"],
        "GOOGLE_CLIENT_SECRET": mark["oauth_client_secret"],
        "REDIS_URL": broker,
        "DATABASE_URL": url,
    }
    for name, value in given.items():
        (folder / name).write_text(value, encoding="utf-8")
        monkeypatch.delenv(f"LONGSHORE_{name}", raising=False)
        monkeypatch.setenv(f"LONGSHORE_{name}_FILE", str(folder / name))
    for name, value in (("LOG_LEVEL", "DEBUG"), ("PUBLIC_URL", "https://longshore.example"), ("MAX_ATTEMPTS", "1")):
        monkeypatch.setenv(f"LONGSHORE_{name}", value)
    monkeypatch.setattr(drive_fake, "CLIENT_SECRET", mark["oauth_client_secret"])
    with Drive().running() as drive:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the fake has no certificate
        monkeypatch.setenv("LONGSHORE_GOOGLE_CLIENT_ID", drive_fake.CLIENT_ID)
        monkeypatch.setenv("LONGSHORE_GOOGLE_ENDPOINT", drive.url)
        client = (drive_fake.CLIENT_ID, mark["oauth_client_secret"])
        wanted = {"access_type": "offline", "prompt": "consent"}
        drive.authority = Authority("/o/oauth2/v2/auth", client, {CALLBACK}, wanted, drive.refresh)
        forget()
        yield mark, drive


@contextmanager
def web(log: Path) -> Iterator[str]:
    """The API as gunicorn serves it; its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "4",
               "--worker-class", "gthread", "--no-control-socket", "app:create_app()"]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(f"{url}/healthz"), seconds=60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def monitored(url: str) -> Iterator[bytearray]:
    """Everything that clients tell Redis while the block runs."""
    parts, heard = make_url(url.replace("redis://", "x://")), bytearray()
    line = socket.create_connection((str(parts.host), int(parts.port or 0)))
    line.sendall(f"AUTH {parts.password}\r\nMONITOR\r\n".encode())

    def listen() -> None:
        while piece := line.recv(65536):
            heard.extend(piece)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield heard
    finally:
        line.shutdown(socket.SHUT_RDWR)
        thread.join()
        line.close()


class Client:
    """The API's client, which keeps every answer."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.answers: list[str] = []

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self.http.request(method, path, headers=self.headers, **options)
        self.answers.append(f"{answer.headers} {answer.text}")
        return answer

    def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self("POST", path, json=body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found


def places(mark: dict[str, str], echoes: ExitStack) -> list[tuple[dict[str, Any], Echo]]:
    """One destination of each kind of credentials, each with a provider of its own that repeats them."""
    account = {"client_email": "a@b.example", "private_key": mark["service_account"]}
    s3 = {"access_key_id": "AKIACANARY", "secret_access_key": mark["s3_secret"], "session_token": mark["s3_session"]}
    google = {"access_token": mark["google_access"], "refresh_token": mark["google_refresh"]}
    google |= {"client_id": "c", "client_secret": mark["google_secret"]}
    dropbox = {"refresh_token": mark["dropbox_refresh"], "app_key": "k", "app_secret": mark["dropbox_secret"]}
    found = []
    for name, config, used in (
        ("s3", s3 | {"bucket_name": "bucket"}, ("s3_secret", "s3_session")),
        ("google_drive", google, ("google_secret", "google_access", "google_refresh")),
        ("google_drive", {"service_account": account}, ("service_account",)),
        ("google_drive", {"service_account": json.dumps(account)}, ("service_account",)),
        ("dropbox", dropbox, ("dropbox_secret", "dropbox_refresh")),
    ):
        echo = echoes.enter_context(Echo([*needles({one: mark[one] for one in used}).values()]).running())
        found.append(({"destination": name, "destination_config": config | {"endpoint_url": echo.url}}, echo))
    return found


def use(call: Client, drive: Drive, targets: list[dict[str, Any]]) -> dict[str, str]:
    """What users do, rightly and wrongly, and what fails for them. More secrets that came up on the way."""
    more: dict[str, str] = {}
    url = call.made("/api/connections/authorize", {"destination": "google_drive", "options": {"chunk_size_mb": 1}})
    authority = drive.authority
    assert authority
    redirect = authority.browse(url["authorize_url"])
    more |= {f"oauth_{name}": parse_qs(urlsplit(redirect).query)[name][0] for name in ("state", "code")}
    call.answers.clear()  # the address that its owner was given is the only answer that may hold the state
    path = urlsplit(redirect)
    assert call("GET", f"{path.path}?{path.query}").status_code == 200
    call("GET", f"{path.path}?{path.query}")
    call("GET", f"{path.path}?state={more['oauth_state']}&error={more['oauth_code']}")
    more |= {f"issued_{number}": token for number, token in enumerate(drive.refresh - {drive_fake.REFRESH})}
    (connection,) = call("GET", "/api/connections").json()["connections"]
    document = {"source": {"kind": "file", "content_base64": "QUJD" * MIB, "name": "big.bin"}, "format": "original"}
    big = call.made("/api/export", document | {"deliveries": [{"connection_id": connection["id"]}]})
    refused = call.made("/api/export", document | {"deliveries": targets})
    for place in targets:
        config = place["destination_config"]
        endpoint = {"endpoint_url": config["endpoint_url"]}
        secrets = {name: value for name, value in config.items() if name not in {"endpoint_url", "bucket_name"}}
        options = endpoint | ({"bucket_name": "bucket"} if "bucket_name" in config else {})
        stored = {"name": "n", "destination": place["destination"], "options": options, "secrets": secrets}
        made = call.made("/api/connections", stored)
        assert call.made(f"/api/connections/{made['id']}/test", {})["ok"] is False
        call("POST", f"/api/connections/{made['id']}/rotate", json={"secrets": secrets})
        call("POST", "/api/connections", json=stored | {"options": secrets})
        call("POST", "/api/export", json=document | {"deliveries": [place | {"conflict": "canary"}]})
    seen: list[Any] = []

    def ended() -> bool:
        seen[:] = [call.http.get(f"/api/export/{one['id']}", headers=call.headers).json() for one in (big, refused)]
        return all(one["state"] in ENDED for one in seen)

    wait_until(ended, seconds=60)
    assert [one["state"] for one in seen] == ["completed", "failed"], seen
    assert all(one["error"] for one in seen[1]["deliveries"])
    for one in (big, refused):
        for path_of in ("", "/status", "/timeline", "/events"):
            call("GET", f"/api/export/{one['id']}{path_of}")
    for list_of in ("connections", "deliveries?cleared=true", "export", "queue", "destinations", "keys"):
        call("GET", f"/api/{list_of}")
    for path_of in ("/openapi.json", "/metrics", "/readyz"):
        call("GET", path_of)
    sessions = list(drive.sessions)
    assert sessions
    return more | {f"session_{number}": f"upload_id={one}" for number, one in enumerate(sessions)}


@pytest.mark.parametrize(
    ("database", "everything"),
    [("sqlite", False), pytest.param("postgresql", True, marks=pytest.mark.slow)],
    indirect=["database"],
)
def test_no_secret_shows_anywhere(
    secrets: tuple[dict[str, str], Drive], database: str, broker: str, home: Path, everything: bool
) -> None:
    mark, drive = secrets
    with transaction() as session:
        _row, mark["api_key"] = create_key(session, "ann", "test", ["read", "write", "admin"], clock(session))
    assert len(mark) >= 12
    where: dict[str, bytes] = {}
    processes = Processes(home / "logs")
    with ExitStack() as echoes, monitored(broker) as heard, web(home / "logs.web") as url:
        try:
            if everything:
                for queue in QUEUES:
                    processes.worker(queue)
                processes.beat()
                port = free_port()
                flower = processes.start("flower", "flower", "--address=127.0.0.1", f"--port={port}")
                assert flower.poll() is None
            else:
                processes.worker(",".join(QUEUES))
            call = Client(url, mark["api_key"])
            targets = places(mark, echoes)
            more = use(call, drive, [place for place, _echo in targets])
            if everything:
                where["flower"] = _flower(port)
            where["processes"] = told_by_processes()
            call.http.close()
        finally:
            processes.stop_all()
        where["answers"] = "\n".join(call.answers).encode()
    where["redis"], where["keys"] = bytes(heard), stored_in_redis(broker)
    where["database"] = dumped(database, home)
    where |= {
        str(one.relative_to(home)): one.read_bytes()
        for one in home.rglob("*")
        if one.is_file() and one.suffix != ".key" and "artifacts" not in one.parts
    }
    assert any(b"LPUSH" in place or b"BRPOP" in place for place in (where["redis"],))
    assert all(echo.heard for _place, echo in targets)
    logs = b"".join(content for name, content in where.items() if "log" in name)
    assert b"delivery_failed" in logs
    assert b"/oauth/callback" in logs
    assert look(where, mark | more) == []


def _flower(port: int) -> bytes:
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(f"{url}/healthcheck"), seconds=60)
    paths = ("/api/tasks", "/tasks", "/api/workers", "/workers", "/broker", "/metrics")
    return "\n".join(httpx.get(f"{url}{path}", trust_env=False, timeout=30).text for path in paths).encode()
