"""Schedules, with the fields and answers that older clients know."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from sqlalchemy import select
from werkzeug.exceptions import BadRequest

from app import idempotency, rows, schedule
from app.api.schemas import Message
from app.api.schemas_preview import FindingOut, PreviewIn, PreviewOut, SlotOut
from app.api.schemas_schedule import (
    ScheduleIn,
    ScheduleList,
    ScheduleOut,
    ScheduleQuery,
    ScheduleUpdate,
)
from app.auth import owner
from longshore import lateness
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules.cadence import lint
from schedules.forecast import by_weight, forecast, lint_policy

blueprint = APIBlueprint("schedules", __name__, url_prefix="/scheduled-exports", tag="Schedules")

MISSING = "Scheduled export not found"
BAD = {400: "A value that is not one of those it may be", 404: "No such file"}


@blueprint.before_request
def _answer_as_before() -> None:
    """Older clients know 400 for a value that cannot be meant."""
    g.invalid_status = 400


@blueprint.post("")
@blueprint.input(ScheduleIn, arg_name="body")
@blueprint.output(ScheduleOut, 201)
@blueprint.doc(responses=BAD)
def create_schedule(body: ScheduleIn) -> Any:
    """Export a stored document again and again: by the calendar, a cron expression or an interval; or once.

    Send `Idempotency-Key` and repeat the request as often as you like: it makes one schedule.
    """
    me = owner()
    accepted = idempotency.once_for_schedule(
        request, me, lambda session, now, _written: schedule.create(session, me, body, now=now).id
    )
    headers = {"Location": f"/api/scheduled-exports/{accepted.schedule_id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    with reading() as session:
        row = rows.find(session, ScheduledExport, me, accepted.schedule_id, missing=MISSING)
        return ScheduleOut.of(row, clock(session)), 201, headers


@blueprint.get("")
@blueprint.input(ScheduleQuery, location="query", arg_name="query")
@blueprint.output(ScheduleList)
def list_schedules(query: ScheduleQuery) -> Any:
    """List schedules, the newest first."""
    found = select(ScheduledExport).where(ScheduledExport.owner == owner())
    if query.user_id is not None:
        found = found.where(ScheduledExport.user_id == query.user_id)
    if query.file_id is not None:
        found = found.where(ScheduledExport.file_id == query.file_id)
    if query.is_active is not None:
        found = found.where(ScheduledExport.is_active == query.is_active)
    ordered = found.order_by(ScheduledExport.created_at.desc(), ScheduledExport.id)
    with reading() as session:
        now = clock(session)
        if query.health is not None:
            ordered = ordered.where(lateness.has(query.health, now))
        listed = [ScheduleOut.of(row, now) for row in session.scalars(ordered.limit(query.limit).offset(query.offset))]
    return ScheduleList(schedules=listed, count=len(listed))


@blueprint.get("/<uuid:schedule_id>")
@blueprint.output(ScheduleOut)
def get_schedule(schedule_id: uuid.UUID) -> Any:
    """Show one schedule with its counts and its last error."""
    with reading() as session:
        return ScheduleOut.of(
            rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING), clock(session)
        )


@blueprint.put("/<uuid:schedule_id>")
@blueprint.input(ScheduleUpdate, arg_name="body")
@blueprint.output(ScheduleOut)
@blueprint.doc(responses=BAD)
def update_schedule(schedule_id: uuid.UUID, body: ScheduleUpdate) -> Any:
    """Change a schedule in part. The whole is checked anew; a rule that changed counts from now on."""
    with transaction() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING, lock=True)
        if not body.sent:
            raise BadRequest("No fields to update")
        now = clock(session)
        schedule.update(session, row, body, now=now)
    return ScheduleOut.of(row, now)


@blueprint.delete("/<uuid:schedule_id>")
@blueprint.output(Message)
def delete_schedule(schedule_id: uuid.UUID) -> Any:
    """Delete a schedule. The exports that it made stay."""
    with transaction() as session:
        schedule.delete(session, rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING, lock=True))
    return Message(message="Scheduled export deleted successfully")


@blueprint.post("/preview")
@blueprint.input(PreviewIn, arg_name="body")
@blueprint.output(PreviewOut)
@blueprint.doc(responses={400: "A rule that cannot be meant"})
def preview(body: PreviewIn) -> Any:
    """Say when a rule would be due and fire, what is odd about it, and what it would deliver is called.

    Nothing is stored.
    """
    if body.after is not None and body.after.tzinfo is None:
        raise Invalid("after needs an offset from UTC, as 2030-01-01T09:00:00Z.", field="after")
    with reading() as session:
        after = body.after or clock(session)
        cadence = schedule.cadence_of(body, after)
        found = [
            SlotOut.of(one, schedule.path_of(session, owner(), body, one.slot.at))
            for one in islice(forecast(cadence, body.policy, after, body.remaining_runs), body.count)
        ]
    odd = lint_policy(cadence, body.policy, after) + lint(cadence, after)
    findings = [FindingOut.model_validate(one, from_attributes=True) for one in by_weight(odd)]
    return PreviewOut(description=str(cadence), slots=found, findings=findings)
