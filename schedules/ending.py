"""The end of a schedule: its rule has no further slot, or it has fired as often as it was to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from longshore.events import note
from longshore.models import ScheduledExport
from schedules.cadence import Cadence
from schedules.cadence.words import at, clock, day
from schedules.counts import write
from schedules.rule import NOTHING, expect
from schedules.runs import Outcome
from schedules.settle import settle_all

NONE_LEFT = "The schedule had fired as often as it was to."
OVER = "Its rule has no further slot."
ALL_RUNS = "It has fired as often as it was to. Set remaining_runs to let it fire again."


def over(cadence: Cadence, last: datetime) -> str:
    """Why there is no slot later than `last`, which was one."""
    local = last.astimezone(cadence.zone)
    when = f"{day(local)} at {clock(local.time())} ({cadence.timezone})"
    if cadence.schedule_at is not None:
        return f"It was to fire once, on {when}."
    until = f" before end_at, {at(cadence.end_at)}" if cadence.end_at is not None else ""
    return f"The slot of {when} was the last one{until}."


def end(session: Session, row: ScheduledExport, reason: str, *, now: datetime) -> None:
    """Let it rest, with the reason."""
    note(session, row, "ended", now=now, reason=reason)
    write(session, row.id, is_active=False, ended_reason=reason, **NOTHING)


def count_down(session: Session, row: ScheduledExport, *, now: datetime) -> None:
    """One run less is left, where they are counted; after the last one it is over. The row must be claimed."""
    if row.remaining_runs is None:
        return
    left = max(0, row.remaining_runs - 1)
    write(session, row.id, remaining_runs=left)
    set_committed_value(row, "remaining_runs", left)
    if left == 0:
        waits = session.scalar(select(ScheduledExport.next_run_at).where(ScheduledExport.id == row.id))
        settle_all(session, row, waits, now, NONE_LEFT, now=now, outcome=Outcome.SKIPPED)
        end(session, row, ALL_RUNS, now=now)


def give_back(session: Session, row: ScheduledExport, now: datetime) -> None:
    """One run that was counted down made nothing. A schedule that was over for it goes on from now."""
    session.refresh(row)
    if row.remaining_runs is None:
        return
    row.remaining_runs += 1
    if row.ended_reason != ALL_RUNS:
        session.flush()
        return
    row.ended_reason = None
    if not row.paused_by:
        row.is_active = True
        expect(row, now)
        if row.next_run_at is None:
            end(session, row, OVER, now=now)
    session.flush()
