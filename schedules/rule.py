"""The rule that a row means, and the columns that follow from it: when it is due next, and from when it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules import policy
from schedules.cadence import Cadence, never_due, next_slot
from schedules.catchup import Rule, upcoming
from schedules.policy import Catchup


def cadence_of(row: ScheduledExport) -> Cadence:
    """When the row is due. Raises Invalid with the field's name."""
    return Cadence.read(**row.when)


def first_due(cadence: Cadence, now: datetime) -> datetime:
    """The first slot later than now. Raises Invalid that says why there is none."""
    due = next_slot(cadence, now)
    if due is None:
        why = never_due(cadence, now)
        raise Invalid(why.message, field=why.field) if why else Invalid("the schedule is never due")
    return due


def rule_of(row: ScheduledExport) -> Rule:
    """The row's cadence and policy; while it catches up after a pause, as the one who resumed it chose.

    Raises Invalid with the field's name.
    """
    chosen = policy.read(row.policy)
    if row.catchup_once:
        chosen = chosen.model_copy(update={"catchup": Catchup(row.catchup_once)})
    return Rule(row.id, cadence_of(row), chosen, row.resumed_at)


NOTHING: dict[str, None] = {"next_run_at": None, "fire_at": None, "late_at": None}
"""Columns of a row that waits for no slot."""


def waiting_for(rule: Rule, waiting: tuple[datetime, datetime] | None, now: datetime) -> dict[str, Any]:
    """Columns of a row that waits for this slot, with this release; what is owed already comes after older debts."""
    if waiting is None:
        return dict(NOTHING)
    slot, planned = waiting
    late = planned + timedelta(seconds=rule.policy.grace_seconds)
    return {"next_run_at": slot, "fire_at": max(planned, now), "late_at": late}


def expect(row: ScheduledExport, now: datetime, since: datetime | None = None) -> None:
    """Let an active row wait for its next slot, not before `since` (now); one that has passed must be still to come.

    An inactive row waits for nothing. Raises Invalid.
    """
    rule = replace(rule_of(row), resumed_at=None)
    found = upcoming(rule, since or now, now) if row.is_active else None
    for name, value in waiting_for(rule, found, now).items():
        setattr(row, name, value)
