"""An artifact as an answer: of a download, or of the request that asked for it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import Request, Response

from app import removal, serve, show
from app.api.problems import problem
from longshore.errors import BadDocument, Invalid, NotFound, Permanent, Refused, Unavailable
from longshore.models import Artifact, Export
from longshore.states import ExportState
from workers.renderers.base import FORMATS

JSON = "application/json"
THE_CLIENT_S = frozenset(error.code for error in (BadDocument, Invalid, NotFound, Permanent, Refused, Unavailable))
"""Codes of failures that the same request would meet again: 422. Anything else is 502."""


def wanted(request: Request, form: str) -> bool:
    """Whether a client named the format's media type, and above JSON: `*/*` names nothing.

    Of an export to JSON it always gets the description, which has the download's address.
    """
    media_type = FORMATS[form].media_type.partition(";")[0]
    return _named(request, media_type) > _named(request, JSON)


def direct(
    request: Request, export: Export, made: Artifact | None, *, headers: dict[str, str], now: datetime
) -> Response:
    """The artifact of an export that has ended; a problem where there is none, or where nothing arrived."""
    told = headers | {"X-Longshore-Export": export.id}
    code = export.error_code or export.state
    if export.state == ExportState.FAILED:
        status = 422 if made is None and code in THE_CLIENT_S else 502
        detail = export.error_message or "The export failed."
        return problem(status, detail, code=code, headers=told, export_id=export.id)
    if export.state == ExportState.CANCELLED:
        return problem(409, "The export was cancelled.", code=code, headers=told, export_id=export.id)
    if made is None or not show.downloadable(export, made, now=now):
        detail = "The artifact has expired and was deleted. Export the document again."
        return problem(410, detail, code=code, headers=told, export_id=export.id)
    response = answer(request, export, made)
    response.headers.update(told)
    return response


def answer(request: Request, export: Export, made: Artifact) -> Response:
    """The artifact as an attachment. With `delete_after_download` it goes when it was sent to its end."""
    return serve.stored(
        request,
        key=made.key,
        size=made.size,
        sha256=made.sha256,
        filename=made.filename,
        media_type=made.media_type,
        when_sent=partial(removal.delete_downloaded, export.id) if export.delete_after_download else None,
    )


def _named(request: Request, media_type: str) -> float:
    """The quality that `Accept` gives a media type by its name or its family (`image/*`); 0 where it does neither."""
    family = f"{media_type.partition('/')[0]}/*"
    named = {name.partition(";")[0].strip().lower(): quality for name, quality in request.accept_mimetypes}
    return float(named.get(media_type, named.get(family, 0)))
