"""Presets, as requests refer to them: a format and settings under a name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ExportPreset


def named(session: Session, owner: str, name: str, field: str) -> ExportPreset:
    """A preset of this owner by its id or name. Raises Invalid."""
    mine = select(ExportPreset).where(ExportPreset.owner == owner)
    found = session.scalar(mine.where(ExportPreset.id == name)) or session.scalar(mine.where(ExportPreset.name == name))
    if found is None:
        raise Invalid(f"There is no such preset: {name}", field=field)
    return found


def applied(
    session: Session,
    owner: str,
    preset: str | None,
    form: str | None,
    settings: dict[str, Any],
    *,
    field: str = "preset",
) -> tuple[str, dict[str, Any]]:
    """Format and settings of a request: the preset's, with what the request says itself on top. Raises Invalid.

    One of `preset` and `form` is given.
    """
    if preset is None:
        return form or "", settings
    found = named(session, owner, preset, field)
    if form not in {None, found.format}:
        message = f"The preset {found.name!r} is for {found.format}. Leave `format` out, or choose another preset."
        raise Invalid(message, field="format")
    return found.format, found.settings | settings
