"""Source documents."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy import select

from app import documents, rows, serve
from app.api.schemas import Message
from app.api.schemas_file import FileList, FileOut, FileQuery
from app.auth import owner
from longshore import files
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.models import File, FileVersion
from workers.renderers.base import KINDS

blueprint = APIBlueprint("files", __name__, url_prefix="/files", tag="Files")


@blueprint.post("")
@blueprint.output(FileOut, 201)
@blueprint.doc(responses=[400, 413, 415, 422])
def create_file() -> Any:
    """Store a document.

    As JSON, as a multipart form with the part `file`, or as the raw document with its own `Content-Type` and the query
    parameters `name` and `kind`. The kind is taken from the name or type where it gives it away.
    """
    sent = documents.read(request)
    if sent.content is None:
        raise Invalid("Send the document as `content` or `content_base64`.", field="content")
    kind = sent.kind or sent.likely
    if kind is None:
        raise Invalid(f"Say what the document is: `kind` is one of {', '.join(KINDS)}.", field="kind")
    name = sent.name or documents.UNTITLED
    with transaction() as session:
        now = clock(session)
        file = files.create(session, owner=owner(), name=name, kind=kind, content=sent.chunks(), now=now)
        answer = FileOut.of(file, rows.version(session, file))
    return answer, 201, {"Location": f"/api/files/{answer.id}"}


@blueprint.get("")
@blueprint.input(FileQuery, location="query", arg_name="query")
@blueprint.output(FileList)
def list_files(query: FileQuery) -> Any:
    """List the stored documents, the newest first."""
    found = select(File).where(File.owner == owner(), File.deleted_at.is_(None), File.listed)
    if query.kind:
        found = found.where(File.kind == query.kind)
    if query.name:
        found = found.where(File.name.icontains(query.name, autoescape=True))
    with reading() as session:
        ordered = found.order_by(File.created_at.desc(), File.id)
        page, total = rows.page(session, ordered, limit=query.limit, offset=query.offset)
        newest = select(FileVersion).join(
            File, (File.id == FileVersion.file_id) & (File.version == FileVersion.version)
        )
        contents = session.scalars(newest.where(File.id.in_([file.id for file in page])))
        versions = {version.file_id: version for version in contents}
    listed = [FileOut.of(file, versions[file.id]) for file in page if file.id in versions]
    return FileList(files=listed, total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:file_id>")
@blueprint.output(FileOut)
def get_file(file_id: uuid.UUID) -> Any:
    """Show one document."""
    with reading() as session:
        file = rows.find(session, File, owner(), file_id)
        return FileOut.of(file, rows.version(session, file))


@blueprint.put("/<uuid:file_id>")
@blueprint.output(FileOut)
@blueprint.doc(responses=[400, 413, 415, 422])
def update_file(file_id: uuid.UUID) -> Any:
    """Store a new version of a document, or rename it.

    Exports that were made of an older version keep it. The kind stays.
    """
    sent = documents.read(request)
    with transaction() as session:
        file = rows.find(session, File, owner(), file_id, lock=True)
        if sent.kind not in {None, file.kind}:
            raise Invalid(f"This file is of kind {file.kind}, and stays so. Store another kind anew.", field="kind")
        if sent.content is None and sent.name is None:
            raise Invalid("Nothing to change: send `content`, `content_base64` or `name`.", field="content")
        now = clock(session)
        if sent.name:
            file.name, file.updated_at = sent.name, now
        if sent.content is not None:
            files.new_version(session, file, sent.chunks(), now=now)
        return FileOut.of(file, rows.version(session, file))


@blueprint.delete("/<uuid:file_id>")
@blueprint.output(Message)
def delete_file(file_id: uuid.UUID) -> Any:
    """Delete a document. Exports that were made of it stay; schedules of it no longer fire."""
    with transaction() as session:
        file = rows.find(session, File, owner(), file_id, lock=True)
        file.deleted_at = file.updated_at = clock(session)
    return Message(message="File deleted successfully")


@blueprint.get("/<uuid:file_id>/content")
@blueprint.doc(
    responses={200: "The document as it was sent", 206: "A part of it", 304: "Unchanged", 416: "No such range"}
)
def get_content(file_id: uuid.UUID) -> Response:
    """Get a document as it was sent, whole or by range."""
    with reading() as session:
        file = rows.find(session, File, owner(), file_id)
        version = rows.version(session, file)
    return serve.stored(
        request,
        key=version.key,
        size=version.size,
        sha256=version.sha256,
        filename=file.name,
        media_type="application/octet-stream",
    )
