"""A schedule's row from what a client sent: made, changed, paused and resumed, with everything checked each time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import accept, orders, places, previews, rows
from app.api.schemas_cadence import CadenceIn
from app.api.schemas_order import FormatIn
from app.api.schemas_preview import PreviewIn
from app.api.schemas_schedule import ScheduleIn, ScheduleUpdate
from app.places import Place
from longshore import connections, naming, release
from longshore.conditions import Conditions
from longshore.errors import Invalid
from longshore.models import Connection, ScheduledExport
from longshore.packing import Packing
from schedules import policy
from schedules.cadence import MORE_FIELDS, SEED_FIELDS, Cadence, changed, next_slot
from schedules.pauses import pause, resume
from schedules.policy import Catchup
from schedules.rule import expect, first_due, rule_of, waiting_for
from schedules.settle import settle_all, settle_change, settle_owed

WHEN = (*SEED_FIELDS, *MORE_FIELDS)
CHANGED = "The schedule was changed before this slot was fired."
WHERE = ("destination_type", "destination_config", "connection_id")


def cadence_of(body: CadenceIn | ScheduledExport, now: datetime) -> Cadence:
    """The rule of a request or a row. An interval without a start begins now. Raises Invalid with the field's name."""
    when = body.when
    if isinstance(body, CadenceIn) and when["schedule_type"] == "interval" and when["start_at"] is None:
        when["start_at"] = now
    return Cadence.read(**when)


def create(session: Session, owner: str, body: ScheduleIn, *, now: datetime) -> ScheduledExport:
    """A new schedule, due at its next slot. Raises Invalid, NotFound, Unavailable."""
    cadence = cadence_of(body, now)
    first_due(cadence, now)
    row = ScheduledExport(
        owner=owner,
        formats=[],
        further=[],
        user_id=body.user_id or owner,
        remaining_runs=body.remaining_runs,
        folder=body.folder,
        file_name=body.file_name or "",
        conflict=body.conflict,
        max_attempts=body.max_attempts,
        packing=Packing.checked(body.compress, body.encrypt_to, "").stored(),
        is_active=body.is_active,
        policy=body.policy.model_dump(mode="json", exclude_unset=True),
        paused_at=None if body.is_active else now,
        paused_by="" if body.is_active else "user",
        run_count=0,
        error_count=0,
        created_at=now,
        updated_at=now,
        created_by=owner,
    )
    _write_cadence(row, cadence)
    _check_once(body)
    orders.write_document(session, row, body)
    if body.formats is None:
        asked = FormatIn(format=body.export_format, preset=body.preset, settings=body.export_settings)
        orders.write_first_format(session, row, asked)
    else:
        orders.write_formats(session, row, body.formats)
    orders.write_conditions(row, body.conditions or Conditions())
    if body.deliveries is not None:
        orders.write_places(session, row, body.deliveries, now=now)
    elif body.connection_id is not None:
        _use(row, places.by_id(session, owner, body.connection_id, "connection_id"))
    else:
        name = body.destination_type or places.LOCAL
        place = places.inline(name, body.destination_config, field="destination_type")
        _deliver_to(session, row, name, place, now=now)
    _check_names(row)
    session.add(row)
    session.flush()
    expect(row, now)
    session.flush()
    return row


def update(session: Session, row: ScheduledExport, body: ScheduleUpdate, *, now: datetime) -> None:
    """Change what was sent, check the whole anew, and compute the next run where the rule changed.

    Raises Invalid, NotFound, Unavailable; the caller rolls back.
    """
    sent = body.sent
    for name in ("user_id", "folder", "file_name", "conflict", "max_attempts"):
        if name in sent:
            setattr(row, name, sent[name])
    if sent.keys() & {"compress", "encrypt_to"}:
        had = Packing.of(row.packing)
        asked = Packing.checked(sent.get("compress", had.compress), sent.get("encrypt_to", had.encrypt_to), "")
        row.packing = asked.stored()
    _change_order(session, row, body, now=now)
    if sent.keys() & set(WHERE):
        _change_place(session, row, sent, now=now)
    if sent.keys() & {*WHEN, "policy", "is_active", "remaining_runs"}:
        _change_firing(session, row, body, now=now)
    _check_names(row)
    if sent != {"is_active": False}:  # one that cannot run any more may still be paused
        _check_whole(session, row)
    row.updated_at = now
    session.flush()


