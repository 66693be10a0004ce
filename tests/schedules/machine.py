"""Users, beats, connections and clocks, in any order, beside the model; the real code works on a real database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import delete, select

from app import runs as by_hand
from app import schedule as edits
from app.api.schemas_schedule import ScheduleUpdate
from longshore import release
from longshore.db import reading, transaction
from longshore.errors import Conflict, Invalid
from longshore.models import Event, Export, ScheduledExport, ScheduleRun
from longshore.states import ExportState
from schedules import pauses
from schedules.backfill import backfill
from schedules.cadence import Cadence
from schedules.fire import fire_due, next_due
from schedules.policy import Catchup
from schedules.rule import expect
from schedules.running import OPEN
from tests.schedules.follow import FAULTS, each_waits_for_its_own_line, follow
from tests.schedules.ledger import NINE, change_connection, end, row, runs, tick
from tests.schedules.model import MOMENT, Model

Add = Callable[..., str]
MOST = 3
NIGHT = {"from_time": "22:00", "to_time": "06:00"}

rules = st.tuples(
    st.one_of(
        st.sampled_from([("09:00",), ("00:00", "12:30"), ("03:15", "03:16", "23:59")]),
        st.sampled_from([600, 3600, 5400]),
    ),
    st.sampled_from([None, None, None, 3, 30, 200]),
)
lefts = st.sampled_from([None, None, 1, 2, 5])
policies = st.fixed_dictionaries(
    {
        "overlap": st.sampled_from(["skip", "queue_one", "queue_all", "cancel_running", "allow"]),
        "catchup": st.sampled_from(["none", "latest", "all"]),
        "jitter_seconds": st.sampled_from([0, 0, 900, 7200]),
        "blackouts": st.sampled_from([[], [], [NIGHT]]),
        "in_blackout": st.sampled_from(["skip", "defer"]),
        "deadline_seconds": st.sampled_from([None, None, 900]),
        "catchup_window": st.sampled_from([None, None, 3600]),
        "pause_after": st.sampled_from([0, 1, 2]),
        "resume_after_seconds": st.sampled_from([None, 3600]),
        "pause_when_blocked": st.sampled_from([True, True, False]),
    }
)


spans = st.one_of(st.integers(1, 3600), st.integers(3600, 200_000), st.integers(-100_000, -1))
endings = st.sampled_from([ExportState.COMPLETED, ExportState.FAILED, ExportState.CANCELLED])


class Crash(BaseException):
    """The process dies before it commits."""


class Schedules(RuleBasedStateMachine):
    """What may happen to schedules, and what holds whatever did."""

    add: Add

    def __init__(self) -> None:
        super().__init__()
        self.now = NINE
        self.models: list[Model] = []
        self.ticked = True
        self.allowed: dict[str, int] = {}
        with transaction() as session:
            for table in (ScheduledExport, Event, Export):
                session.execute(delete(table))

    def change(self, model: Model, what: Callable[..., Any], **how: Any) -> Any:
        with transaction() as session:
            return what(session, session.get_one(ScheduledExport, model.key), now=self.now, **how)

    def put(self, model: Model, **sent: Any) -> None:
        self.change(model, edits.update, body=ScheduleUpdate.model_validate(sent))

    def chosen(self, data: Any) -> Model:
        return data.draw(st.sampled_from(self.models))

    @precondition(lambda self: len(self.models) < MOST)
    @rule(rule=rules, policy=policies, left=lefts)
    def create(self, rule: Any, policy: dict[str, Any], left: int | None) -> None:
        model = Model("", rule, policy, left)
        if model.first(self.now + MOMENT) is None:
            return  # such a rule is refused
        cadence = Cadence.read(**model.fields)
        more = {"rule": cadence.extras, "policy": policy, "remaining_runs": left}
        model.key = type(self).add(None, **more, **cadence.columns)
        with transaction() as session:
            expect(session.get_one(ScheduledExport, model.key), self.now)
        model.next = model.to_come(self.now, self.now)
        self.models.append(model)

    @rule(seconds=spans)
    def time_passes_or_jumps(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.ticked = False

    @rule(seconds=spans)
    def time_passes_and_beat_ticks(self, seconds: int) -> None:
        self.time_passes_or_jumps(seconds)
        self.beat_ticks()

    @precondition(lambda self: self.models)
    @rule(data=st.data(), state=endings)
    def exports_end_and_beat_ticks(self, data: Any, state: ExportState) -> None:
        self.exports_end(data, state)
        self.beat_ticks()

    @rule()
    def beat_ticks(self) -> None:
        before = {model.key: runs(model.key) for model in self.models}
        for _ in range(5):
            tick(self.now)
            with reading() as session:
                due = next_due(session)
            if due is None or due > self.now:
                break
        else:
            raise AssertionError("what is due stays due")
        for model in self.models:
            follow(model, before[model.key], self.now)
            each_waits_for_its_own_line(model)
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
        before, active = model.rule, model.next is not None
        if before == rule:
            self.put(model, **model.fields)
            return
        new = Model(model.key, rule, model.policy)
        if active and new.first(self.now + MOMENT) is None:
            with pytest.raises(Invalid):
                self.put(model, **new.fields)
            return
        if active:
            model.pass_until(self.now)
            had = model.until(model.next, self.now) if model.next else []
        elif model.owed and model.paused_at:
            model.due |= set(model.until(model.owed, min(self.now, model.paused_at)))
        self.put(model, **new.fields)
        model.rule = rule
        if active:
            has = model.until(model.next, self.now) if model.next else []
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(had[::-1], has[::-1], strict=False)))
            model.due |= set(had[: len(had) - same])
            model.next = had[-same] if same else model.to_come(self.now + MOMENT, self.now)
            model.once = None
        elif model.by:
            model.owed = self.now

    @precondition(lambda self: self.models)
    @rule(data=st.data(), policy=policies)
    def change_the_policy(self, data: Any, policy: dict[str, Any]) -> None:
        model = self.chosen(data)
        model.policy = policy
        self.put(model, policy=policy)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), left=lefts)
    def allow_so_many_runs(self, data: Any, left: int | None) -> None:
        model = self.chosen(data)
        model.left = left
        self.put(model, remaining_runs=left)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), state=st.sampled_from(["works", "works", "off", "refused"]))
    def connection_changes(self, data: Any, state: str) -> None:
        model = self.chosen(data)
        health = "needs_reconnect" if state == "refused" else "ok"
        change_connection(model.key, enabled=state != "off", health=health)
        model.blocked = state != "works"
        if not model.blocked:
            with transaction() as session:
                release.release_blocked(session, row(model.key).connection_id, now=self.now)
            if model.by in FAULTS:
                model.resume_at = self.now

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def pause(self, data: Any) -> None:
        model = self.chosen(data)
        self.change(model, pauses.pause)
        if model.next is not None:
            model.pass_until(self.now)
            model.pause(pauses.USER, self.now, model.next)
        model.by, model.resume_at = pauses.USER, None

    @precondition(lambda self: self.models)
    @rule(data=st.data(), catchup=st.sampled_from(Catchup))
    def resume(self, data: Any, catchup: Catchup) -> None:
        model = self.chosen(data)
        if model.next is not None or model.resume(self.now, str(catchup)):
            self.change(model, pauses.resume, catchup=catchup)
            return
        with pytest.raises(Invalid):
            self.change(model, pauses.resume, catchup=catchup)

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def run_by_hand(self, data: Any) -> None:
        with suppress(Conflict):  # its connection is off; or twice at the same instant, which a test's clock allows
            self.change(self.chosen(data), by_hand.run_now)

    @precondition(lambda self: self.models)
    @rule(data=st.data(), hours=st.integers(0, 20), unfired=st.booleans())
    def backfill(self, data: Any, hours: int, unfired: bool) -> None:
        """Beside slots that are due at this moment, or wait for their jitter: these are in the span."""
        model, since = self.chosen(data), self.now - timedelta(hours=hours)
        with transaction() as session:
            found = session.get_one(ScheduledExport, model.key)
            backfill(session, found, since, self.now, now=self.now, unfired=unfired)
        model.due |= set(model.until(since, self.now))

    @precondition(lambda self: self.models)
    @rule(data=st.data(), state=endings)
    def exports_end(self, data: Any, state: ExportState) -> None:
        end(self.chosen(data).key, state, self.now)

    @invariant()
    def no_run_was_never_due_and_after_a_tick_none_is_missing(self) -> None:
        for model in self.models:
            slots = [run.slot for run in runs(model.key) if run.trigger != "manual"]
            assert len(slots) == len(set(slots))
            assert set(slots) <= model.due
            if self.ticked:
                assert set(slots) == model.due

    @invariant()
    def each_run_that_started_has_its_own_export(self) -> None:
        with reading() as session:
            found = {run.id: run for run in session.scalars(select(ScheduleRun))}
            made = session.execute(select(Export.run_id, Export.schedule_id, Export.state)).all()
        assert sorted(run.id for run in found.values() if run.outcome == "fired") == sorted(one.run_id for one in made)
        for model in self.models:
            mine = [found[one.run_id] for one in made if one.schedule_id == model.key and one.state in OPEN]
            of = {name: sum(run.trigger == name for run in mine) for name in ("slot", "manual", "backfill")}
            if model.policy["overlap"] == "allow":
                self.allowed[model.key] = max(of["slot"], self.allowed.get(model.key, 0))
            assert of["slot"] <= max(1, self.allowed.get(model.key, 0))
            assert of["backfill"] <= 1

    @precondition(lambda self: self.ticked)
    @invariant()
    def each_row_waits_for_the_slot_that_comes_next(self) -> None:
        for model in self.models:
            assert row(model.key).next_run_at == model.next
