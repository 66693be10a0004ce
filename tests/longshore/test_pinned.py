from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from longshore import pinned
from longshore.errors import Refused
from longshore.pinned import client
from tests.contracts.certificate import certificate

LOOPBACK = ("127.0.0.0/8",)


@contextmanager
def serving(status=200, headers=(), context=None):
    """A server that records (path, Host) of each request."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.path, self.headers["Host"], body))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_GET = do_POST  # noqa: N815 - the name that http.server calls

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_name_is_kept_and_the_checked_address_is_dialled():
    with serving() as (port, seen), client(allow_private=LOOPBACK, resolver=lambda host, port: ["127.0.0.1"]) as http:
        assert http.post(f"http://hooks.test:{port}/in", content=b"event").text == "ok"
    assert seen == [("/in", f"hooks.test:{port}", b"event")]


def test_a_redirect_is_not_followed():
    with (
        serving() as (inner, reached),
        serving(302, [("Location", f"http://127.0.0.1:{inner}/secret")]) as (port, seen),
        client(allow_private=LOOPBACK) as http,
    ):
        assert http.get(f"http://127.0.0.1:{port}/").status_code == 302
    assert len(seen) == 1
    assert reached == []


def test_a_name_that_changes_its_address_is_checked_at_each_request_and_never_resolved_again():
    with serving() as (port, seen):
        asked = []

        def rebinding(host, _):
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        with client(allow_private=("127.0.0.1/32",), resolver=rebinding) as http:
            assert http.get(f"http://rebind.test:{port}/").status_code == 200
            assert asked == ["rebind.test"]
            with pytest.raises(Refused):
                http.get(f"http://rebind.test:{port}/")
    assert len(seen) == 1


def test_loopback_is_refused_where_nobody_opened_it():
    with serving() as (port, seen), client() as http:
        for host in ("127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]"):
            with pytest.raises(Refused):
                http.get(f"http://{host}:{port}/")
    assert seen == []


def test_the_next_address_is_dialled_where_the_first_does_not_answer():
    with (
        serving() as (port, seen),
        client(allow_private=LOOPBACK, resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"]) as http,
    ):
        assert http.post(f"http://two.test:{port}/", content=b"body").status_code == 200
    assert seen[0][2] == b"body"


def test_the_last_address_that_does_not_answer_is_an_error_of_httpx():
    with serving() as (port, _):
        pass
    with client(allow_private=LOOPBACK) as http, pytest.raises(httpx.ConnectError):
        http.get(f"http://127.0.0.1:{port}/")


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving() as (port, _), client(allow_private=LOOPBACK) as http:
        assert http.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_tls_asks_for_the_name_of_the_url_and_not_for_the_address(tmp_path):
    trusted, key = certificate(tmp_path, "hooks.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    asked = []
    context.sni_callback = lambda connection, name, context: asked.append(name)
    with (
        serving(context=context) as (port, seen),
        client(allow_private=LOOPBACK, resolver=lambda host, port: ["127.0.0.1"], verify=str(trusted)) as http,
    ):
        assert http.get(f"https://hooks.test:{port}/").status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            http.get(f"https://other.test:{port}/")
    assert asked == ["hooks.test", "other.test"]
    assert len(seen) == 1


def test_who_is_trusted_is_read_once_in_a_process_and_whom_nobody_signed_is_not(tmp_path, monkeypatch):
    own, key = certificate(tmp_path, "hooks.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    read = []
    real = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **given: read.append(given) or real(**given))
    pinned._trusted.cache_clear()
    with serving(context=context) as (port, seen):
        for _ in range(2):
            with (
                client(allow_private=LOOPBACK, resolver=lambda host, port: ["127.0.0.1"]) as http,
                pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
            ):
                http.get(f"https://hooks.test:{port}/")
    assert (len(read), seen) == (1, [])
