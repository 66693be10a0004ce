"""What is owed when a schedule is taken up: usually one slot, after downtime more. Pure.

Each slot that has passed gets a verdict: to be fired, or not, and why. A long backlog is dealt with in parts, the
oldest slots first; what is left is owed again at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.cadence import Cadence, Slot, walk
from schedules.policy import ON_TIME, Catchup, Policy, Release, release
from schedules.runs import Outcome

FIRE_COST = 40
"""A slot that fires costs as much as so many that are only recorded (2.5 ms and 0.06 ms on SQLite, measured)."""

BUDGET = 25 * FIRE_COST
"""Cost of what one transaction deals with: nobody else can write to SQLite meanwhile."""


@dataclass(frozen=True)
class Verdict:
    """FIRED means that it is to be fired. `reason` is in words."""

    slot: datetime
    planned: datetime
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Owed:
    """Verdicts, oldest first; `following` is the first slot without one and its release, None where there is none.

    `more`: that release is past, too.
    """

    verdicts: list[Verdict]
    following: tuple[datetime, datetime] | None
    more: bool = False

    @property
    def cost(self) -> int:
        """What it costs to carry this out."""
        return sum(FIRE_COST if one.outcome is Outcome.FIRED else 1 for one in self.verdicts)


@dataclass(frozen=True)
class Rule:
    """A schedule without its row: `key` is its id, `resumed_at` when a pause ended whose slots are still owed."""

    key: str
    cadence: Cadence
    policy: Policy
    resumed_at: datetime | None = None

    def release(self, slot: datetime) -> Release:
        """When a slot is to be taken up."""
        return release(self.policy, self.zone, self.key, slot)

    @property
    def zone(self) -> ZoneInfo:
        """The schedule's time zone."""
        return self.cadence.zone


def owed_slots(
    rule: Rule, scheduled: datetime, now: datetime, *, budget: int = BUDGET, held: timedelta = timedelta(0)
) -> Owed:
    """Everything owed from `scheduled`, the slot that the row waits for, until `now`, as far as the budget goes.

    `held` is how much later than planned that first slot is taken up, because it was in a crowd. Raises Invalid where
    the calendar ends.
    """
    verdicts: list[Verdict] = []
    cost = 0
    steps = _released(rule, scheduled, held)
    slot, planned = next(steps)
    while planned.at <= now:
        later = next(steps, None)
        verdict = _verdict(rule, slot, planned, later and later[1], now)
        catching_up = rule.policy.catchup is not Catchup.LATEST
        cost += FIRE_COST if verdict.outcome is Outcome.FIRED and catching_up else 1
        verdicts.append(verdict)
        if later is None:
            return Owed(_only_latest(rule, verdicts, more=False), None)
        slot, planned = later
        if cost >= budget and planned.at <= now:
            return Owed(_only_latest(rule, verdicts, more=True), (slot.at, planned.at), more=True)
    return Owed(_only_latest(rule, verdicts, more=False), (slot.at, planned.at))


def upcoming(rule: Rule, since: datetime, now: datetime) -> tuple[datetime, datetime] | None:
    """The first slot not before `since` whose release is still to come, and that release. None where it is over.

    A slot that has passed and waits for its jitter or for the end of a blackout is such a one.
    """
    for slot in walk(rule.cadence, since - timedelta(microseconds=1)):
        planned = rule.release(slot.at).at
        if planned > now:
            return slot.at, planned
    return None


def _released(rule: Rule, scheduled: datetime, held: timedelta) -> Iterator[tuple[Slot, Release]]:
    first = rule.release(scheduled)
    yield Slot(scheduled, scheduled.astimezone(rule.zone)), replace(first, at=first.at + held)
    for slot in walk(rule.cadence, scheduled):
        yield slot, rule.release(slot.at)


def _verdict(rule: Rule, slot: Slot, planned: Release, later: Release | None, now: datetime) -> Verdict:
    """What becomes of one slot that has passed, whatever the others; FIRED where nothing speaks against it."""
    policy, late = rule.policy, now - planned.at

    def said(outcome: Outcome, reason: str) -> Verdict:
        return Verdict(slot.at, planned.at, outcome, reason)

    if planned.closed and planned.reopens is None:
        return said(Outcome.SKIPPED, f"It lies in a blackout: {planned.closed}.")
    if planned.reopens is not None and later is not None and later.reopens == planned.reopens:
        reason = f"It lies in a blackout ({planned.closed}), at whose end only the last slot fires."
        return said(Outcome.COALESCED, reason)
    if policy.deadline_seconds is not None and late > timedelta(seconds=policy.deadline_seconds):
        reason = f"It was taken up {late.total_seconds():.0f} s late; its deadline is {policy.deadline_seconds} s."
        return said(Outcome.MISSED, reason)
    if late > ON_TIME and policy.catchup is Catchup.NONE:
        return said(Outcome.MISSED, f"{_gap(rule, slot.at)} such slots are not made up for (catchup: none).")
    if late > ON_TIME and policy.catchup_window is not None and late > timedelta(seconds=policy.catchup_window):
        reason = f"{_gap(rule, slot.at)} it is older than the catch-up window of {policy.catchup_window} s."
        return said(Outcome.MISSED, reason)
    return said(Outcome.FIRED, slot.note)


def _only_latest(rule: Rule, verdicts: list[Verdict], *, more: bool) -> list[Verdict]:
    """Under `latest`, of all that would fire only the last one does; where `more` is to come, none of these."""
    if rule.policy.catchup is not Catchup.LATEST:
        return verdicts
    fires = [one.slot for one in verdicts if one.outcome is Outcome.FIRED]
    latest = fires[-1] if fires and not more else None
    tail = f"the slot of {_when(latest)} was fired for it." if latest else "only the latest such slot is made up for."
    return [
        one
        if one.outcome is not Outcome.FIRED or one.slot == latest
        else Verdict(one.slot, one.planned, Outcome.COALESCED, f"{_gap(rule, one.slot)} {tail}")
        for one in verdicts
    ]


def _gap(rule: Rule, slot: datetime) -> str:
    if rule.resumed_at is not None and slot < rule.resumed_at:
        return "The schedule was paused when this slot passed;"
    return "No scheduler was running when this slot passed;"


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
