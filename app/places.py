"""Where an artifact shall go, as a client says it: a connection by id, or a destination with its settings inline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, BaseModel, ValidationError
from sqlalchemy.orm import Session

from app import rows
from app.api.problems import fields_of
from longshore import connections
from longshore.errors import Invalid, NotFound
from longshore.models import Connection
from workers.destinations import named, names
from workers.destinations.base import Destination

LOCAL = "local"
"""What older clients call the operator's folder."""
MISSING = "Missing required config: {}"


@dataclass(frozen=True, slots=True)
class Place:
    """A checked destination with its settings as they were sent; `folder` is what it has no option of its own for."""

    destination: str
    options: dict[str, Any]
    secrets: dict[str, Any]
    folder: str = ""

    def connect(self, session: Session, owner: str, *, now: datetime, shared: bool = False) -> Connection:
        """The connection for one use; the operator's own folder needs no new one.

        `shared`: nor does what came with another request in the same words, so that limits hold for all of them.
        """
        if self.destination == "folder" and not self.options:
            return connections.default_folder(session, owner, now=now)
        same: dict[str, Any] = {
            "owner": owner,
            "name": f"One use: {self.destination}",
            "destination": self.destination,
            "options": self.options,
            "secrets": self.secrets,
        }
        found = connections.alike(session, **same) if shared else None
        return found or connections.create(session, **same, now=now, one_off=True)


def destination_named(name: str, field: str = "destination") -> tuple[str, type[Destination]]:
    """A destination by the name a client uses. Raises Invalid, listing the names."""
    known = "folder" if name == LOCAL else name
    if known not in names():
        raise Invalid(f"{field.rpartition('.')[2]} must be one of: {', '.join(names())}", field=field)
    return known, named(known)


def inline(name: str, config: dict[str, Any], *, field: str, prefix: str = "destination_config") -> Place:
    """A destination with its settings in one object, as clients send it; secrets are told apart by their names.

    Raises Invalid for an unknown destination, and for missing, unknown or senseless settings.
    """
    destination, kind = destination_named(name, field)
    given = dict(config)
    folder = ""
    if "folder" in given and "folder" not in _keys(kind.Options):
        folder = str(given.pop("folder") or "")
    secrets = {key: value for key, value in given.items() if key in _keys(kind.Secrets)}
    options = {key: value for key, value in given.items() if key not in secrets}
    unknown = [key for key in options if key not in _keys(kind.Options)]
    if unknown:
        known = ", ".join([*kind.Options.model_fields, *kind.Secrets.model_fields]) or "no settings"
        raise Invalid(f"{destination} has no setting {unknown[0]!r}. It has: {known}.", field=f"{prefix}.{unknown[0]}")
    check(kind, options, secrets, options_at=prefix, secrets_at=prefix)
    return Place(destination, options, secrets, folder)


def check(
    kind: type[Destination],
    options: dict[str, Any],
    secrets: dict[str, Any],
    *,
    options_at: str = "options",
    secrets_at: str = "secrets",
) -> None:
    """Hold settings against the destination's own models. Raises Invalid with the field's path."""
    for name, value in options.items():
        if isinstance(value, str) and "\0" in value:
            raise Invalid(f"{name} holds a NUL, which cannot be stored.", field=f"{options_at}.{name}")
    for model, values, prefix in ((kind.Options, options, options_at), (kind.Secrets, secrets, secrets_at)):
        try:
            model.model_validate(values)
        except ValidationError as error:
            raise fields_of(error, prefix, missing=MISSING) from None


def by_id(session: Session, owner: str, connection_id: str, field: str) -> Connection:
    """A stored connection of this owner, not one that came with another request. Raises Invalid."""
    try:
        found = rows.find(session, Connection, owner, connection_id)
    except NotFound as error:
        raise Invalid(f"There is no such connection: {connection_id}", field=field) from error
    if found.one_off:
        raise Invalid("This connection served one request only. Store one with POST /api/connections.", field=field)
    return found


def _keys(model: type[BaseModel]) -> set[str]:
    """Every name that a client may use for a field of the model."""
    return {name for field, info in model.model_fields.items() for name in (field, *_aliases(info.validation_alias))}


def _aliases(alias: object) -> Iterable[str]:
    if isinstance(alias, str):
        return (alias,)
    if isinstance(alias, AliasChoices):
        return tuple(choice for choice in alias.choices if isinstance(choice, str))
    return ()
