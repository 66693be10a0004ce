"""From what a client asked for to an accepted export: everything is checked before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from app import documents, places, presets, rows
from app.api.problems import fields_of
from app.api.schemas_export import DeliveryIn, ExportIn
from app.places import Place
from longshore import exports, files, naming
from longshore.errors import Invalid
from longshore.models import Connection, Export, File
from longshore.packing import Packing
from longshore.settings import settings
from workers import needs
from workers.accepted import accepted, misfits
from workers.plan import plan
from workers.renderers.base import SETTINGS

ALIASES = {"jpg": "jpeg", "markdown": "md"}
"""Formats by the names that people use for them."""
MOST_OPEN = 10_000
"""Exports of one owner that may wait or run at once: a client gone wild must not fill the database."""
OLD_SETTINGS = frozenset({"width", "height", "scale", "quality", "background"})
"""Settings that older clients send with every format, whether or not they change anything there."""


@dataclass(frozen=True, slots=True)
class Target:
    """One wish to deliver, with its place checked."""

    place: Place | Connection
    folder: str = ""
    name: str = ""
    conflict: str = "rename"
    packing: Packing = field(default_factory=Packing)
    max_attempts: int | None = None

    def request(self, session: Session, owner: str, *, now: datetime, shared: bool = True) -> exports.DeliveryRequest:
        """The delivery as the one door in takes it; an inline place becomes a connection for one use.

        `shared`: or the one that came with another export in the same words. What is a schedule's changes with it.
        """
        folder = self.folder
        if isinstance(self.place, Connection):
            connection = self.place
        else:
            connection = self.place.connect(session, owner, now=now, shared=shared)
            folder = "/".join(part for part in (self.place.folder, self.folder) if part)
        return exports.DeliveryRequest(
            connection,
            folder=folder,
            name=self.name,
            conflict=self.conflict,
            max_attempts=self.max_attempts,
            packing=self.packing.stored(),
        )


@dataclass(slots=True)
class Wish:
    """An export that may be accepted: a stored document or one to be stored, and the rest checked."""

    file: File | documents.Sent
    format: str
    settings: dict[str, Any]
    name: str = ""
    deadline: float | None = None
    targets: Sequence[Target] = ()
    delete_after_download: bool = False


def read(session: Session, owner: str, body: ExportIn) -> Wish:
    """Check a request against this machine and this owner's rows. Raises Invalid, NotFound, Unavailable."""
    if (body.file_id is None) == (body.source is None):
        raise Invalid("Send either `file_id` or `source`.", field="file_id")
    document: File | documents.Sent
    if body.file_id is not None:
        document = stored(session, owner, body.file_id)
    elif body.source is not None:
        document = documents.of_source(body.source)
    asked = ALIASES.get(body.format, body.format) if body.format is not None else None
    form, given = presets.applied(session, owner, body.preset, asked, body.settings)
    return Wish(
        document,
        planned(document.kind or "", form),
        checked_settings(form, given, kind=document.kind or ""),
        name=body.name or "",
        deadline=body.deadline,
        targets=[target(session, owner, one, f"deliveries.{i}") for i, one in enumerate(body.deliveries)],
        delete_after_download=body.delete_after_download,
    )


def submit(
    session: Session, owner: str, wish: Wish, *, now: datetime, written: list[str], batch_id: str | None = None
) -> Export:
    """Accept a checked wish in the caller's transaction; `written` gets the keys of the objects stored on the way.

    Raises TooManyRequests, and Transient for the artifact store.
    """
    if exports.open_count(session, owner) >= MOST_OPEN:
        raise TooManyRequests(
            f"{MOST_OPEN} of your exports have not ended yet. Wait for some, or cancel some.", retry_after=30
        )
    if isinstance(wish.file, File):
        file = wish.file
    elif wish.file.url is not None:
        sent = wish.file
        file = files.awaited(session, owner=owner, name=sent.name or documents.UNTITLED, kind=sent.kind or "", now=now)
    else:
        sent = wish.file
        file = files.create(
            session,
            owner=owner,
            name=sent.name or documents.UNTITLED,
            kind=sent.kind or "",
            content=sent.chunks(),
            now=now,
            listed=False,
        )
        written.append(rows.version(session, file).key)
    request = exports.ExportRequest(
        file,
        wish.format,
        wish.settings,
        name=wish.name,
        deadline=wish.deadline,
        deliveries=[one.request(session, owner, now=now) for one in wish.targets],
        delete_after_download=wish.delete_after_download,
        source_url=wish.file.url if isinstance(wish.file, documents.Sent) else None,
        batch_id=batch_id,
    )
    return exports.submit(session, request, now=now)


def stored(session: Session, owner: str, file_id: str, missing: str = "") -> File:
    """A stored document of this owner. Raises NotFound."""
    return rows.find(session, File, owner, file_id, missing=missing)


def planned(kind: str, form: str, field: str = "format") -> str:
    """The format's own name, if this machine can make it of that kind. Raises Invalid, Unavailable."""
    known = known_format(form, field)
    try:
        plan(kind, known, lambda name: needs.check(name, settings()))
    except Invalid as error:
        raise Invalid(error.message, field=field if error.field == "format" else error.field) from error
    return known


def known_format(form: str, field: str = "format") -> str:
    """The format's own name. Raises Invalid, listing the names."""
    known = ALIASES.get(form, form)
    if known not in SETTINGS:
        raise Invalid(f"{field} must be one of: {', '.join(SETTINGS)}", field=field)
    return known


def checked_settings(
    form: str,
    given: dict[str, Any],
    field: str = "settings",
    ignored: frozenset[str] = frozenset(),
    *,
    kind: str = "",
) -> dict[str, Any]:
    """The settings that were given, in their plain form. Raises Invalid.

    `ignored`: dropped where they change nothing here. `kind`: what the document is, where that is known already.
    """
    form = ALIASES.get(form, form)
    model = SETTINGS[form]
    useful = accepted(kind, form) if kind else model.model_fields.keys()
    known = {name: value for name, value in given.items() if name in useful or name not in ignored}
    try:
        asked = model.model_validate(known)
    except ValidationError as error:
        raise fields_of(error, field) from None
    for name, message in misfits(kind, form, asked) if kind else ():
        raise Invalid(f"{field}.{name}: {message}", field=f"{field}.{name}")
    return asked.model_dump(mode="json", exclude_unset=True)


def target(session: Session, owner: str, body: DeliveryIn, field: str) -> Target:
    """One wish to deliver, its place checked. Raises Invalid."""
    place: Place | Connection
    if (body.connection_id is None) == (body.destination is None):
        raise Invalid("Send either `connection_id` or `destination`.", field=f"{field}.connection_id")
    if body.connection_id is not None:
        if body.destination_config:
            raise Invalid(
                "A stored connection brings its own settings; leave `destination_config` out.",
                field=f"{field}.destination_config",
            )
        place = places.by_id(session, owner, body.connection_id, f"{field}.connection_id")
    else:
        prefix = f"{field}.destination_config"
        place = places.inline(
            body.destination or "", body.destination_config, field=f"{field}.destination", prefix=prefix
        )
    naming.check_folder(body.folder, f"{field}.folder")
    naming.check(body.name or "", f"{field}.name")
    packing = Packing.checked(body.compress, body.encrypt_to, field)
    return Target(place, body.folder, body.name or "", body.conflict, packing, body.max_attempts)
