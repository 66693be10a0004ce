from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from longshore import exports
from longshore.db import reading, transaction
from longshore.models import Connection, Delivery, Export, File, ScheduledExport, ScheduleRun
from schedules import catchup, fire
from schedules.fire import due_rows, fire_due, next_due

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

Add = Callable[..., str]


def fire_at(now: datetime, limit: int = 100) -> int:
    with transaction() as session:
        return fire_due(session, now, limit)


def row(schedule_id: str) -> ScheduledExport:
    with reading() as session:
        return session.get_one(ScheduledExport, schedule_id)


def runs(schedule_id: str) -> Sequence[ScheduleRun]:
    with reading() as session:
        query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id).order_by(ScheduleRun.slot)
        return session.scalars(query).all()


def count(model: type[Export | Delivery | ScheduleRun]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_due_schedule_becomes_an_export_with_its_delivery(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, file_name="weekly plan", conflict="overwrite")
    assert fire_at(NINE) == 1
    with reading() as session:
        export = session.scalars(select(Export)).one()
        delivery = session.scalars(select(Delivery)).one()
    assert (export.owner, export.kind, export.format, export.name) == ("ann", "mermaid", "svg", "weekly plan")
    assert (export.state, export.settings, export.file_version) == ("initiated", {"scale": 2}, 1)
    assert (delivery.export_id, delivery.folder, delivery.conflict) == (export.id, "plans", "overwrite")
    (run,) = runs(schedule_id)
    assert (run.slot, run.outcome, run.reason, run.export_id) == (NINE, "fired", "", export.id)
    assert rung == [export.id]


def test_the_row_moves_on_to_its_next_slot(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, last_error="of yesterday", error_count=1)
    fire_at(NINE + timedelta(seconds=3))
    after = row(schedule_id)
    assert after.next_run_at == NINE + DAY
    assert after.last_run_at == NINE + timedelta(seconds=3)
    assert (after.run_count, after.error_count, after.last_error) == (1, 1, None)


def test_nothing_fires_before_its_time_twice_or_while_inactive(schedule: Add, rung: list[str]) -> None:
    schedule(NINE)
    schedule(NINE, is_active=False)
    schedule(None)
    assert fire_at(NINE - timedelta(microseconds=1)) == 0
    assert [fire_at(NINE), fire_at(NINE)] == [1, 0]
    assert count(Export) == 1


def test_the_longest_overdue_fire_first_and_a_batch_has_a_limit(schedule: Add, rung: list[str]) -> None:
    late, later = schedule(NINE), schedule(NINE - DAY)
    assert fire_at(NINE, limit=1) == 1
    assert (len(runs(later)), len(runs(late))) == (2, 0)
    with reading() as session:
        assert next_due(session) == NINE


def test_after_downtime_the_latest_slot_fires_once_and_the_older_are_on_record(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    now = NINE + 3 * DAY + timedelta(hours=2)
    assert fire_at(now) == 1
    found = runs(schedule_id)
    assert [(run.slot, run.outcome) for run in found] == [
        (NINE, "coalesced"),
        (NINE + DAY, "coalesced"),
        (NINE + 2 * DAY, "coalesced"),
        (NINE + 3 * DAY, "fired"),
    ]
    assert found[0].reason == (
        "No scheduler was running when this slot passed; the slot of 2026-03-05 09:00 UTC was fired for it."
    )
    assert row(schedule_id).next_run_at == NINE + 4 * DAY
    assert row(schedule_id).run_count == count(Export) == len(rung) == 1


@pytest.mark.parametrize("days", [150, 2500])
def test_after_long_downtime_every_slot_has_its_run_but_each_transaction_is_short(
    schedule: Add, rung: list[str], days: int
) -> None:
    first = NINE - days * DAY
    schedule_id = schedule(first)
    other = schedule(NINE - timedelta(minutes=1))
    taken = 0
    while fire_at(NINE):
        taken += 1
        assert len(runs(schedule_id)) <= taken * catchup.BUDGET
    assert taken == 1 + days // catchup.BUDGET
    found = runs(schedule_id)
    assert [run.slot for run in found] == [first + n * DAY for n in range(days + 1)]
    assert [run.outcome for run in found] == ["coalesced"] * days + ["fired"]
    assert {run.reason for run in found[:days]} <= {
        "No scheduler was running when this slot passed; only the latest such slot is made up for.",
        "No scheduler was running when this slot passed; the slot of 2026-03-02 09:00 UTC was fired for it.",
    }
    assert runs(other)[-1].outcome == "fired"


def test_a_local_time_that_the_clock_skips_fires_at_the_end_of_the_gap(schedule: Add, rung: list[str]) -> None:
    the_day_before = datetime(2026, 3, 7, 7, 30, tzinfo=UTC)
    schedule_id = schedule(the_day_before, schedule_time=time(2, 30), timezone="America/New_York")
    fire_at(the_day_before)
    due = row(schedule_id).next_run_at
    assert due == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
    fire_at(due)
    assert row(schedule_id).next_run_at == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)


def test_a_local_time_that_comes_twice_fires_once(schedule: Add, rung: list[str]) -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    schedule_id = schedule(first, schedule_time=time(1, 30), timezone="America/New_York")
    for minutes in range(0, 26 * 60, 10):
        fire_at(first + timedelta(minutes=minutes))
    assert [run.slot for run in runs(schedule_id)] == [first, datetime(2026, 11, 2, 6, 30, tzinfo=UTC)]


def forget_document(session: Session, broken: ScheduledExport) -> None:
    session.execute(update(File).where(File.id == broken.file_id).values(deleted_at=NINE))


def switch_off(session: Session, broken: ScheduledExport) -> None:
    session.execute(update(Connection).where(Connection.id == broken.connection_id).values(enabled=False))


def give_connection_away(session: Session, broken: ScheduledExport) -> None:
    session.execute(update(Connection).where(Connection.id == broken.connection_id).values(owner="bob"))


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        (forget_document, "The document of this schedule was deleted."),
        (give_connection_away, "The connection of this schedule was deleted."),
        (switch_off, "The connection of this schedule is switched off."),
    ],
)
def test_a_schedule_that_cannot_fire_says_why_moves_on_and_holds_nobody_up(
    schedule: Add, rung: list[str], breakage: Callable[[Session, ScheduledExport], None], reason: str
) -> None:
    before, after = schedule(NINE - 2 * DAY), schedule(NINE)
    broken = schedule(NINE - DAY, policy={"pause_when_blocked": False})
    with transaction() as session:
        breakage(session, session.get_one(ScheduledExport, broken))
    assert fire_at(NINE) == 3
    assert [run.outcome for run in runs(broken)] == ["coalesced", "missed"]
    assert runs(broken)[-1].reason.startswith(reason)
    assert runs(broken)[-1].export_id is None
    found = row(broken)
    assert (found.run_count, found.error_count, found.next_run_at) == (0, 1, NINE + DAY)
    assert (found.last_error or "").startswith(reason)
    assert found.last_run_at is None
    assert [runs(each)[-1].outcome for each in (before, after)] == ["fired", "fired"]
    assert len(rung) == count(Export) == 2


