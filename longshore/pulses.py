"""Signs of work: each part writes one when it did something real, and `readyz` reads how old they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from longshore.models import Pulse

BEAT = "beat"
STALE = 60.0
"""Seconds after which a part counts as dead; pulses come every 10."""


def queue_name(queue: str) -> str:
    """The pulse that a worker of this queue writes."""
    return f"queue:{queue}"


def write(session: Session, name: str, *, now: datetime) -> None:
    """Note that this part works."""
    changed = session.execute(update(Pulse).where(Pulse.name == name).values(at=now).returning(Pulse.name)).first()
    if changed is None:
        try:
            with session.begin_nested():
                session.add(Pulse(name=name, at=now))
        except IntegrityError:
            session.execute(update(Pulse).where(Pulse.name == name).values(at=now))


def read(session: Session) -> dict[str, datetime]:
    """When each part last worked."""
    return {pulse.name: pulse.at for pulse in session.scalars(select(Pulse))}
