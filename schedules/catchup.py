"""What is owed when a schedule is taken up: usually one slot, after downtime more. Pure.

Each slot that has passed gets a verdict: to be fired, or not, and why. A long backlog is dealt with in parts, the
oldest slots first; what is left is owed again at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from schedules.cadence import Cadence, Slot, next_slot, walk, walk_back
from schedules.policy import ON_TIME, Catchup, Policy, Release, release
from schedules.runs import Outcome

FIRE_COST = 40
"""A slot that fires costs as much as so many that are only recorded (2.5 ms and 0.06 ms on SQLite, measured)."""

BUDGET = 25 * FIRE_COST
"""Cost of what one transaction deals with: nobody else can write to SQLite meanwhile."""

FURTHEST = 20_000
"""Slots that are looked at for one that fires; 30 microseconds each."""


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
    """A schedule without its row: `key` is its id, `resumed_at` when a pause ended whose slots are still owed.

    `parked`: it could not be taken up, because of an error of its own. Since `beating_since` some beat was at work, so
    far as is known.
    """

    key: str
    cadence: Cadence
    policy: Policy
    resumed_at: datetime | None = None
    parked: bool = False
    beating_since: datetime | None = None

    def release(self, slot: datetime) -> Release:
        """When a slot is to be taken up: by its jitter later, but never as late as the slot after it."""
        chosen = self.policy
        if chosen.jitter_seconds:
            later = next_slot(self.cadence, slot)
            gap = int((later - slot).total_seconds()) if later else chosen.jitter_seconds
            if gap < chosen.jitter_seconds:
                chosen = chosen.model_copy(update={"jitter_seconds": gap})
        return release(chosen, self.zone, self.key, slot)

    def passed_unseen(self, slot: datetime, planned: datetime) -> bool:
        """Whether the slot is one to catch up on, were it late: nobody was there to take it up when it was to be.

        Where beat was at work all the time, a slot is only late.
        """
        if self.parked or self.beating_since is None:
            return True
        return planned < self.beating_since or (self.resumed_at is not None and slot < self.resumed_at)

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
            return Owed(_only_latest(rule, verdicts), None)
        slot, planned = later
        if cost >= budget and planned.at <= now:
            return Owed(_only_latest(rule, verdicts, now), (slot.at, planned.at), more=True)
    return Owed(_only_latest(rule, verdicts), (slot.at, planned.at))


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
    behind = late > ON_TIME and rule.passed_unseen(slot.at, planned.at)

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
    if behind and policy.catchup is Catchup.NONE:
        return said(Outcome.MISSED, f"{_gap(rule, slot.at)} such slots are not made up for (catchup: none).")
    if behind and policy.catchup_window is not None and late > timedelta(seconds=policy.catchup_window):
        reason = f"{_gap(rule, slot.at)} it is older than the catch-up window of {policy.catchup_window} s."
        return said(Outcome.MISSED, reason)
    return said(Outcome.FIRED, slot.note)


def _only_latest(rule: Rule, verdicts: list[Verdict], more_until: datetime | None = None) -> list[Verdict]:
    """Under `latest`, of all that would fire and passed unseen only the last one does.

    Until `more_until` there are further slots: where one of these fires, none of the verdicts' does.
    """
    if rule.policy.catchup is not Catchup.LATEST:
        return verdicts
    fires = [one.slot for one in verdicts if _is_caught_up(rule, one)]
    later = more_until is not None and bool(fires) and _fires_later(rule, fires[-1], more_until)
    latest = fires[-1] if fires and not later else None
    tail = f"the slot of {_when(latest)} was fired for it." if latest else "only the latest such slot is made up for."
    return [
        one
        if not _is_caught_up(rule, one) or one.slot == latest
        else Verdict(one.slot, one.planned, Outcome.COALESCED, f"{_gap(rule, one.slot)} {tail}")
        for one in verdicts
    ]


def _is_caught_up(rule: Rule, one: Verdict) -> bool:
    return one.outcome is Outcome.FIRED and rule.passed_unseen(one.slot, one.planned)


def _fires_later(rule: Rule, than: datetime, now: datetime) -> bool:
    """Whether a slot later than this one, and released by now, is caught up on. The last one usually is."""
    later: Release | None = None
    for slot in islice(walk_back(rule.cadence, now), FURTHEST):
        if slot.at <= than:
            return False
        planned = rule.release(slot.at)
        if planned.at <= now and _is_caught_up(rule, _verdict(rule, slot, planned, later, now)):
            return True
        later = planned
    return False


def _gap(rule: Rule, slot: datetime) -> str:
    if rule.resumed_at is not None and slot < rule.resumed_at:
        return "The schedule was paused when this slot passed;"
    if rule.parked:
        return "The schedule could not be taken up when this slot passed, because of an error;"
    return "No scheduler was running when this slot passed;"


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
