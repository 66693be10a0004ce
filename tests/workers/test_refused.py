"""Connections that their provider refuses: who waits, who is asked, and what makes them go on."""

from __future__ import annotations

import pytest

from longshore import connections, exports, queue, release
from longshore.db import clock, transaction
from longshore.errors import NeedsReconnect, Transient
from longshore.models import Artifact, Connection, Delivery, Export
from longshore.states import DeliveryState, ExportState, move
from tests.rows import delivery_rows, export_row, submitted
from workers import deliver as module
from workers import outcome
from workers.clean import clean
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.rescue import sweep

KEY = "The key was refused. Enter a new one."


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    """The ids that were sent."""
    told = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: told.append(row_id) or True)
    monkeypatch.setattr(module, "AT_A_STRETCH", 60.0)
    return told


@pytest.fixture
def refusing(monkeypatch):
    """The keys of the uploads that were tried and refused; `stop()` ends that."""
    tried = []

    def upload(_self, given):
        tried.append(given.key)
        raise NeedsReconnect(KEY)

    with monkeypatch.context() as patch:
        patch.setattr(FOLDER, "upload", upload)
        yield tried


def rendered(deliveries=1):
    export_id = submitted(deliveries=deliveries)
    render_export(export_id)
    return export_id, [row.id for row in delivery_rows(export_id)]


def states(export_id):
    return {row.state for row in delivery_rows(export_id)}


def health():
    with transaction() as session:
        return session.query(Connection).one().health


def renew():
    """As a changed secret does."""
    with transaction() as session:
        row, now = session.query(Connection).one(), clock(session)
        row.health, row.last_error, row.updated_at = "untested", None, now
        session.flush()
        return release.release_blocked(session, row.id, now=now)


def test_the_first_refusal_keeps_all_that_wait_from_trying(database, refusing):
    export_id, ids = rendered(25)
    for one in ids:
        deliver(one)
    sweep()
    assert len(refusing) == 1
    assert states(export_id) == {"blocked"}
    assert export_row(export_id).state == "failed"
    waiting = next(row for row in delivery_rows(export_id) if row.id not in refusing)
    assert (waiting.attempt, waiting.error_code) == (0, "connection_refused")
    assert "Renew it" in waiting.error_message


def test_what_is_asked_for_later_waits_too_and_all_goes_on_with_the_renewal(database, monkeypatch, rung):
    with monkeypatch.context() as patch:
        patch.setattr(FOLDER, "upload", lambda *_: (_ for _ in ()).throw(NeedsReconnect(KEY)))
        first, (one,) = rendered()
        deliver(one)
    later, ids = rendered(3)
    for one in ids:
        deliver(one)
    assert states(later) == {"pending"}
    sweep()
    assert states(later) == {"blocked"}
    rung.clear()
    assert renew() == 4
    assert len(rung) == 4
    for one in list(rung):
        deliver(one)
    assert states(first) | states(later) == {"completed"}


def test_what_waits_to_try_again_is_blocked_as_well(database, monkeypatch, refusing):
    export_id, ids = rendered(2)
    with transaction() as session:
        now = clock(session)
        session.query(Connection).one().health = "needs_reconnect"
        row = session.get_one(Delivery, ids[0])
        row.state, row.attempt, row.not_before = "retrying", 1, now.replace(year=now.year + 1)
    sweep()
    assert states(export_id) == {"blocked"}
    assert refusing == []


def test_a_retry_by_hand_asks_the_provider_again(database, refusing):
    export_id, ids = rendered(2)
    deliver(ids[0])
    sweep()
    with transaction() as session:
        now = clock(session)
        connections.ask_again(session, "bob", Delivery.id == ids[0], now=now)
        assert session.query(Connection).one().health == "needs_reconnect", "not his"
        connections.ask_again(session, "ann", Delivery.id == ids[0], now=now)
        exports.retry_delivery(session, ids[0], now=now, send=True)
        exports.reopen(session, export_id, now=now)
    deliver(ids[0])
    assert len(refusing) == 2
    assert health() == "needs_reconnect"


