"""Dropbox on loopback, as strict as its documentation, and misbehaving when told to.

Written from https://www.dropbox.com/developers/documentation/http/documentation (routes, error tags, argument styles),
.../developers/reference/content-hash, .../developers/reference/error-handling (409 with `error_summary`, 401, 429 with
Retry-After) and https://developers.dropbox.com/oauth-guide (refresh tokens, `invalid_grant`). What the documentation
leaves open is answered in the least helpful way: a session that was finished is `not_found`.

Routes listen to the right one of Dropbox's host names in `Host` only.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs

from tests.fakes.authority import Authority
from tests.fakes.dropbox_account import Account, Declined, Malformed

API, CONTENT = "api.dropboxapi.com", "content.dropboxapi.com"
APP_KEY, APP_SECRET, REFRESH_TOKEN = "app-key", "canary-app-secret", "canary-refresh-token"
REQUEST_LIMIT = 150 * 1024 * 1024
SCOPES = {
    "files/upload": "files.content.write",
    "files/upload_session/start": "files.content.write",
    "files/upload_session/append_v2": "files.content.write",
    "files/upload_session/finish": "files.content.write",
    "files/copy_v2": "files.content.write",
    "files/delete_v2": "files.content.write",
    "files/download": "files.content.read",
    "files/create_folder_v2": "files.content.write",
    "files/get_metadata": "files.metadata.read",
    "files/list_folder": "files.metadata.read",
    "sharing/create_shared_link_with_settings": "sharing.write",
    "sharing/list_shared_links": "sharing.read",
    "users/get_current_account": "account_info.read",
    "users/get_space_usage": "account_info.read",
}
UPLOADS = {route for route in SCOPES if "upload" in route}

How = Literal["answer", "answer_after", "drop", "drop_after", "hang", "hang_after", "reset", "flip", "truncate", "rot"]


@dataclass
class Fault:
    """What happens at a route, `times` times after `skip` calls.

    answer(_after): `status`, before or after the work; drop(_after): the connection closes without an answer; hang:
    silence; reset: in the middle of the payload; flip: a byte changes on the way; truncate, rot: a byte is lost, or
    changes, where it is stored, and the answer is 200.
    """

    route: str
    how: How
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    skip: int = 0
    times: int = 1


@dataclass
class Seen:
    """One request that came whole."""

    route: str
    argument: Any
    size: int
    status: int = 0


class FakeDropbox:
    """One account with its tokens. Use `running()`."""

    def __init__(self) -> None:
        self.account = Account()
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.tokens = {"canary-access-token": "valid"}
        self.scopes = set(SCOPES.values())
        self.authority: Authority | None = None
        self.refresh = {REFRESH_TOKEN}
        self.revoked = False
        self.issued = 0
        self.port = 0
        self.lock = threading.RLock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def expire(self) -> None:
        """All access tokens that were given out are old now."""
        self.tokens = dict.fromkeys(self.tokens, "expired")

    def revoke(self) -> None:
        """The user disconnected the app."""
        self.revoked, self.tokens = True, {}

    def routes(self) -> list[str]:
        """The routes that were called."""
        return [one.route for one in self.seen]

    def payload(self) -> int:
        """Bytes of files that came whole requests by whole requests."""
        return sum(one.size for one in self.seen if one.route in UPLOADS)

    def fault(self, route: str) -> Fault | None:
        """The fault that this call meets."""
        for one in self.faults:
            if one.route != route or not one.times:
                continue
            if one.skip:
                one.skip -= 1
                continue
            one.times -= 1
            return one
        return None

    @contextmanager
    def running(self) -> Iterator[FakeDropbox]:
        """Listen on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        server.block_on_close = False
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def token(self, body: str) -> tuple[int, dict[str, Any]]:
        """POST /oauth2/token."""
        form = parse_qs(body)
        if self.authority and form.get("grant_type") == ["authorization_code"]:
            return self.authority.exchange(body)
        if form.get("grant_type") != ["refresh_token"]:
            return 400, {"error": "unsupported_grant_type"}
        if (form.get("client_id"), form.get("client_secret")) != ([APP_KEY], [APP_SECRET]):
            return 400, {"error": "invalid_client", "error_description": "Invalid client_id or client_secret"}
        if self.revoked or form.get("refresh_token", [""])[0] not in self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "refresh token is invalid or revoked"}
        self.issued += 1
        token = f"canary-access-token-{self.issued}"
        self.tokens[token] = "valid"
        return 200, {"access_token": token, "expires_in": 14400, "token_type": "bearer"}

    def unauthorised(self, route: str, authorization: str) -> dict[str, Any] | None:
        """The error 401 of a call, if it has one."""
        state = self.tokens.get(authorization.removeprefix("Bearer "))
        if not authorization.startswith("Bearer ") or state is None:
            return {".tag": "invalid_access_token"}
        if state == "expired":
            return {".tag": "expired_access_token"}
        if SCOPES[route] not in self.scopes:
            return {".tag": "missing_scope", "required_scope": SCOPES[route]}
        return None