def test_an_unexpected_error_costs_one_slot_and_nobody_elses_doorbell(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, broken, after = schedule(NINE - timedelta(seconds=2)), schedule(NINE), schedule(NINE)
    add_delivery = exports.add_delivery
    culprit = row(broken).connection_id

    def break_one(session: Session, export: Export, request: exports.DeliveryRequest, *, now: datetime) -> Delivery:
        delivery = add_delivery(session, export, request, now=now)
        if request.connection.id == culprit:
            session.execute(text("insert into pulses (name) values ('no time: a constraint fails')"))
        return delivery

    monkeypatch.setattr(exports, "add_delivery", break_one)
    assert fire_at(NINE) == 3
    assert runs(broken)[0].outcome == "missed"
    assert "operator's log" in runs(broken)[0].reason
    assert row(broken).next_run_at == NINE + DAY
    assert {runs(each)[-1].export_id for each in (before, after)} == set(rung)
    assert len(rung) == count(Export) == count(Delivery) == 2


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone must be an IANA name"),
        ({"schedule_type": "weekly"}, "a weekly schedule needs schedule_day_of_week"),
        ({"schedule_type": "hourly"}, "schedule_type must be one of"),
    ],
)
def test_a_row_that_means_nothing_waits_to_be_corrected(
    schedule: Add, rung: list[str], columns: dict[str, str], reason: str
) -> None:
    broken, sound = schedule(NINE - DAY, **columns), schedule(NINE)
    assert fire_at(NINE) == 2
    found = row(broken)
    assert (found.next_run_at, found.error_count, found.is_active) == (None, 1, True)
    assert (found.last_error or "").startswith(reason)
    assert [(run.outcome, run.slot) for run in runs(broken)] == [("missed", NINE - DAY)]
    assert [run.outcome for run in runs(sound)] == ["fired"]
    assert fire_at(NINE + timedelta(minutes=1)) == 0