def path_of(session: Session, owner: str, body: PreviewIn, at: datetime) -> str:
    """Where the file of a slot would go. Raises Invalid, NotFound."""
    folder, name = previews.address(
        session,
        owner,
        folder=body.folder,
        name=body.file_name or "",
        file_id=body.file_id,
        form=body.export_format,
        packing=Packing.checked(body.compress, body.encrypt_to, ""),
        moment=previews.Moment(at, body.timezone, body.schedule_type),
    )
    return f"{folder}/{name}".lstrip("/")


def delete(session: Session, row: ScheduledExport) -> None:
    """Delete a schedule with its runs and its one-use connections; the exports it made stay."""
    used = orders.connections_of(row)
    session.delete(row)
    session.flush()
    for connection_id in used:
        connections.drop_one_use(session, connection_id)


def _change_order(session: Session, row: ScheduledExport, body: ScheduleUpdate, *, now: datetime) -> None:
    _check_once(body)
    sent = body.sent
    document = sent.keys() & {"file_id", "source_url", "source_kind"}
    if document:
        orders.write_document(session, row, body)
    if body.formats is not None:
        orders.write_formats(session, row, body.formats)
    elif sent.keys() & {"export_format", "export_settings", "preset"}:
        orders.change_first_format(session, row, sent)
    elif document:
        orders.check_formats(session, row)
    if body.conditions is not None:
        orders.write_conditions(row, body.conditions)
    elif document:
        orders.check_conditions(row)
    if body.deliveries is not None:
        orders.write_places(session, row, body.deliveries, now=now)


def _check_once(body: ScheduleIn | ScheduleUpdate) -> None:
    """The list of all, or the fields of the first: together they could mean two things. Raises Invalid."""
    first = {
        "formats": (body.export_format, body.export_settings, body.preset),
        "deliveries": (body.connection_id, body.destination_type, body.destination_config),
    }
    for name, fields in first.items():
        if getattr(body, name) is not None and any(fields):
            raise Invalid(f"Send `{name}`, or the fields of the first of them; not both.", field=name)


def _change_firing(session: Session, row: ScheduledExport, body: ScheduleUpdate, *, now: datetime) -> None:
    sent = body.sent
    if sent.keys() & {*WHEN, "policy", "is_active", "remaining_runs"} == {"is_active"} and not sent["is_active"]:
        pause(session, row, now=now)  # whatever its rule means
        return
    row.remaining_runs = sent.get("remaining_runs", row.remaining_runs)
    asked = {name: sent[name] for name in WHEN if name in sent}
    cadence = changed(row.when, asked | _anchor(row, sent, now))
    if asked and cadence.columns | cadence.extras != _stored(row):
        _change_cadence(session, row, cadence, now=now)
    elif row.is_active and row.next_run_at is None:
        expect(row, now)
    if body.policy is not None:
        _change_policy(row, body.policy.model_dump(mode="json", exclude_unset=True), now=now)
    if sent.get("is_active") is True:
        resume(session, row, now=now, catchup=Catchup.NONE)
    elif sent.get("is_active") is False:
        pause(session, row, now=now)
    _check_release(row, now)


def _check_release(row: ScheduledExport, now: datetime) -> None:
    """Raise Invalid where rule and policy together mean nothing, also for one that is paused and waits for no slot."""
    rule = rule_of(row)
    slot = next_slot(rule.cadence, now)
    if slot is not None:
        rule.release(slot)