def _handler(fake: FakeDropbox) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class in a function
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            route = self.path.removeprefix("/2/")
            with fake.lock:
                fault = fake.fault(route.removeprefix("/"))
            length = int(self.headers["Content-Length"])
            if fault and fault.how == "reset":
                self.rfile.read(length // 2)
                self._reset()
                return
            body = self.rfile.read(length)
            if len(body) != length:
                self.close_connection = True
                return
            how = fault.how if fault else ""
            if fault and how in {"drop", "hang", "answer"}:
                self._misbehave(fault)
                return
            with fake.lock:
                seen = Seen(route, None, length)
                fake.seen.append(seen)
                status, answer, payload = self._answer(route, seen, body, how)
                seen.status = status
            if fault and how.endswith("_after"):
                self._misbehave(fault)
            elif payload is None:
                self._send(status, answer, {"Content-Type": "application/json"})
            else:
                about = {"Content-Type": "application/octet-stream", "Dropbox-API-Result": answer.decode("ascii")}
                self._send(status, payload, about)

        def _misbehave(self, fault: Fault) -> None:
            if fault.how.startswith("answer"):
                self._send(fault.status, fault.body, fault.headers)
                return
            if fault.how.startswith("hang"):
                fake.over.wait(20)
            self.close_connection = True

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.rfile = self.wfile = open("/dev/null", "rb+", buffering=0)  # noqa: SIM115, PTH123 - closed by finish()

        def _answer(self, route: str, seen: Seen, body: bytes, how: str) -> tuple[int, bytes, bytes | None]:
            if route == "/oauth2/token" and (self.headers["Host"] == API or fake.authority):
                status, told = fake.token(body.decode())
                return status, json.dumps(told).encode(), None
            if route not in SCOPES:
                return 404, b"Unknown route", None
            error = fake.unauthorised(route, self.headers.get("Authorization", ""))
            if error:
                told = {"error_summary": error[".tag"] + "/..", "error": error}
                return 401, json.dumps(told).encode(), None
            try:
                seen.argument = self._argument(route, body)
                result, payload = fake.account.call(route, seen.argument, body, how)
            except Malformed as malformed:
                return 400, str(malformed).encode(), None
            except Declined as declined:
                return 409, json.dumps(declined.told()).encode(), None
            return 200, json.dumps(result).encode(), payload

        def _argument(self, route: str, body: bytes) -> Any:
            """The argument of a call, taken from where its style has it. Raises Malformed."""
            content = route in UPLOADS or route == "files/download"
            if self.headers["Host"] != (CONTENT if content else API):
                raise Malformed(f"{route} is not served by {self.headers['Host']}")
            kind = self.headers.get("Content-Type", "")
            if not content:
                if kind != "application/json":
                    raise Malformed(f'Bad HTTP "Content-Type" header: {kind!r}')
                return json.loads(body)
            if route in UPLOADS and kind != "application/octet-stream":
                raise Malformed(f'Bad HTTP "Content-Type" header: {kind!r}')
            if len(body) > REQUEST_LIMIT:
                raise Malformed("payload too large")
            text = self.headers["Dropbox-API-Arg"]
            if not text.isascii() or "\x7f" in text:
                raise Malformed("HTTP headers are ASCII: escape the argument")
            return json.loads(text)

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response_only(status)
            self.send_header("X-Dropbox-Request-Id", f"{time.monotonic_ns():x}")
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Silence."""

    return Handler
