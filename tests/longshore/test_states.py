from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.db import transaction
from longshore.models import Event
from longshore.states import SETTLED, TERMINAL, TRANSITIONS, DeliveryState, ExportState, move, sources
from tests.rows import export_row, submitted

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_move_from_the_wrong_state_changes_nothing(database):
    export_id = submitted()
    with transaction() as session:
        assert move(session, export_id, ExportState.EXPIRED, now=NOW) is None
    assert export_row(export_id).state == "initiated"


def test_a_move_is_recorded_as_an_event(database):
    export_id = submitted()
    with transaction() as session:
        moved = move(session, export_id, ExportState.CANCELLED, now=NOW)
        assert moved is not None
        kinds = [event.kind for event in session.query(Event).order_by(Event.id)]
    assert kinds == ["export.initiated", "export.cancelled"]


def test_a_fenced_worker_changes_nothing(database):
    export_id = submitted()
    with transaction() as session:
        move(session, export_id, ExportState.PROCESSING, now=NOW, attempt=2)
    with transaction() as session:
        assert move(session, export_id, ExportState.COMPLETED, now=NOW, fence=1) is None
        assert move(session, export_id, ExportState.COMPLETED, now=NOW, fence=2) is not None


def test_of_many_movers_one_wins(database):
    export_id = submitted()
    wins = []

    def try_it():
        with transaction() as session:
            if move(session, export_id, ExportState.CANCELLED, now=NOW):
                wins.append(1)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wins == [1]


@pytest.mark.parametrize("kind", [ExportState, DeliveryState])
def test_every_state_has_its_row_in_the_table_and_can_be_reached(kind):
    assert set(TRANSITIONS[kind]) == set(kind)
    starts = {ExportState.INITIATED, DeliveryState.PENDING}
    for state in kind:
        assert state in starts or sources(state)


def test_what_has_ended_moves_only_by_the_user_or_the_cleaner():
    allowed = {ExportState.EXPIRED, ExportState.PROCESSING, ExportState.INITIATED}
    for state in TERMINAL:
        assert TRANSITIONS[ExportState][state] <= allowed
    for state in SETTLED:
        again = {DeliveryState.PENDING, DeliveryState.CANCELLED}
        late = {DeliveryState.FAILED} if state == DeliveryState.BLOCKED else set()
        assert TRANSITIONS[DeliveryState][state] <= again | late


def test_nothing_but_move_writes_a_state():
    plug_ins = {"destinations", "renderers", "scene", "browser"}  # they know no rows
    assignment = re.compile(r"\.state\s*=[^=]|values\([^)]*\bstate=")
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("longshore", "workers", "schedules", "app")
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if assignment.search(line) and path.name != "states.py" and not plug_ins & set(path.parts)
    ]
    assert offenders == []
