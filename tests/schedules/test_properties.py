"""Whatever happens in whatever order: each slot that was due has exactly one run, and none has one that was not.

A model that knows nothing of rows and queries says which slots these are; the real code works on a real database.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from app import runs as by_hand
from app import schedule as edits
from app.api.schemas_schedule import ScheduleUpdate
from longshore.db import reading, transaction
from longshore.errors import Conflict
from longshore.models import Event, Export, ScheduledExport, ScheduleRun
from longshore.states import ExportState
from schedules import pauses
from schedules.backfill import backfill
from schedules.cadence import Cadence
from schedules.fire import fire_due
from schedules.policy import Catchup
from schedules.rule import expect
from schedules.running import OPEN
from tests.schedules.ledger import NINE, end, row, tick
from tests.schedules.model import MOMENT, Model

Add = Callable[..., str]
MOST = 3
NIGHT = {"from_time": "22:00", "to_time": "06:00"}

rules = st.one_of(
    st.sampled_from([("09:00",), ("00:00", "12:30"), ("03:15", "03:16", "23:59")]),
    st.sampled_from([600, 3600, 5400]),
)
policies = st.fixed_dictionaries(
    {
        "overlap": st.sampled_from(["skip", "queue_one", "queue_all", "cancel_running", "allow"]),
        "catchup": st.sampled_from(["none", "latest", "all"]),
        "jitter_seconds": st.sampled_from([0, 0, 900, 7200]),
        "blackouts": st.sampled_from([[], [], [NIGHT]]),
        "in_blackout": st.sampled_from(["skip", "defer"]),
        "deadline_seconds": st.sampled_from([None, None, 900]),
        "catchup_window": st.sampled_from([None, 3600]),
    }
)


class Crash(BaseException):
    """The process dies before it commits."""


class Schedules(RuleBasedStateMachine):
    """Users, beats and clocks."""

    add: Add

    def __init__(self) -> None:
        super().__init__()
        self.now = NINE
        self.models: list[Model] = []
        self.ticked = True
        with transaction() as session:
            for table in (ScheduledExport, Event, Export):
                session.execute(delete(table))

    def change(self, model: Model, what: Callable[..., Any], **how: Any) -> Any:
        with transaction() as session:
            return what(session, session.get_one(ScheduledExport, model.key), now=self.now, **how)

    def chosen(self, data: Any) -> Model:
        return data.draw(st.sampled_from(self.models))

    @precondition(lambda self: len(self.models) < MOST)
    @rule(rule=rules, policy=policies)
    def create(self, rule: Any, policy: dict[str, Any]) -> None:
        model = Model("", rule, policy)
        cadence = Cadence.read(**model.fields)
        model.key = type(self).add(None, rule=cadence.extras, policy=policy, **cadence.columns)
        with transaction() as session:
            expect(session.get_one(ScheduledExport, model.key), self.now)
        model.next = model.to_come(self.now, self.now)
        self.models.append(model)

    @rule(seconds=st.one_of(st.integers(1, 3600), st.integers(3600, 200_000), st.integers(-100_000, -1)))
    def time_passes_or_jumps(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.ticked = False

    @rule()
    def beat_ticks(self) -> None:
        tick(self.now)
        for model in self.models:
            model.pass_until(self.now)
        self.ticked = True

    @rule()
    def beat_dies_before_it_commits(self) -> None:
        with pytest.raises(Crash):
            self.fire_and_die()

    def fire_and_die(self) -> None:
        with transaction() as session:
            fire_due(session, self.now, 100)
            raise Crash

    @precondition(lambda self: self.models)
    @rule(data=st.data(), rule=rules)
    def edit(self, data: Any, rule: Any) -> None:
        model = self.chosen(data)
        before, had = model.rule, []
        if before != rule and model.next is not None:
            model.pass_until(self.now)
            had = model.until(model.next, self.now)
        elif before != rule and model.owed and model.paused_at:
            model.due |= set(model.until(model.owed, min(self.now, model.paused_at)))
        model.rule = rule
        self.change(model, edits.update, body=ScheduleUpdate.model_validate(model.fields))
        if before != rule and model.next is not None:
            has = model.until(model.next, self.now)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(had[::-1], has[::-1], strict=False)))
            model.due |= set(had[: len(had) - same])
            model.next = had[-same] if same else model.to_come(self.now + MOMENT, self.now)
        elif before != rule:
            model.owed = self.now

    @precondition(lambda self: self.models)
    @rule(data=st.data(), policy=policies)
    def change_the_policy(self, data: Any, policy: dict[str, Any]) -> None:
        model = self.chosen(data)
        model.policy = policy
        self.change(model, edits.update, body=ScheduleUpdate.model_validate({"policy": policy}))

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def pause(self, data: Any) -> None:
        model = self.chosen(data)
        self.change(model, pauses.pause)
        if model.next is not None:
            model.pass_until(self.now)
            model.next, model.owed, model.paused_at = None, model.next, self.now

    @precondition(lambda self: self.models)
    @rule(data=st.data(), catchup=st.sampled_from(Catchup))
    def resume(self, data: Any, catchup: Catchup) -> None:
        model = self.chosen(data)
        self.change(model, pauses.resume, catchup=catchup)
        if model.next is None:
            since = min(model.owed or self.now, self.now)
            if catchup is Catchup.NONE:
                model.next = self.first_to_come(model, since)
            else:
                model.next = next(model.slots(since))

    def first_to_come(self, model: Model, since: datetime) -> datetime:
        """What was due before the pause ends as a run; what waits from then goes on, and the pause's own jitter."""
        assert model.paused_at is not None
        owed = model.owed or self.now
        for slot in model.until(owed, model.paused_at):
            if model.release(slot) > self.now:
                return slot
            model.due.add(slot)
        recent = self.now - timedelta(seconds=model.policy["jitter_seconds"])
        return model.to_come(max(since, recent, model.paused_at + MOMENT), self.now)

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def run_by_hand(self, data: Any) -> None:
        with suppress(Conflict):  # twice at the same instant, which a test's clock allows
            self.change(self.chosen(data), by_hand.run_now)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), hours=st.integers(1, 20), unfired=st.booleans())
    def backfill(self, data: Any, hours: int, unfired: bool) -> None:
        model, since = self.chosen(data), self.now - timedelta(hours=hours)
        with transaction() as session:
            found = session.get_one(ScheduledExport, model.key)
            backfill(session, found, since, self.now, now=self.now, unfired=unfired)
        for slot in model.slots(since):
            if slot > self.now:
                break
            model.due.add(slot)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), state=st.sampled_from([ExportState.COMPLETED, ExportState.FAILED, ExportState.CANCELLED]))
    def exports_end(self, data: Any, state: ExportState) -> None:
        end(self.chosen(data).key, state, self.now)

    @invariant()
    def no_run_was_never_due_and_after_a_tick_none_is_missing(self) -> None:
        with reading() as session:
            found = session.scalars(select(ScheduleRun).where(ScheduleRun.trigger != "manual")).all()
        for model in self.models:
            slots = [run.slot for run in found if run.schedule_id == model.key]
            assert len(slots) == len(set(slots))
            assert set(slots) <= model.due
            if self.ticked:
                assert set(slots) == model.due

    @invariant()
    def each_run_that_started_has_its_own_export(self) -> None:
        with reading() as session:
            runs = session.scalars(select(ScheduleRun)).all()
            made = session.execute(select(Export.run_id, Export.schedule_id, Export.state)).all()
        assert sorted(run.id for run in runs if run.outcome == "fired") == sorted(one.run_id for one in made)
        for model in self.models:
            serial = model.policy["overlap"] != "allow" and not any(run.trigger == "manual" for run in runs)
            running = [one for one in made if one.schedule_id == model.key and one.state in OPEN]
            assert not serial or len(running) <= max(1, self.ever_open(model, len(running)))

    def ever_open(self, model: Model, running: int) -> int:
        """A policy that was `allow` once may have left several open."""
        self.allowed = getattr(self, "allowed", {})
        if model.policy["overlap"] == "allow":
            self.allowed[model.key] = max(running, self.allowed.get(model.key, 0))
        return self.allowed.get(model.key, 0)

    @precondition(lambda self: self.ticked)
    @invariant()
    def each_row_waits_for_the_slot_that_comes_next(self) -> None:
        for model in self.models:
            assert row(model.key).next_run_at == model.next


def explore(schedule: Add, examples: int, steps: int) -> None:
    machine = type("Machine", (Schedules,), {"add": staticmethod(schedule)})
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    told = {"phases": (Phase.generate,), "report_multiple_bugs": False}  # shrinking such histories takes for ever
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=quiet, **told
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_slot_that_was_due_has_one_run_whatever_happens(schedule: Add, rung: list[str]) -> None:
    explore(schedule, examples=12, steps=15)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_slot_that_was_due_has_one_run_in_many_histories(
    schedule: Add, rung: list[str], record_property: Callable[[str, object], None]
) -> None:
    record_property("target", "0 slots lost, 0 doubled, 0 that were never due")
    explore(schedule, examples=60, steps=40)
    record_property("figure", "60 histories of up to 40 steps on each database")
