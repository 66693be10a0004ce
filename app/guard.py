"""What happens before and after every request: an id, who is calling, safe headers, one log line."""

from __future__ import annotations

import time
import uuid
from typing import Any

import structlog
from apiflask import APIFlask
from flask import Response, g, request

from app import auth

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On every answer that does not say otherwise."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""The methods that anything here may be asked with; others are told apart by nobody."""

SIGNED = "api.downloads.download"
"""The one call under `/api` that a signed link opens without a key."""

OPEN = "api.receipts.list_receipt_keys"
"""The one that needs neither: public keys."""

log = structlog.get_logger(__name__)


def install(app: APIFlask) -> None:
    """Guard every request of this application."""
    app.before_request(_begin)
    app.before_request(_authenticate)
    app.after_request(_end)


def seconds(context: Any) -> float:
    """How long the request of this context has taken so far."""
    return time.monotonic() - float(context.get("started", time.monotonic()))


def _begin() -> None:
    g.request_id = uuid.uuid4().hex
    g.started = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _authenticate() -> None:
    """Everything under `/api` needs a key with the right scope. An unknown path is a 404 for everybody."""
    if not request.path.startswith("/api/") or request.endpoint in {None, OPEN}:
        return
    if request.endpoint == SIGNED and "signature" in request.args:
        return
    g.caller = auth.authenticate(request)
    if request.blueprint == "api.keys":
        g.caller.require("admin")
    else:
        g.caller.require("read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write")


def _end(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    # The path without its query: a signed link is a secret.
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=answer.status_code,
        milliseconds=round(1000 * seconds(g), 1),
        owner=g.caller.owner if "caller" in g else None,
    )
    return answer
