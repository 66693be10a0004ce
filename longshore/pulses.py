"""Signs of work: each part writes one when it did something real, and `readyz` reads how old they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from longshore.models import Pulse

BEAT = "beat"
BEATING = "beat:since"
"""Not a part: the instant since which beat's signs of life have had no gap. Kept beside them."""

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
    return {pulse.name: pulse.at for pulse in session.scalars(select(Pulse).where(Pulse.name != BEATING))}


def beat(session: Session, *, now: datetime) -> None:
    """Note that a beat works, whichever of them; after a gap, that beats work from now on.

    A clock that was set back begins anew, too: nothing is known of a time to come.
    """
    last, since = _at(session, BEAT), _at(session, BEATING)
    if last is None or since is None or (now - last).total_seconds() > STALE or since > now:
        write(session, BEATING, now=now)
    write(session, BEAT, now=now)


def unbroken_since(session: Session) -> datetime | None:
    """Since when some beat was at work without a break; None where no beat has said so."""
    return _at(session, BEATING)


def _at(session: Session, name: str) -> datetime | None:
    return session.scalar(select(Pulse.at).where(Pulse.name == name))