def test_a_delivery_that_arrives_takes_the_refusal_back(database, monkeypatch):
    export_id, ids = rendered(3)
    real = FOLDER.upload

    def upload(self, given):
        with transaction() as session:  # meanwhile another one of them was refused
            session.query(Connection).one().health = "needs_reconnect"
        sweep()
        monkeypatch.setattr(FOLDER, "upload", real)
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(ids[0])
    assert health() == "ok"
    for one in ids[1:]:
        deliver(one)
    assert states(export_id) == {"completed"}


def test_one_that_was_refused_itself_does_not_go_on_because_another_arrives(database, monkeypatch):
    export_id, ids = rendered(2)
    real = FOLDER.upload

    def upload(self, given):
        if given.key == ids[0]:
            raise NeedsReconnect(KEY)
        deliver(ids[0])
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    monkeypatch.setattr(module, "AT_A_STRETCH", 0.0)
    deliver(ids[1])
    assert sorted(row.state for row in delivery_rows(export_id)) == ["blocked", "completed"]
    assert health() == "ok"


def test_a_refusal_of_the_old_secret_says_nothing_of_the_new_one(database, monkeypatch):
    monkeypatch.setattr(module, "AT_A_STRETCH", 0.0)
    export_id, (one,) = rendered()
    real = FOLDER.upload

    def upload(_self, _given):
        renew()
        raise NeedsReconnect(KEY)

    with transaction() as session:
        session.get_one(Delivery, one).max_attempts = 1
    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(one)
    row = delivery_rows(export_id)[0]
    assert (row.state, health()) == ("retrying", "untested")
    monkeypatch.setattr(FOLDER, "upload", real)
    sweep()
    deliver(one)
    assert delivery_rows(export_id)[0].state == "completed"


def test_an_old_secret_that_still_worked_says_nothing_of_the_new_one(database, monkeypatch):
    _export_id, (one,) = rendered()
    real = FOLDER.upload

    def upload(self, given):
        renew()
        return real(self, given)

    monkeypatch.setattr(FOLDER, "upload", upload)
    deliver(one)
    assert health() == "untested"


def test_what_has_lost_its_artifact_fails_in_clear_words_when_it_is_released(database, refusing):
    export_id, (one,) = rendered()
    deliver(one)
    with transaction() as session:
        past = clock(session)
        session.query(Artifact).update({"expires_at": past})
    clean()
    assert renew() == 0
    row = delivery_rows(export_id)[0]
    assert (row.state, row.error_code) == ("failed", "expired")
    assert "Export the document again" in row.error_message
    with transaction() as session:
        exports.retry(session, session.get_one(Export, export_id), now=clock(session))
    assert export_row(export_id).state == "initiated", "of one that failed the document is still there"


def test_of_a_partial_export_it_fails_too(database):
    export_id, ids = rendered(2)
    with transaction() as session:
        now = clock(session)
        for one, state in zip(ids, (DeliveryState.COMPLETED, DeliveryState.BLOCKED), strict=True):
            move(session, one, DeliveryState.UPLOADING, now=now)
            move(session, one, state, now=now)
        exports.settle(session, export_id, now=now)
        session.query(Artifact).update({"expires_at": now})
    clean()
    renew()
    assert export_row(export_id).state == ExportState.EXPIRED
    assert sorted(row.state for row in delivery_rows(export_id)) == ["completed", "failed"]


def test_who_must_make_room_has_hours_and_not_three_tries(database, monkeypatch):
    export_id, (one,) = rendered()
    monkeypatch.setattr(
        FOLDER, "upload", lambda *_: (_ for _ in ()).throw(Transient("Full. Make room.", retry_after=300))
    )
    for number in range(1, 8):
        with transaction() as session:
            session.get_one(Delivery, one).not_before = None
            session.query(Connection).one().circuit_until = None
            session.get_one(Delivery, one).parked = ""
        deliver(one)
        row = delivery_rows(export_id)[0]
        assert (row.state, row.attempt) == ("retrying", number)
    with transaction() as session:
        row = session.get_one(Delivery, one)
        row.created_at -= outcome.PATIENCE
    for _ in range(3):
        with transaction() as session:
            session.get_one(Delivery, one).not_before = None
            session.query(Connection).one().circuit_until = None
        deliver(one)
    assert delivery_rows(export_id)[0].state == "failed"
