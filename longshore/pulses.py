"""Signs of work: each part writes one when it did something real, and `readyz` reads how old they are."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from longshore.models import Pulse

BEAT = "beat"
"""Whichever of them."""
BEATING = "beat:since"
"""Not a part: the instant since which beat's signs of life have had no gap. Kept beside them."""

FORGOTTEN = timedelta(days=1)
"""So long a beat that is silent is on the list."""

_HOST = 80
"""Characters of a host's name that are kept; a pulse's name has 100."""

STALE = 60.0
"""Seconds after which a part counts as dead; pulses come every 10."""


def queue_name(queue: str) -> str:
    """The pulse that a worker of this queue writes."""
    return f"queue:{queue}"


def beat_name(host: str | None = None, pid: int | None = None) -> str:
    """The pulse of one beat, this process where nothing is said: several may run, and one of them may hang."""
    return f"{BEAT}:{(host or socket.gethostname())[:_HOST]}:{os.getpid() if pid is None else pid}"


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


def beats(session: Session) -> dict[str, datetime]:
    """When each beat last worked, by `beat_name`; those that were silent for a day are forgotten."""
    return {name: at for name, at in read(session).items() if name.startswith(f"{BEAT}:")}


def beat(session: Session, *, now: datetime, name: str | None = None) -> None:
    """Note that this beat works, and so some beat; after a gap of all, that beats work from now on.

    A clock that was set back begins anew, too: nothing is known of a time to come.
    """
    last, since = _at(session, BEAT), _at(session, BEATING)
    if last is None or since is None or (now - last).total_seconds() > STALE or since > now:
        write(session, BEATING, now=now)
    write(session, BEAT, now=now)
    write(session, name or beat_name(), now=now)
    _forget(session, [one for one, at in beats(session).items() if at < now - FORGOTTEN])


def farewell(session: Session) -> None:
    """Take this beat off the list: it stops as it was asked to."""
    _forget(session, [beat_name()])


def _forget(session: Session, names: list[str]) -> None:
    if names:
        session.execute(delete(Pulse).where(Pulse.name.in_(names)))


def unbroken_since(session: Session, now: datetime) -> datetime | None:
    """Since when some beat was at work without a break; None where no beat has said so.

    Where the last sign of life is old, there was a break until now, which nobody has noted yet: a clock was set
    forward a moment ago, or the machine slept.
    """
    last, since = _at(session, BEAT), _at(session, BEATING)
    return now if last is not None and (now - last).total_seconds() > STALE else since


def _at(session: Session, name: str) -> datetime | None:
    return session.scalar(select(Pulse.at).where(Pulse.name == name))
