"""Make up for slots of the past, on request: those of a span of time that have no run, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ScheduledExport, ScheduleRun
from schedules.cadence import walk
from schedules.rule import cadence_of
from schedules.runs import Outcome, Trigger, write_run

MOST = 1000
"""Slots of one request."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_UNFIRED = [str(outcome) for outcome in (Outcome.MISSED, Outcome.SKIPPED, Outcome.COALESCED)]


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot of the span; `run` is what it had before, empty where it had none. `queued`: it is made up for."""

    slot: datetime
    run: str
    queued: bool


def backfill(
    session: Session,
    row: ScheduledExport,
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    unfired: bool = False,
    dry_run: bool = False,
) -> list[Filled]:
    """Queue the slots from `since` to `until`, both included, that have no run; asked twice, it happens once.

    `unfired` takes those on record as missed, skipped or coalesced, too. Whatever the policy on overlaps, they start
    one after another, when nothing else of the schedule runs. The row is locked by the caller. Raises Invalid for a
    span that is senseless or too long.
    """
    if until < since or until > now:
        wrong = "be earlier than from." if until < since else "lie in the future: a slot to come fires by itself."
        raise Invalid(f"to must not {wrong}", field="to")
    if since < EARLIEST:
        raise Invalid(f"from must not be before {EARLIEST:%Y-%m-%d}.", field="from")
    slots = []
    for slot in walk(cadence_of(row), since - timedelta(microseconds=1)):
        if slot.at > until:
            break
        slots.append(slot.at)
        if len(slots) > MOST:
            raise Invalid(f"These are more than {MOST} slots. Choose a shorter span, and ask again.", field="to")
    known = select(ScheduleRun.slot, ScheduleRun.outcome).where(
        ScheduleRun.schedule_id == row.id, ScheduleRun.slot >= since, ScheduleRun.slot <= until
    )
    outcomes: dict[datetime, str] = {one.slot: one.outcome for one in session.execute(known)}
    filled = []
    for at in slots:
        before = outcomes.get(at, "")
        wanted = not before or (unfired and before in _UNFIRED)
        if wanted and not dry_run:
            _queue(session, row, at, before, now)
        filled.append(Filled(at, before, wanted))
    return filled


def _queue(session: Session, row: ScheduledExport, slot: datetime, before: str, now: datetime) -> None:
    about = {"trigger": str(Trigger.BACKFILL), "reason": "Backfilled on request.", "queued_at": now}
    if not before:
        write_run(session, row.id, slot, Outcome.QUEUED, now=now, **about)
        return
    again = update(ScheduleRun).where(
        ScheduleRun.schedule_id == row.id, ScheduleRun.slot == slot, ScheduleRun.outcome.in_(_UNFIRED)
    )
    about["reason"] = f"Backfilled on request; it was {before}."
    session.execute(again.values(outcome=str(Outcome.QUEUED), **about).execution_options(synchronize_session=False))
