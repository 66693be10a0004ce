"""What one tick of beat did to a schedule, held against the model; what only the code decides, the model takes over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from longshore.models import ScheduledExport, ScheduleRun
from schedules import pauses
from schedules.running import OPEN
from tests.schedules.ledger import exports, row, runs
from tests.schedules.model import LATE, MOMENT, Model

FAULTS = {pauses.FAILURES, pauses.BLOCKED}
OFF = "The connection of this schedule is switched off"


def each_waits_for_its_own_line(model: Model) -> None:
    """A slot that was due waits for its like, not for a backfill beside it; a backfill waits for both."""
    found = {run.id: run for run in runs(model.key)}
    waits = {run.trigger for run in found.values() if run.queued_at}
    open_now = {found[one.run_id].trigger for one in exports(model.key) if one.state in OPEN}
    assert "backfill" not in waits or open_now
    assert "slot" not in waits or model.by or open_now & {"slot", "manual"}


def follow(model: Model, before: Sequence[ScheduleRun], now: datetime) -> None:
    """What this tick did to one schedule must be what its rule and policy say."""
    found, after = row(model.key), runs(model.key)
    was = {run.id: run for run in before}
    again = model.by in FAULTS and model.pause_is_over(now)
    if again and not model.resume(now, None):
        model.by, model.resume_at = pauses.USER, None
    new = [run for run in after if run.id not in was or was[run.id].outcome != run.outcome]
    off = [run for run in new if run.outcome == "missed" and run.reason.startswith(OFF)]
    ended = [run.result for run in after if run.result and not (run.id in was and was[run.id].result)]
    failed = len(off) + ended.count("failed") * (not again)
    model.count(failed=failed, arrived=ended.count("completed"))
    own = [run for run in new if run.trigger == "slot"]
    if model.left is not None:
        model.left -= sum(run.outcome == "fired" for run in own)
        assert model.left >= 0, "more runs than were left"
    assert found.remaining_runs == model.left
    if model.policy["pause_when_blocked"] and model.blocked and (found.is_active or found.paused_by):
        assert not set(off) & set(own), "missed, though it was to wait for its connection"
        assert not any(run.outcome == "fired" for run in own), "fired into a connection that is blocked"
    _was_made_up_for(model, [run for run in own if run.id not in was], now)
    if model.next is None:
        return
    if found.is_active:
        model.pass_until(now)
        assert not (failed and 0 < model.policy["pause_after"] <= model.failures[0]), "it was to be paused"
    elif found.paused_by in FAULTS:
        _is_paused_for_a_fault(model, found, now)
    elif model.left == 0:
        model.due |= set(model.until(model.next, now))
        model.finish()
    else:
        model.pass_until(now)
        assert model.next is None, "it ended too early"
        model.finish()


def _was_made_up_for(model: Model, new: Sequence[ScheduleRun], now: datetime) -> None:
    late = [run for run in new if model.release(run.slot) + LATE < now]
    fired = sum(run.outcome in {"fired", "queued"} for run in late)
    match model.once or model.policy["catchup"]:
        case "none":
            assert not fired
        case "latest":
            assert fired <= 1
        case _:
            deferred = model.policy["blackouts"] and model.policy["in_blackout"] == "defer"
            assert deferred or not any(run.outcome == "coalesced" for run in late)


def _is_paused_for_a_fault(model: Model, found: ScheduledExport, now: datetime) -> None:
    """What it owes from is its own word; the ledger must agree, and each slot from there on gets its run later."""
    owed, seconds = found.owed_from, model.policy["resume_after_seconds"]
    assert owed is not None
    assert model.next is not None
    assert owed == model.first(owed) >= model.next
    model.due |= set(model.until(model.next, owed - MOMENT))
    model.pause(found.paused_by, now, owed)
    model.resume_at = now + timedelta(seconds=seconds) if seconds else None
    assert (found.paused_at, found.resume_at) == (now, model.resume_at)
    if found.paused_by == pauses.BLOCKED:
        assert model.blocked
        assert model.policy["pause_when_blocked"]
    else:
        assert 0 < model.policy["pause_after"] <= model.failures[1]
