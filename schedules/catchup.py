"""What is owed when a schedule is taken up: usually one slot, after downtime more. Pure.

The policy is "latest": of all slots that passed unnoticed, the latest is fired, once, however late; the older ones are
recorded as coalesced into it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from schedules.cadence import Cadence, walk

MOST_RECORDED = 100
"""Coalesced slots that get a run of their own; older ones are summed up in one run."""

_LONGEST_STEP = {"daily": timedelta(days=2), "weekly": timedelta(days=8), "monthly": timedelta(days=32)}
"""No two slots of the type are further apart, a day or an hour that the clock skipped included."""


@dataclass(frozen=True)
class Due:
    """`latest` is to be fired, `following` is the next one, `coalesced` are older slots with the reason in words."""

    latest: datetime
    following: datetime
    coalesced: list[tuple[datetime, str]]
    note: str = ""


def due_slots(cadence: Cadence, scheduled: datetime, now: datetime) -> Due:
    """Everything owed from `scheduled`, the slot that the row waits for, until `now`, which is not earlier.

    The work is bounded however long ago `scheduled` is. Raises Invalid where the calendar ends.
    """
    horizon = now - (MOST_RECORDED + 1) * _LONGEST_STEP[cadence.schedule_type]
    summed_up = scheduled < horizon
    passed: deque[datetime] = deque([] if summed_up else [scheduled], maxlen=MOST_RECORDED + 1)
    note = ""
    for slot in walk(cadence, max(scheduled, horizon)):
        if slot.at > now:
            following = slot.at
            break
        if len(passed) == passed.maxlen:
            summed_up = True
        passed.append(slot.at)
        note = slot.note
    *older, latest = passed
    gap = "No scheduler was running when this slot passed;"
    coalesced = [(slot, f"{gap} the slot of {_when(latest)} was fired for it.") for slot in older]
    if summed_up:
        coalesced.insert(0, (scheduled, f"{gap} this run also stands for every later one before {_when(older[0])}."))
    return Due(latest, following, coalesced, note)


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
