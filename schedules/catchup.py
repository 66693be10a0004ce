"""What is owed when a schedule is taken up: usually one slot, after downtime more. Pure.

The policy is "latest": of all slots that passed unnoticed, the latest is fired, once, however late; the older ones are
recorded as coalesced into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile

from schedules.cadence import Cadence, next_slot, walk_back

MOST_RECORDED = 100
"""Coalesced slots that get a run of their own; older ones are summed up in one run."""


@dataclass(frozen=True)
class Due:
    """`latest` is to be fired, `following` is the next one or None, `coalesced` are older ones with the reason."""

    latest: datetime
    following: datetime | None
    coalesced: list[tuple[datetime, str]]
    note: str = ""


def due_slots(cadence: Cadence, scheduled: datetime, now: datetime) -> Due:
    """Everything owed from `scheduled`, the slot that the row waits for, until `now`, which is not earlier.

    The work is bounded however long ago `scheduled` is. Raises Invalid where the calendar ends.
    """
    since = takewhile(lambda slot: slot.at > scheduled, walk_back(cadence, now))
    passed = list(islice(since, MOST_RECORDED + 1))
    note = passed[0].note if passed else ""
    summed_up = len(passed) > MOST_RECORDED
    latest, *rest = [slot.at for slot in passed] + ([] if summed_up else [scheduled])
    older = rest[::-1]
    gap = "No scheduler was running when this slot passed;"
    coalesced = [(slot, f"{gap} the slot of {_when(latest)} was fired for it.") for slot in older]
    if summed_up:
        coalesced.insert(0, (scheduled, f"{gap} this run also stands for every later one before {_when(older[0])}."))
    return Due(latest, next_slot(cadence, now), coalesced, note)


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
