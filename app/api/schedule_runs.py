"""What became of a schedule's slots, and what may be asked of it: run, pause, resume, backfill."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import idempotency, rows, runs, wait
from app.api.schedules import MISSING
from app.api.schemas_run import (
    BackfilledSlot,
    BackfillIn,
    BackfillOut,
    PauseIn,
    ResumeIn,
    RunList,
    RunOut,
    RunQuery,
    Step,
)
from app.api.schemas_schedule import ScheduleOut
from app.auth import owner
from longshore.db import clock, reading, transaction
from longshore.errors import NotFound
from longshore.models import Export, ScheduledExport, ScheduleRun
from schedules.backfill import backfill
from schedules.pauses import pause, resume

blueprint = APIBlueprint("schedule_runs", __name__, url_prefix="/scheduled-exports/<uuid:schedule_id>", tag="Schedules")


@blueprint.before_request
def _answer_as_before() -> None:
    """As for every request about schedules."""
    g.invalid_status = 400


@blueprint.get("/runs")
@blueprint.input(RunQuery, location="query", arg_name="query")
@blueprint.output(RunList)
def list_runs(schedule_id: uuid.UUID, query: RunQuery) -> Any:
    """List what became of each slot, the latest first, with its exports and how they ended."""
    with reading() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING)
        found = select(ScheduleRun).where(ScheduleRun.schedule_id == row.id)
        if query.outcome:
            found = found.where(ScheduleRun.outcome.in_([one.strip() for one in query.outcome.split(",")]))
        if query.result:
            wanted = [one.strip() for one in query.result.split(",")]
            found = found.where(runs.with_result(session, row.id, wanted))
        if query.trigger:
            found = found.where(ScheduleRun.trigger == str(query.trigger))
        ordered = found.order_by(ScheduleRun.slot.desc())
        page, total = rows.page(session, ordered, limit=query.limit, offset=query.offset)
        return RunList(runs=runs.shown(session, page), total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/runs/<uuid:run_id>")
@blueprint.output(RunOut)
def get_run(schedule_id: uuid.UUID, run_id: uuid.UUID) -> Any:
    """Show one run with its exports and how they ended."""
    with reading() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING)
        run = session.get(ScheduleRun, str(run_id))
        if run is None or run.schedule_id != row.id:
            raise NotFound("There is no such run.")
        return runs.shown(session, [run])[0]


@blueprint.post("/run")
@blueprint.output(RunOut, 202, description="Started; with `Prefer: wait=N` and 200: it has ended within N seconds")
@blueprint.doc(responses={409: "It cannot run now"})
def run_schedule(schedule_id: uuid.UUID) -> Any:
    """Run a schedule now, paused or not. Its next slot and what runs already are left alone.

    Send `Idempotency-Key` and repeat the request as often as you like: it runs once. With `Prefer: wait=N` the answer
    waits up to N seconds (at most 60) for the run to end.
    """
    me = owner()

    def run(session: Session, now: datetime, _written: list[str]) -> str:
        row = rows.find(session, ScheduledExport, me, schedule_id, missing=MISSING, lock=True)
        return runs.run_now(session, row, now=now)

    accepted = idempotency.once(request, me, run)
    with reading() as session:
        run_id = rows.find(session, Export, me, accepted.export_id).run_id or ""
        mine = list(session.scalars(select(Export.id).where(Export.run_id == run_id)))
    seconds = wait.preferred(request)
    ended = seconds is not None and wait.until_all_ended(mine, seconds)
    headers = {"Location": f"/api/scheduled-exports/{schedule_id}/runs/{run_id}"}
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds}"
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    with reading() as session:
        found = session.get(ScheduleRun, run_id)
        if found is None:
            raise NotFound(MISSING)
        return runs.shown(session, [found])[0], 200 if ended else 202, headers


@blueprint.post("/pause")
@blueprint.input(PauseIn, location="query", arg_name="query")
@blueprint.output(ScheduleOut)
def pause_schedule(schedule_id: uuid.UUID, query: PauseIn) -> Any:
    """Stop firing until it is resumed. What runs goes on; what is queued waits."""
    with transaction() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING, lock=True)
        now = clock(session)
        pause(session, row, now=now, reason=query.reason)
    return ScheduleOut.of(row, now)


@blueprint.post("/resume")
@blueprint.input(ResumeIn, location="query", arg_name="query")
@blueprint.output(ScheduleOut)
@blueprint.doc(responses={400: "It is over"})
def resume_schedule(schedule_id: uuid.UUID, query: ResumeIn) -> Any:
    """Fire again, from the next slot on; with `catchup` also what passed meanwhile."""
    with transaction() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING, lock=True)
        now = clock(session)
        resume(session, row, now=now, catchup=query.catchup)
    return ScheduleOut.of(row, now)


@blueprint.post("/backfill")
@blueprint.input(BackfillIn, arg_name="body")
@blueprint.output(BackfillOut)
@blueprint.doc(responses={400: "A span that is senseless, or has more than 1000 slots"})
def backfill_schedule(schedule_id: uuid.UUID, body: BackfillIn) -> Any:
    """Make up for slots of the past that have no run, paused or not. Asked twice, it happens once.

    They start one after another, whatever the policy on overlaps.
    """
    with transaction() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING, lock=True)
        how = {"unfired": body.unfired, "dry_run": body.dry_run}
        found = backfill(session, row, body.since, body.until, now=clock(session), **how)
    listed = [
        BackfilledSlot(slot=one.slot, run=one.run, step=Step.QUEUED if one.queued else Step.LEFT) for one in found
    ]
    return BackfillOut(dry_run=body.dry_run, queued=sum(one.queued for one in found), slots=listed)
