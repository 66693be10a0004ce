from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from longshore import queue
from longshore.db import clock, transaction
from longshore.models import Artifact, Attempt, Delivery, Export
from longshore.queue import depth
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState, move
from tests.conftest import forget
from tests.rows import delivery_rows, export_row, submitted
from workers import rescue
from workers.admission import claim_delivery
from workers.lease import claim_export
from workers.rescue import sweep, sweep_in_turn


@pytest.fixture
def rung(monkeypatch):
    """The ids that were sent."""
    sent = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: sent.append(row_id) or True)
    return sent


def age(model, **ago):
    with transaction() as session:
        now = clock(session)
        session.execute(update(model).values({name: now - timedelta(seconds=value) for name, value in ago.items()}))


def rendered(export_id):
    """Give the export an artifact row and let its deliveries wait for workers."""
    with transaction() as session:
        now = clock(session)
        move(session, export_id, ExportState.PROCESSING, now=now, phase="delivering")
        values = {"key": "k", "filename": "f.svg", "media_type": "image/svg+xml", "size": 1, "sha256": "0" * 64}
        session.add(Artifact(export_id=export_id, owner="ann", created_at=now, expires_at=now, **values))


def test_in_a_healthy_system_there_is_nothing_to_do(database, broker):
    submitted()
    assert sweep() == 0


def test_a_message_that_was_never_sent_is_sent(database, broker, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(queue, "send", lambda *_: False)
        submitted()
    age(Export, sent_at=60)
    assert depth("render") == 0
    assert sweep() == 1
    assert depth("render") == 1
    assert sweep() == 0, "it was only just sent"


def test_a_long_queue_is_no_reason_to_send_twice(database, broker):
    for _ in range(5):
        submitted()
    age(Export, sent_at=600)
    assert depth("render") == 5
    assert sweep() == 0
    assert depth("render") == 5


def test_with_redis_down_the_sweep_says_so_and_goes_on(database):
    submitted()
    age(Export, sent_at=600)
    assert sweep() == 0


def test_an_export_whose_worker_died_is_sent_again(database, broker, rung):
    export_id = submitted()
    rung.clear()
    with transaction() as session:
        claim_export(session, export_id, now=clock(session))
    age(Export, lease_until=1)
    assert sweep() == 1
    assert rung == [export_id]
    assert export_row(export_id).lease_until is None
    with transaction() as session:
        assert session.query(Attempt).one().outcome == "lost"


def test_a_document_that_kills_its_worker_ends_as_failed(database, broker, rung):
    export_id = submitted(deliveries=1)
    rung.clear()
    for _ in range(3):
        with transaction() as session:
            assert claim_export(session, export_id, now=clock(session))
        age(Export, lease_until=1)
        sweep()
    row = export_row(export_id)
    assert (row.state, row.error_code, row.attempt) == ("failed", "worker_lost", 3)
    assert "died 3 times" in row.error_message
    assert delivery_rows(export_id)[0].state == "cancelled"
    assert rung == [export_id] * 2


def test_a_delivery_whose_worker_died_is_resumed(database, broker, rung):
    export_id = submitted(deliveries=1)
    rendered(export_id)
    delivery_id = delivery_rows(export_id)[0].id
    with transaction() as session:
        assert claim_delivery(session, delivery_id, now=clock(session)) == 1
    age(Delivery, lease_until=1)
    rung.clear()
    assert sweep() == 1
    assert delivery_rows(export_id)[0].state == "retrying"
    assert rung == [delivery_id]
    with transaction() as session:
        assert claim_delivery(session, delivery_id, now=clock(session)) == 2


def test_a_delivery_that_kills_its_worker_ends_its_export_too(database, broker, rung):
    export_id = submitted(deliveries=1)
    rendered(export_id)
    delivery_id = delivery_rows(export_id)[0].id
    for _ in range(3):
        with transaction() as session:
            assert claim_delivery(session, delivery_id, now=clock(session))
        age(Delivery, lease_until=1)
        sweep()
    assert delivery_rows(export_id)[0].state == "failed"
    assert export_row(export_id).state == "failed"


def test_a_wait_that_is_over_is_published(database, broker, rung):
    export_id = submitted(deliveries=1)
    rendered(export_id)
    delivery_id = delivery_rows(export_id)[0].id
    with transaction() as session:
        now = clock(session)
        fence = claim_delivery(session, delivery_id, now=now)
        due = now + timedelta(seconds=60)
        move(session, delivery_id, DeliveryState.RETRYING, now=now, fence=fence, not_before=due, lease_until=None)
    rung.clear()
    assert sweep() == 0
    age(Delivery, not_before=1)
    assert sweep() == 1
    assert rung == [delivery_id]


def test_a_delivery_waits_for_its_artifact(database, broker, rung):
    export_id = submitted(deliveries=1)
    age(Delivery, sent_at=600)
    rung.clear()
    sweep()
    assert delivery_rows(export_id)[0].id not in rung


def test_sweepers_that_race_send_a_row_once(database, broker, rung):
    export_id = submitted()
    with transaction() as session:
        claim_export(session, export_id, now=clock(session))
    age(Export, lease_until=1)
    rung.clear()
    threads = [threading.Thread(target=sweep) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rung == [export_id]


def test_of_all_workers_of_a_machine_one_looks_in_each_turn(database, monkeypatch):
    looks, crowd = [], threading.Barrier(8)
    monkeypatch.setenv("LONGSHORE_SWEEP", "60")
    forget()
    monkeypatch.setattr(rescue, "sweep", lambda: looks.append(1) or 0)

    def wake():
        crowd.wait()
        sweep_in_turn()

    for turn in range(1, 4):
        threads = [threading.Thread(target=wake) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(looks) == turn
        later = time.monotonic() + 30 * turn
        monkeypatch.setattr(rescue.time, "monotonic", lambda at=later: at)


def test_without_a_turn_it_is_looked_rather_too_often(database, monkeypatch):
    settings().home.mkdir(parents=True, exist_ok=True)
    (settings().home / "sweep").write_text("in the way")
    with capture_logs() as logs:
        assert [sweep_in_turn(), sweep_in_turn()] == [0, 0]
    assert [line["event"] for line in logs] == ["sweep_without_turn"] * 2