def _change_cadence(session: Session, row: ScheduledExport, cadence: Cadence, *, now: datetime) -> None:
    """A new rule counts from now on; what the old one owes is entered as missed.

    A slot that waits for its jitter goes on waiting where the new rule has it, too; nothing else of the past
    fires. Raises Invalid where it has none.
    """
    if row.is_active:
        since = settle_change(session, row, settle_owed(session, row, CHANGED, now=now), cadence, CHANGED, now=now)
        _write_cadence(row, cadence)
        first_due(cadence, now)
        expect(row, now, since)
        row.resumed_at = row.catchup_once = None
        return
    settle_all(session, row, row.owed_from, min(row.paused_at or now, now), CHANGED, now=now)
    _write_cadence(row, cadence)
    if row.paused_by:
        row.owed_from = now


def _anchor(row: ScheduledExport, sent: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A rule that becomes an interval counts from now, where nothing else is said."""
    fresh = sent.get("schedule_type") == "interval" != row.schedule_type
    return {"start_at": now} if fresh and sent.get("start_at") is None and "start_at" not in row.rule else {}


def _stored(row: ScheduledExport) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SEED_FIELDS} | row.rule


def _change_policy(row: ScheduledExport, sent: dict[str, Any], *, now: datetime) -> None:
    """What is sent is changed; what is owed at this moment is dealt with by the new policy. Raises Invalid."""
    row.policy = row.policy | sent
    policy.read(row.policy)
    if row.next_run_at is not None:
        rule = rule_of(row)
        for name, value in waiting_for(rule, (row.next_run_at, rule.release(row.next_run_at).at), now).items():
            setattr(row, name, value)


def _change_place(session: Session, row: ScheduledExport, sent: dict[str, Any], *, now: datetime) -> None:
    """A new place; where only secrets change, the connection stays and deliveries that waited for it go on."""
    old = rows.find(session, Connection, row.owner, row.connection_id, lock=True)
    if "connection_id" in sent:
        _use(row, places.by_id(session, row.owner, sent["connection_id"], "connection_id"))
    else:
        name = sent.get("destination_type", row.destination_type)
        destination, _kind = places.destination_named(name, "destination_type")
        same = destination == old.destination
        config = sent.get("destination_config", row.destination_config if same else {})
        if same and old.one_off:
            config = {**connections.open_secrets(old), **config}
        place = places.inline(name, config, field="destination_type")
        if same and old.one_off and place.secrets and place.options == old.options:
            connections.seal_secrets(old, place.secrets)
            old.health, old.last_error, old.updated_at = connections.UNTESTED, None, now
            release.release_blocked(session, old.id, now=now)
            _describe(row, name, place)
            return
        _deliver_to(session, row, name, place, now=now)
    session.flush()
    if row.connection_id != old.id:
        connections.drop_one_use(session, old.id)


def _check_whole(session: Session, row: ScheduledExport) -> None:
    """What was not sent may mean nothing any more: a document that was deleted, say. Raises Invalid, NotFound."""
    if row.file_id is not None:
        accept.stored(session, row.owner, row.file_id, "File not found")
    orders.check_formats(session, row)
    orders.check_conditions(row)
    rule_of(row)


def _check_names(row: ScheduledExport) -> None:
    naming.check_folder(row.folder, "folder")
    naming.check(row.file_name, "file_name")


def _write_cadence(row: ScheduledExport, cadence: Cadence) -> None:
    for name, value in cadence.columns.items():
        setattr(row, name, value)
    row.rule = cadence.extras


def _use(row: ScheduledExport, connection: Connection) -> None:
    row.connection_id, row.destination_type = connection.id, connection.destination
    row.destination_config = connection.options


def _deliver_to(session: Session, row: ScheduledExport, name: str, place: Place, *, now: datetime) -> None:
    """The client's own word for the destination is kept, since it is what it looks for in the answers."""
    row.connection_id = place.connect(session, row.owner, now=now).id
    _describe(row, name, place)


def _describe(row: ScheduledExport, name: str, place: Place) -> None:
    row.destination_type = name
    row.destination_config = place.options | ({"folder": place.folder} if place.folder else {})
    row.folder = place.folder or row.folder