def test_a_slot_that_has_a_run_already_is_not_fired_again(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    fire_at(NINE)
    with transaction() as session:
        session.execute(update(ScheduledExport).values(next_run_at=NINE, fire_at=NINE))  # as after a restore
    assert fire_at(NINE) == 1
    assert row(schedule_id).next_run_at == NINE + DAY
    assert count(Export) == count(ScheduleRun) == 1


def test_a_row_that_somebody_else_has_advanced_is_left_alone(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_id = schedule(NINE)

    owed_slots = fire.owed_slots

    def advanced_meanwhile(*arguments: Any, **named: Any) -> catchup.Owed:
        moved = update(ScheduledExport).values(next_run_at=NINE + DAY).execution_options(synchronize_session=False)
        session.execute(moved)
        return owed_slots(*arguments, **named)

    monkeypatch.setattr(fire, "owed_slots", advanced_meanwhile)
    with transaction() as session:
        assert fire_due(session, NINE, 10) == 0
    assert row(schedule_id).next_run_at == NINE + DAY
    assert count(Export) == count(ScheduleRun) == 0


def test_a_failing_database_undoes_the_batch_and_the_next_one_fires_it(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_id = schedule(NINE)

    def lose_the_connection(*_arguments: object, **_named: object) -> Export:
        raise OperationalError("insert", {}, Exception("server closed the connection unexpectedly"))

    with monkeypatch.context() as patched:
        patched.setattr(exports, "submit", lose_the_connection)
        with pytest.raises(OperationalError):
            fire_at(NINE)
    assert (count(ScheduleRun), row(schedule_id).next_run_at, rung) == (0, NINE, [])
    assert fire_at(NINE) == 1
    assert len(rung) == 1


def test_due_rows_are_found_through_the_index(schedule: Add, rung: list[str]) -> None:
    schedule(NINE)
    with transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("set local enable_seqscan = off"))
            plan = "explain "
        else:
            plan = "explain query plan "
        for query in (due_rows(NINE, 10), fire.next_due_query()):
            compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            found = "\n".join(str(line) for line in session.execute(text(plan + str(compiled))))
            assert "ix_scheduled_exports_due" in found
            assert "TEMP B-TREE" not in found


def test_a_run_s_file_is_named_for_its_slot(schedule, rung):
    slot = datetime(2026, 3, 1, 9, tzinfo=UTC)
    for file_name, of_export, of_delivery in (("{name} {date}", "Plan", "{name} {date}"), ("Report", "Report", "")):
        row_id = schedule(slot, file_name=file_name, timezone="Asia/Tokyo", folder="{year}")
        fire_at(slot + timedelta(minutes=5))
        with reading() as session:
            export = session.query(Export).where(Export.schedule_id == row_id).one()
            delivery = session.query(Delivery).where(Delivery.export_id == export.id).one()
            assert (export.slot, export.timezone, export.schedule) == (slot, "Asia/Tokyo", "daily")
            assert (export.name, delivery.name, delivery.folder) == (of_export, of_delivery, "{year}")
