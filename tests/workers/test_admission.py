from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from longshore import queue
from longshore.db import clock, transaction
from longshore.models import Artifact, Connection, Delivery, Event
from longshore.states import DeliveryState, ExportState, move
from tests.rows import delivery_rows, submitted
from workers.admission import claim_delivery, claim_next, ring, unpark
from workers.rescue import sweep


@pytest.fixture
def rung(monkeypatch):
    """The ids that were sent."""
    sent = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: sent.append(row_id) or True)
    return sent


def waiting(count, rung, owner="ann"):
    """The ids of so many deliveries of one connection whose export is rendered, the oldest first."""
    export_id = submitted(deliveries=count, owner=owner)
    with transaction() as session:
        now = clock(session)
        move(session, export_id, ExportState.PROCESSING, now=now, phase="delivering")
        values = {"key": "k", "filename": "f.svg", "media_type": "image/svg+xml", "size": 1, "sha256": "0" * 64}
        session.add(Artifact(export_id=export_id, owner=owner, created_at=now, expires_at=now, **values))
    rung.clear()
    return [row.id for row in sorted(delivery_rows(export_id), key=lambda row: row.created_at)]


def claim(delivery_id):
    with transaction() as session:
        return claim_delivery(session, delivery_id, now=clock(session))


def end(delivery_id, state=DeliveryState.COMPLETED):
    with transaction() as session:
        now = clock(session)
        assert move(session, delivery_id, state, now=now, lease_until=None)
        return unpark(session, session.get_one(Delivery, delivery_id).connection_id, now=now)


def row(delivery_id):
    with transaction() as session:
        return session.get_one(Delivery, delivery_id)


def connection(**values):
    with transaction() as session:
        found = session.query(Connection).order_by(Connection.created_at).first()
        for name, value in values.items():
            setattr(found, name, value)
        return found


def test_three_of_a_connection_run_at_once_and_the_others_wait_without_spending_attempts(database, rung):
    ids = waiting(5, rung)
    assert [claim(one) for one in ids] == [1, 1, 1, None, None]
    for one in ids[3:]:
        assert (row(one).state, row(one).parked, row(one).attempt) == ("pending", "slot", 0)
    assert rung == []
    assert sweep() == 0, "nobody is rung for while all places are taken"


def test_who_has_waited_longest_gets_the_place_that_becomes_free(database, rung):
    ids = waiting(6, rung)
    for one in reversed(ids[3:]):
        claim(one)
    assert [claim(one) for one in ids[:3]] == [None, None, None]
    end(ids[5])
    assert rung == [ids[0]]
    assert claim(ids[0]) == 1
    end(ids[4])
    assert rung == ids[:2]


def test_a_connection_may_have_a_number_of_its_own(database, rung):
    ids = waiting(3, rung)
    connection(uploads=1)
    assert [claim(one) for one in ids] == [1, None, None]


def test_the_operator_sets_the_number_of_all_others(database, rung, monkeypatch):
    from tests.conftest import forget

    ids = waiting(5, rung)
    monkeypatch.setenv("LONGSHORE_UPLOADS_PER_CONNECTION", "4")
    forget()
    assert [claim(one) for one in ids] == [1, 1, 1, 1, None]


def test_connections_do_not_wait_for_each_other(database, rung):
    anns, bobs = waiting(4, rung), waiting(1, rung, owner="bob")
    assert [claim(one) for one in anns] == [1, 1, 1, None]
    assert claim(bobs[0]) == 1


def test_a_place_whose_worker_died_is_given_to_the_next(database, rung):
    ids = waiting(4, rung)
    for one in ids:
        claim(one)
    with transaction() as session:
        session.get_one(Delivery, ids[0]).lease_until = clock(session) - timedelta(seconds=1)
    sweep()
    assert set(rung) >= {ids[0]}
    for one in list(rung):
        claim(one)
    sweep()
    running = [one for one in ids if row(one).state == "uploading"]
    assert len(running) == 3


def test_a_ring_that_got_lost_is_made_good(database, rung):
    ids = waiting(5, rung)
    for one in ids:
        claim(one)
    end(ids[0])
    assert rung == [ids[3]]
    assert sweep() == 0, "it was only just rung for"
    end(ids[1])
    end(ids[2])
    assert rung == [ids[3], ids[4]]


def test_many_workers_at_once_never_run_more_than_allowed(database, rung):
    ids = waiting(12, rung)
    got = []
    barrier = threading.Barrier(6)

    def work(mine):
        barrier.wait()
        got.extend(one for one in mine if claim(one))

    threads = [threading.Thread(target=work, args=(ids[number::6],)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 3


def test_the_next_delivery_is_taken_without_a_message(database, rung):
    ids = waiting(5, rung)
    for one in ids[:4]:
        claim(one)
    here = row(ids[0]).connection_id
    with transaction() as session:
        now = clock(session)
        move(session, ids[0], DeliveryState.COMPLETED, now=now, lease_until=None)
        assert claim_next(session, here, now=now) == (ids[3], 1)
        assert claim_next(session, here, now=now) is None
    assert rung == []


def test_while_the_circuit_is_open_all_wait_and_then_one_tries(database, rung):
    ids = waiting(4, rung)
    with transaction() as session:
        now = clock(session)
    connection(circuit="open", circuit_until=now + timedelta(seconds=60))
    assert [claim(one) for one in ids] == [None] * 4
    assert {row(one).parked for one in ids} == {"circuit"}
    assert sweep() == 0
    with transaction() as session:
        assert session.query(Event).where(Event.kind == "delivery.waiting").count() == 4
    connection(circuit_until=now - timedelta(seconds=1))
    assert sweep() == 1
    assert rung == [ids[0]]
    assert claim(ids[0]) == 1
    assert connection().circuit == "half_open"
    assert [claim(one) for one in ids[1:]] == [None] * 3
    assert sweep() == 0


def test_a_delivery_that_is_cancelled_while_it_waits_is_left_alone(database, rung):
    ids = waiting(5, rung)
    for one in ids:
        claim(one)
    with transaction() as session:
        move(session, ids[3], DeliveryState.CANCELLED, now=clock(session))
    end(ids[0])
    assert rung == [ids[4]]


def test_a_connection_that_was_switched_off_rings_for_nobody(database, rung):
    ids = waiting(5, rung)
    for one in ids:
        claim(one)
    connection(enabled=False)
    end(ids[0])
    assert rung == []
    assert sweep() == 0


def test_of_new_deliveries_as_many_are_rung_for_as_may_run(database, rung):
    ids = waiting(5, rung)
    with transaction() as session:
        ring(session, Delivery.id.in_(ids), now=clock(session))
    assert rung == ids[:3]
    assert [row(one).parked for one in ids] == ["", "", "", "slot", "slot"]
    assert claim(ids[0]) == 1
    end(ids[0])
    assert rung == ids[:4], "whoever ends rings for the next one"
