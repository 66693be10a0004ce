"""What a delivery would be called, before there is an export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app import accept
from longshore import naming
from longshore.errors import Invalid
from longshore.names import stem_of, with_extension
from longshore.packing import Packing
from workers.renderers.base import FORMATS

UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"
UNKNOWN_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True)
class Moment:
    """When, in which time zone, and by a schedule of which type."""

    at: datetime
    timezone: str = "UTC"
    schedule: str = ""


def address(
    session: Session,
    owner: str,
    *,
    folder: str,
    name: str,
    file_id: str | None,
    form: str,
    moment: Moment,
    packing: Packing,
) -> tuple[str, str]:
    """Folder and name, filled in; without a document it is called `Document`. Raises Invalid, NotFound."""
    if moment.at.tzinfo is None:
        raise Invalid("at needs an offset from UTC, as 2030-01-01T09:00:00Z.", field="at")
    known = accept.known_format(form)
    file = accept.stored(session, owner, file_id) if file_id else None
    filename = with_extension(file.name if file else "Document", FORMATS[known].extension)
    facts = naming.Facts(
        at=moment.at,
        zone=moment.timezone,
        schedule=moment.schedule,
        name=stem_of(filename),
        kind=file.kind if file else "markdown",
        version=file.version if file else 1,
        format=known,
        sha256=UNKNOWN_SHA256,
        export_id=UNKNOWN_ID,
    )
    naming.check_folder(folder, "folder")
    return naming.address(folder, name, facts, filename, packing.endings)
