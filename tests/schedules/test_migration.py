"""Schedules from before there were policies go on as they did."""

from __future__ import annotations

from datetime import timedelta

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select

from longshore.db import reading
from longshore.models import ScheduledExport
from longshore.schema import alembic_config, upgrade
from schedules import policy
from tests.schedules.ledger import NINE


def test_an_old_schedule_keeps_its_slot_and_its_ways(schedule, rung) -> None:
    schedule(NINE)
    schedule(None, is_active=False)
    known = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    (policies,) = (one for one in known if one.doc == "policies of schedules")
    command.downgrade(alembic_config(), str(policies.down_revision))
    upgrade()
    with reading() as session:
        active, paused = session.scalars(select(ScheduledExport).order_by(ScheduledExport.is_active.desc())).all()
    assert (active.next_run_at, active.fire_at, active.late_at) == (NINE, NINE, NINE + timedelta(seconds=300))
    assert (paused.paused_by, paused.paused_at, paused.fire_at) == ("user", paused.updated_at, None)
    found = policy.read(active.policy)
    assert (found.overlap, found.pause_when_blocked, found.catchup) == ("allow", False, "latest")
