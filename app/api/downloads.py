"""The artifact itself."""

from __future__ import annotations

import uuid

from apiflask import APIBlueprint
from flask import Response, g, request
from pydantic import BaseModel, Field
from sqlalchemy import select
from werkzeug.exceptions import Conflict, Gone

from app import artifacts, links, rows, show
from longshore.db import clock, reading
from longshore.errors import NotFound
from longshore.models import Export

blueprint = APIBlueprint("downloads", __name__, url_prefix="/export", tag="Exports")

ANSWERS = {
    200: "The artifact",
    206: "A part of it",
    304: "Unchanged",
    403: "The link's signature is not valid",
    409: "Not ready yet",
    410: "Expired: the link or the artifact",
    416: "No such range",
}


class LinkQuery(BaseModel):
    """A signed link stands for a key."""

    expires: str = Field("", pattern=r"^\d{0,12}$")
    signature: str = Field("", max_length=200)


@blueprint.get("/<uuid:export_id>/download")
@blueprint.input(LinkQuery, location="query", arg_name="link")
@blueprint.doc(responses=ANSWERS)
def download(export_id: uuid.UUID, link: LinkQuery) -> Response:
    """Get the artifact, with a key or by a signed link; whole or by range.

    It is always an attachment, and its entity tag is its SHA-256. With `delete_after_download` the first download of
    the whole is the last, in one answer or taken up again with `Range: bytes=N-`: HEAD and other parts do not count,
    nor does one that breaks off.
    """
    with reading() as session:
        now = clock(session)
        if "caller" in g:
            export = rows.find(session, Export, g.caller.owner, export_id)
        else:
            links.check(str(export_id), link.expires or "0", link.signature, now=now)
            found = session.scalar(select(Export).where(Export.id == str(export_id)))
            if found is None:
                raise NotFound("There is no such export.")
            export = found
        made = rows.artifact(session, export.id)
    if made is None or not show.downloadable(export, made, now=now):
        if made is not None or export.state == "expired":
            raise Gone("The artifact has expired and was deleted. Export the document again.")
        raise Conflict(f"There is no artifact: the export is {export.state}. {export.error_message or ''}".strip())
    return artifacts.answer(request, export, made)
