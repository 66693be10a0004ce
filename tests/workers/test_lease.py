from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from longshore import exports
from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled
from longshore.models import Attempt, Export
from tests.conftest import forget
from tests.rows import export_row, submitted
from workers.lease import Heartbeat, claim_export, hold


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("LONGSHORE_LEASE", "2")
    monkeypatch.setenv("LONGSHORE_HEARTBEAT", "0.2")


def claim(export_id):
    with transaction() as session:
        return claim_export(session, export_id, now=clock(session))


def test_a_second_claim_finds_the_row_taken(database):
    export_id = submitted()
    assert claim(export_id) == 1
    assert claim(export_id) is None


def test_of_many_claims_one_wins(database):
    export_id = submitted()
    won = []
    threads = [threading.Thread(target=lambda: won.append(claim(export_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won, key=str) == [1] + [None] * 7


def test_a_lease_that_ran_out_is_claimed_with_the_next_fence(database):
    export_id = submitted()
    claim(export_id)
    with transaction() as session:
        session.execute(update(Export).values(lease_until=clock(session) - timedelta(seconds=1)))
    assert claim(export_id) == 2
    with reading() as session:
        assert session.scalars(select(Attempt.outcome).order_by(Attempt.number)).all() == ["lost", ""]


def test_attempts_that_are_used_up_cannot_be_claimed(database):
    export_id = submitted()
    with transaction() as session:
        session.execute(update(Export).values(attempt=3))
    assert claim(export_id) is None


def test_a_row_that_is_not_due_cannot_be_claimed(database):
    export_id = submitted()
    with transaction() as session:
        session.execute(update(Export).values(not_before=clock(session) + timedelta(seconds=60)))
    assert claim(export_id) is None


def test_a_heartbeat_extends_the_lease(database):
    export_id = submitted()
    fence = claim(export_id)
    before = export_row(export_id).lease_until
    with Heartbeat(Export, {export_id: fence}):
        threading.Event().wait(0.7)
    assert export_row(export_id).lease_until > before


def test_a_cancel_is_noticed_and_told(database):
    export_id = submitted()
    fence = claim(export_id)
    told = threading.Event()
    with Heartbeat(Export, {export_id: fence}, on_lost=told.set) as heartbeat:
        heartbeat.check()
        with transaction() as session:
            exports.cancel(session, session.get_one(Export, export_id), now=clock(session))
        assert told.wait(3)
        with pytest.raises(Cancelled):
            heartbeat.check()


def test_a_fenced_worker_writes_nothing(database):
    export_id = submitted()
    claim(export_id)
    with transaction() as session:
        assert not hold(session, Export, export_id, 7, progress=99.0)
        assert hold(session, Export, export_id, 1, progress=50.0)
    assert export_row(export_id).progress == 50.0
    forget()
