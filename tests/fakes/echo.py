"""A provider that refuses everything and repeats what it was sent, in its error, its headers and its redirects."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus


class Echo:
    """`leaks` is repeated in every answer, too: what the provider may know from elsewhere."""

    def __init__(self, leaks: list[str]) -> None:
        self.leaks = leaks
        self.heard: list[str] = []
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[Echo]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads, server.block_on_close = True, False
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(echo: Echo) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = f"{self.command} {self.path} {dict(self.headers)} {unquote_plus(body.decode('latin-1'))}"
            echo.heard.append(sent)
            told = " ".join([sent, *echo.leaks])
            kind, content = self.told(told)
            self.send_response_only(403 if len(echo.heard) % 2 else 400)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Echo", base64.b64encode(told.encode()).decode()[:1000])
            self.send_header("X-Leak", " ".join(one for one in echo.leaks if one.isprintable())[:2000])
            self.send_header("X-Amz-Request-Id", echo.leaks[0])
            self.send_header("X-Dropbox-Request-Id", echo.leaks[0])
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def told(self, text: str) -> tuple[str, bytes]:
            """As S3, as Google and Microsoft, and as Dropbox and OAuth would say it; the leak is even the code."""
            if "AWS4-HMAC" in text:
                safe = text.replace("&", "&amp;").replace("<", "&lt;")
                code = echo.leaks[0]
                xml = f"<Error><Code>{code}</Code><Message>{safe}</Message><Region>{code}</Region></Error>"
                return "application/xml", xml.encode()
            one = {"code": 400, "message": text, "errors": [{"reason": echo.leaks[0], "message": text}], ".tag": text}
            both = {"error": echo.leaks[-1] if "grant_type" in text else one, "error_description": text}
            return "application/json", json.dumps(
                both | {"error_summary": text, "user_message": {"text": text}}
            ).encode()

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = answer  # noqa: N815 - names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Quiet."""

    return Handler
