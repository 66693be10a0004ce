"""What beat asks at every tick is answered through an index, however many schedules and runs there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from longshore.db import transaction
from schedules import ended, fire, pauses, queued
from schedules.running import open_exports
from tests.schedules.ledger import NINE

QUERIES: dict[str, tuple[Callable[[], Any], str]] = {
    "what is due": (lambda: fire.due_rows(NINE, 10), "ix_scheduled_exports_due"),
    "when the next is due": (fire.next_due_query, "ix_scheduled_exports_due"),
    "runs to look at": (lambda: ended.unseen(NINE), "ix_schedule_runs_look"),
    "pauses that are over": (lambda: pauses.resumable(NINE), "ix_scheduled_exports_resume"),
    "pauses for a connection": (lambda: pauses.resumable(NINE), "ix_scheduled_exports_blocked"),
    "slots that wait": (lambda: queued.startable(NINE), "ix_schedule_runs_queued"),
    "what of a schedule runs": (lambda: open_exports("s"), "ix_exports_schedule"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_tick_scans_no_table(database: str, name: str) -> None:
    query, index = QUERIES[name]
    with transaction() as session:
        compiled = query().compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("set local enable_seqscan = off"))
            asked = "explain "
        else:
            asked = "explain query plan "
        rows = session.execute(text(asked + str(compiled).replace(":", r"\:")))
        plan = [" ".join(map(str, row)) for row in rows]
    assert any(index in line for line in plan), plan
    assert not any("Seq Scan" in line for line in plan), plan
    scans = [line for line in plan if "SCAN" in line and "INDEX" not in line]
    assert not [line for line in scans if any(table in line for table in ("scheduled_exports", "exports", "runs"))], (
        plan
    )
