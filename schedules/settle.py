"""Slots that were due and will not fire any more get their run: each one that was due has exactly one.

A slot is due once its time of the rule has come while the schedule is active, though it may still wait for its jitter
or for the end of a blackout. Whoever calls has locked the schedule's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile

from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules.cadence import Cadence, walk
from schedules.catchup import Rule, upcoming
from schedules.rule import rule_of
from schedules.runs import Outcome, write_ended_runs

MOST_SETTLED = 20_000
"""Slots, owed since a beat died, that get a run each when their schedule is paused or changed; the last run stands for
all that are left."""

SOON = timedelta(microseconds=1)


def settle_owed(session: Session, row: ScheduledExport, reason: str, *, now: datetime) -> datetime | None:
    """Enter as missed what an active row owes at this moment. Returns the first slot after that, None where it is over.

    With a beat that runs that is nothing, or the slot of this very second.
    """
    rule = _readable(row)
    if row.next_run_at is None or rule is None:
        return None
    last = _enter(session, row, _released(rule, row.next_run_at, now), reason, now=now)
    found = upcoming(rule, last + SOON if last else row.next_run_at, now)
    return found[0] if found else None


def settle_pause(session: Session, row: ScheduledExport, reason: str, *, now: datetime) -> datetime | None:
    """Enter as missed what a paused row owed before its pause, but what is still to come; the first slot that is."""
    rule, until = _readable(row), row.paused_at
    if row.is_active or row.owed_from is None or until is None or rule is None:
        return None
    # a rule that was changed meanwhile is owed from that moment, which is no slot
    owed = takewhile(lambda slot: slot <= until, _slots(rule.cadence, row.owed_from))
    last = _enter(session, row, takewhile(lambda slot: rule.release(slot).at <= now, owed), reason, now=now)
    first = next(_slots(rule.cadence, last + SOON if last else row.owed_from), None)
    return first if first is not None and first <= until else None


def settle_all(
    session: Session,
    row: ScheduledExport,
    since: datetime | None,
    until: datetime,
    reason: str,
    *,
    now: datetime,
    outcome: Outcome = Outcome.MISSED,
) -> None:
    """Enter every slot from `since` to `until` with this outcome, also those that still wait for their release."""
    rule = _readable(row)
    if since is not None and rule is not None:
        slots = takewhile(lambda slot: slot <= until, _slots(rule.cadence, since))
        _enter(session, row, slots, reason, now=now, outcome=outcome)


def settle_change(
    session: Session, row: ScheduledExport, pending: datetime | None, new: Cadence, reason: str, *, now: datetime
) -> datetime:
    """Of the slots that an active row waits to release, from `pending` on, keep those that the new rule has, too.

    The others are entered as missed. Returns the instant from which the new rule counts. None of its own slots lies
    between that and now: what the old rule did not have must not fire.
    """
    rule = _readable(row)
    if pending is None or pending > now or rule is None:
        return now + SOON
    had, has = (_until(cadence, pending, now) for cadence in (rule.cadence, new))
    kept = 0
    while kept < min(len(had), len(has)) and had[-1 - kept] == has[-1 - kept]:
        kept += 1
    _enter(session, row, had[: len(had) - kept], reason, now=now)
    return had[-kept] if kept else now + SOON


def _readable(row: ScheduledExport) -> Rule | None:
    """A row that means nothing owes nothing but the run that says so."""
    try:
        return rule_of(row)
    except Invalid:
        return None


def _enter(
    session: Session,
    row: ScheduledExport,
    slots: Iterable[datetime],
    reason: str,
    *,
    now: datetime,
    outcome: Outcome = Outcome.MISSED,
) -> datetime | None:
    """Write a run for each; the last of them."""
    found = list(islice(slots, MOST_SETTLED + 1))
    runs = [(slot, slot, outcome, reason) for slot in found[:MOST_SETTLED]]
    if len(found) > MOST_SETTLED:
        runs.append((found[-1], found[-1], outcome, f"{reason} So was every later one until now."))
    for start in range(0, len(runs), 1000):
        write_ended_runs(session, row.id, runs[start : start + 1000], now=now)
    return found[-1] if found else None


def _slots(cadence: Cadence, since: datetime) -> Iterator[datetime]:
    return (slot.at for slot in walk(cadence, since - SOON))


def _until(cadence: Cadence, since: datetime, now: datetime) -> list[datetime]:
    return list(islice(takewhile(lambda slot: slot <= now, _slots(cadence, since)), MOST_SETTLED))


def _released(rule: Rule, first: datetime, now: datetime) -> Iterator[datetime]:
    """The slots from this one on, itself of no matter which rule, that are released; until the first that is not."""
    slots = chain([first], _slots(rule.cadence, first + SOON))
    return takewhile(lambda slot: rule.release(slot).at <= now, slots)
