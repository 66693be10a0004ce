"""What would become of the slots to come: fired, put off or left out, by a rule and its policy. Pure.

It is what the clock does while beat runs, no run is still at work when the next slot is due, and no crowd is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from schedules.cadence import Cadence, Finding, Level, Slot, walk
from schedules.catchup import Rule
from schedules.policy import Policy
from schedules.runs import Outcome

MOST = 2000
"""Slots among which one must be found that fires."""

_SOON = 20
"""Slots of which it is told how many do not fire."""

_ANY = ""
"""The key of a schedule that has no id yet: jitter follows from the id, so only its limits are known."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A slot with what becomes of it; it is taken up from `fires_at` until `fires_until`, or never."""

    slot: Slot
    outcome: Outcome
    reason: str = ""
    fires_at: datetime | None = None
    fires_until: datetime | None = None


def forecast(cadence: Cadence, policy: Policy, after: datetime, remaining: int | None = None) -> Iterator[Expected]:
    """The slots after an instant, the earliest first; after the last one that may fire there is none."""
    rule = Rule(_ANY, cadence, policy.model_copy(update={"jitter_seconds": 0}))
    jitter = timedelta(seconds=policy.jitter_seconds)
    fired = 0
    for slot, later in _pairs(walk(cadence, after)):
        if remaining is not None and fired >= remaining:
            return
        found = rule.release(slot.at)
        following = rule.release(later.at) if later else None
        if found.closed and found.reopens is None:
            yield Expected(slot, Outcome.SKIPPED, f"It lies in a blackout: {found.closed}.")
        elif found.reopens is not None and following is not None and following.reopens == found.reopens:
            reason = f"It lies in a blackout ({found.closed}), at whose end only the last slot fires."
            yield Expected(slot, Outcome.COALESCED, reason)
        else:
            fired += 1
            put_off = f"It waits for the end of a blackout: {found.closed}." if found.reopens else ""
            yield Expected(slot, Outcome.FIRED, put_off, found.at, found.at + jitter)


def lint_policy(cadence: Cadence, policy: Policy, after: datetime) -> list[Finding]:
    """What is odd about a policy together with a rule that is due at all, the worst first."""
    found = list(_blackouts(cadence, policy, after)) if policy.blackouts else []
    if policy.jitter_seconds:
        message = f"each slot is taken up to {policy.jitter_seconds} s later; how much follows from the schedule's id"
        found.append(Finding("jitter", Level.NOTE, "policy.jitter_seconds", message))
    return found


def by_weight(findings: list[Finding]) -> list[Finding]:
    """The worst first, otherwise as they come."""
    return sorted(findings, key=lambda one: list(Level).index(one.level))


def _blackouts(cadence: Cadence, policy: Policy, after: datetime) -> Iterator[Finding]:
    seen = 0
    first: Expected | None = None
    soon: list[Expected] = []
    for one in islice(forecast(cadence, policy, after), MOST):
        seen += 1
        first = first or (one if one.outcome is Outcome.FIRED else None)
        soon += [one] if seen <= _SOON else []
        if first and seen >= _SOON:
            break
    if first is None:
        if seen:
            every = "every slot" if seen < MOST else f"every one of the next {MOST} slots"
            message = f"never fires: {every} lies in a blackout"
            yield Finding("never_fires", Level.WARNING, "policy.blackouts", message)
        return
    lost = sum(one.outcome is not Outcome.FIRED for one in soon)
    if lost:
        message = f"{lost} of the next {len(soon)} slots do not fire: they lie in a blackout"
        yield Finding("blacked_out", Level.NOTE, "policy.blackouts", message)


def _pairs(slots: Iterator[Slot]) -> Iterator[tuple[Slot, Slot | None]]:
    """Each slot with the one after it, if there is one."""
    before = next(slots, None)
    while before is not None:
        later = next(slots, None)
        yield before, later
        before = later
