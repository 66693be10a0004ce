"""A document as a client sends it, in each of the ways clients do, as a name, a kind and bytes."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

from flask import Request
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.api.problems import fields_of
from app.api.schemas_file import FileIn, RawFile, SourceIn
from app.kinds import BY_SUFFIX
from app.request import spooled
from longshore.artifacts import CHUNK
from longshore.egress import host_and_port
from longshore.errors import Invalid, Refused
from longshore.names import like
from workers.renderers.base import KINDS

BY_FILE_TYPE = {"canvas": "canvas", "note": "markdown", "mermaid": "mermaid", "mixed": "canvas"}
"""Kind by the `file_type` of diagram clients."""
BY_MEDIA_TYPE = {
    "text/markdown": "markdown",
    "text/html": "html",
    "image/svg+xml": "svg",
    "text/vnd.graphviz": "graphviz",
    "text/vnd.mermaid": "mermaid",
    "image/png": "image",
    "image/jpeg": "image",
    "image/webp": "image",
    "image/gif": "image",
    "image/tiff": "image",
}
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request brought; None is what it left out. `likely` is the kind that its name or type gives away.

    `url`: where a worker shall fetch the content from.
    """

    name: str | None
    kind: str | None
    content: bytes | IO[bytes] | None
    likely: str | None = None
    url: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces."""
        if isinstance(self.content, bytes):
            yield self.content
        elif self.content is not None:
            while chunk := self.content.read(CHUNK):
                yield chunk


def read(request: Request) -> Sent:
    """A document from JSON, a multipart form with the part `file`, or a raw body with `?name=` and `?kind=`.

    Raises Invalid, BadRequest, UnsupportedMediaType, RequestEntityTooLarge.
    """
    if request.is_json:
        try:
            return _of_json(FileIn.model_validate(request.get_json()))
        except ValidationError as error:
            raise fields_of(error) from None
    if request.mimetype == "multipart/form-data":
        return _of_form(request)
    if not request.mimetype or request.mimetype == "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send JSON, a multipart form with the part `file`, or the document with its type.")
    told = _told(dict(request.args))
    likely = _guess(told.name, request.mimetype)
    if likely is None and request.mimetype == "application/octet-stream":
        likely = _unless_json(told.name or "")
    return Sent(told.name, _kind(told.kind), spooled(request), likely)


def of_source(source: SourceIn) -> Sent:
    """An inline document of an export. Raises Invalid."""
    kind = _kind(source.kind, "source.kind")
    if source.url is not None:
        if source.content is not None or source.content_base64 is not None:
            raise Invalid("Send the document or its `url`, not both.", field="source.url")
        return Sent(source.name, kind, None, url=checked_url(source.url, "source.url"))
    content = _content(source.content, source.content_base64, "source.")
    if content is None:
        raise Invalid("Send `content`, `content_base64` or `url`.", field="source.content")
    return Sent(source.name, kind, content)


def checked_url(url: str, field: str) -> str:
    """An address that may be fetched later, as far as it can be told without asking for it. Raises Invalid."""
    try:
        host_and_port(url)
    except Refused as error:
        raise Invalid(error.message, field=field) from error
    return url


def _of_json(body: FileIn) -> Sent:
    kind = _kind(body.kind) or BY_FILE_TYPE.get(body.file_type or "")
    content = _content(body.content, body.content_base64)
    if content is None:
        kind, content = _of_diagram(body, kind)
    return Sent(body.name, kind, content, _guess(body.name, ""))


def _of_diagram(body: FileIn, kind: str | None) -> tuple[str | None, bytes | None]:
    """The fields of a diagram. A mixed one keeps its note beside its shapes, under the same name."""
    canvas, note, code = body.canvas_data, body.note_content, body.mermaid_code
    if code is not None and kind in {None, "mermaid"}:
        return "mermaid", code.encode()
    if canvas is not None and kind in {None, "canvas", "tldraw"}:
        if isinstance(canvas, dict) and note and body.file_type == "mixed":
            canvas = {**canvas, "note_content": note}
        return kind or "canvas", _content(canvas, None)
    if note is not None and (kind in {None, "markdown"} or body.file_type == "mixed"):
        return "markdown", note.encode()
    return kind, None


def _of_form(request: Request) -> Sent:
    part = request.files.get("file")
    if part is None:
        raise BadRequest("The form lacks the part `file`.")
    told = _told(dict(request.form))
    file_name = PurePath((part.filename or "").replace("\\", "/")).name
    name = told.name or _told({"name": file_name} if file_name else {}).name
    likely = _guess(file_name or name, part.mimetype) or (_unless_json(file_name) if file_name else None)
    kind = _kind(told.kind)
    if name and (kind or likely) == "file":
        name = like(name, file_name)
    return Sent(name, kind, part.stream, likely)


def _told(fields: dict[str, Any]) -> RawFile:
    try:
        return RawFile.model_validate(fields)
    except ValidationError as error:
        raise fields_of(error) from None


def _content(content: Any, encoded: str | None, prefix: str = "") -> bytes | None:
    if content is not None and encoded is not None:
        raise Invalid("Send `content` or `content_base64`, not both.", field=f"{prefix}content_base64")
    if encoded is not None:
        try:
            return b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid(f"content_base64 is not base64: {error}.", field=f"{prefix}content_base64") from error
    if content is None or isinstance(content, str):
        return content.encode() if content is not None else None
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except RecursionError as error:
        raise Invalid("The document is nested too deeply.", field=f"{prefix}content") from error


def _kind(kind: str | None, field: str = "kind") -> str | None:
    kind = BY_FILE_TYPE.get(kind, kind) if kind and kind not in KINDS else kind
    if kind is not None and kind not in KINDS:
        raise Invalid(f"{kind!r} is not a kind. Kinds are: {', '.join(KINDS)}.", field=field)
    return kind


def _unless_json(name: str) -> str | None:
    """What is no document that we know is a `file`; JSON is a document, but only the client knows which."""
    return None if name.lower().endswith(".json") else "file"


def _guess(name: str | None, media_type: str) -> str | None:
    """The kind that a name or a media type gives away; None where only the client can tell."""
    kind = BY_SUFFIX.get(PurePath(name or "").suffix.lower()) or BY_MEDIA_TYPE.get(media_type)
    return kind if kind in KINDS else None
