"""Every error as RFC 9457 `application/problem+json`: what failed, and what to do about it.

`code` is a stable name for programs, `errors` lists the fields at fault. Nothing internal is ever told; a crash is
logged under the `request_id` of the answer.
"""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

import orjson
import structlog
from apiflask import APIFlask, HTTPError
from flask import Response, g, request
from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from longshore.errors import (
    Cancelled,
    Conflict,
    Invalid,
    LongshoreError,
    NeedsReconnect,
    NotFound,
    Permanent,
    Refused,
    Transient,
)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[LongshoreError], int] = {
    NotFound: 404,
    Conflict: 409,
    Cancelled: 409,
    Invalid: 422,
    Refused: 403,
    NeedsReconnect: 422,
    Permanent: 422,
    Transient: 503,
    LongshoreError: 500,
}
"""Status by error; the nearest class in the error's ancestry counts."""

BUSY_SECONDS = 2
"""What `Retry-After` says where nobody named a time."""

NOWHERE = "There is nothing at this path. /docs shows what there is."

log = structlog.get_logger(__name__)


class InvalidFields(Invalid):
    """Several fields at fault at once, each with its own message."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(one["message"] for one in errors), field=errors[0]["field"])
        self.errors = errors


def fields_of(error: ValidationError, prefix: str = "", *, missing: str = "Field required") -> InvalidFields:
    """What pydantic found, as ours; values are left out, because they may be secrets. `missing` may hold `{}`."""
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in one["loc"])
        name = f"{prefix}.{path}".strip(".")
        message = missing.format(path) if one["type"] == "missing" else f"{name}: {plain(one['msg'])}".lstrip(": ")
        found.append({"field": name, "message": message})
    return InvalidFields(found)


def plain(message: str) -> str:
    """Pydantic's message without its own prefix."""
    return message.removeprefix("Value error, ")


def problem(
    status: int,
    detail: str,
    *,
    code: str = "",
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> Response:
    """One problem as an answer."""
    title = HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail or title}
    body |= {"code": code or title.lower().replace(" ", "_"), "request_id": g.get("request_id", "")} | extra
    if errors:
        body["errors"] = errors
    return Response(orjson.dumps(body), status, headers, content_type=MEDIA_TYPE)


def install(app: APIFlask) -> None:
    """Every error of this application becomes a problem."""
    app.register_error_handler(HTTPError, _invalid)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(LongshoreError, _longshore)
    for unreachable in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(unreachable, _busy)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(IntegrityError, _clash)
    app.register_error_handler(Exception, _crash)


def _invalid(error: HTTPError) -> Response:
    """A body or a query string that its model refused, or an error raised in APIFlask's own way."""
    locations = error.detail if isinstance(error.detail, dict) else {}
    errors = [
        {"field": "" if name == "_schema" else name, "message": plain(message)}
        for fields in locations.values()
        for name, messages in fields.items()
        for message in messages
    ]
    if not errors:
        return problem(error.status_code, error.message or "", headers={})
    detail = "; ".join(f"{one['field']}: {one['message']}".lstrip(": ") for one in errors)
    return problem(error.status_code, detail, code="invalid", errors=errors)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        answer: Response = error.get_response()  # type: ignore[assignment]  # a redirect of the router
        return answer
    detail = NOWHERE if error.code == HTTPStatus.NOT_FOUND and request.url_rule is None else error.description
    headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    return problem(error.code, detail or "", headers=headers)


def _longshore(error: LongshoreError) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    headers: dict[str, str] = {}
    errors: list[dict[str, str]] | None = None
    if isinstance(error, Transient):
        headers["Retry-After"] = str(ceil(error.retry_after or BUSY_SECONDS))
    if isinstance(error, Invalid):
        status = g.get("invalid_status", status)
        errors = getattr(error, "errors", None) or [{"field": error.field, "message": error.message}]
    if error.detail:
        log.info("request_refused", code=error.code, message=error.message, detail=error.detail)
    return problem(status, error.message, code=error.code, errors=errors, headers=headers)


def _busy(error: Exception) -> Response:
    log.warning("database_unavailable", error=type(error).__name__, detail=str(getattr(error, "orig", error)))
    detail = "The database is busy or cannot be reached. Nothing was changed; try again in a moment."
    return problem(503, detail, code="database_unavailable", headers={"Retry-After": str(BUSY_SECONDS)})


def _unstorable(error: DataError) -> Response:
    log.info("value_refused_by_database", error=type(error.orig).__name__)
    return problem(422, "A value is too long or holds characters that cannot be stored, such as NUL.", code="invalid")


def _clash(error: IntegrityError) -> Response:
    log.info("write_clash", error=type(error.orig).__name__)
    return problem(409, "Somebody else changed this at the same moment. Read it again, then repeat.", code="conflict")


def _crash(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    detail = "Longshore failed at this request. The log has the reason under this request_id."
    return problem(500, detail, code="internal_error")
