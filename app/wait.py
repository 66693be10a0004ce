"""`Prefer: wait=N` (RFC 7240): hold the answer until the export has ended, for up to N seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from flask import Request
from sqlalchemy import select

from app.seats import seat
from longshore.db import reading
from longshore.models import Export
from longshore.states import TERMINAL

LONGEST = 60
"""Seconds; proxies give up soon after."""
LOOK_EVERY = 0.1
"""Seconds between two looks at the row."""

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def preferred(request: Request) -> int | None:
    """The seconds a client would wait, at most LONGEST; None where it would not."""
    found = _WAIT.search(",".join(request.headers.getlist("Prefer")))
    return min(int(found[1]), LONGEST) if found else None


def until_ended(export_id: str, seconds: float) -> bool:
    """Whether the export ended within so many seconds, as `until_all_ended`; False where there is none."""
    return until_all_ended([export_id], seconds)


def until_all_ended(export_ids: Sequence[str], seconds: float) -> bool:
    """Whether all of these exports ended within so many seconds. No transaction is held while waiting.

    Where too many wait already, they are looked at once: a preference may be passed over.
    """
    with seat() as free:
        deadline = time.monotonic() + (seconds if free else 0)
        while True:
            with reading() as session:
                states = session.scalars(select(Export.state).where(Export.id.in_(export_ids))).all()
            if not states or all(state in TERMINAL for state in states):
                return bool(states)
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(LOOK_EVERY, left))
