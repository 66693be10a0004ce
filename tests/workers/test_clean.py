from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from longshore import exports, queue
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.errors import NotFound
from longshore.models import Artifact, Export, File, FileVersion, IdempotencyKey
from tests.rows import artifact_row, export_row, submitted
from workers.clean import clean
from workers.render import render_export
from workers.scratch import scratch


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)


def age(model, **days):
    with transaction() as session:
        now = clock(session)
        session.execute(update(model).values({name: now - timedelta(days=value) for name, value in days.items()}))


def source_key():
    with transaction() as session:
        return session.query(FileVersion).one().key


def test_what_is_in_its_time_stays(database):
    export_id = submitted()
    render_export(export_id)
    assert clean() == 0
    assert export_row(export_id).state == "completed"


def test_an_expired_artifact_goes_with_its_object_and_its_inline_source(database):
    export_id = submitted()
    render_export(export_id)
    key, source = artifact_row(export_id).key, source_key()
    age(Artifact, expires_at=0)
    clean()
    clean()
    assert export_row(export_id).state == "expired"
    assert artifact_row(export_id) is None
    for gone in (key, source):
        with pytest.raises(NotFound):
            list(store().chunks(gone))


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_the_artifact_of_an_export_whose_deliveries_ended_badly_goes_too(state, database):
    export_id = submitted(deliveries=1)
    render_export(export_id)
    key = artifact_row(export_id).key
    with transaction() as session:
        session.get_one(Export, export_id).state = state
    assert clean() == 0
    age(Artifact, expires_at=0)
    assert clean() == 1
    assert export_row(export_id).state == state
    assert artifact_row(export_id) is None
    with pytest.raises(NotFound):
        list(store().chunks(key))
    with transaction() as session:
        exports.retry(session, session.get_one(Export, export_id), now=clock(session))
    render_export(export_id)
    assert artifact_row(export_id) is not None


def test_a_stored_file_outlives_its_exports(database):
    export_id = submitted()
    with transaction() as session:
        session.execute(update(File).values(listed=True))
    render_export(export_id)
    age(Artifact, expires_at=0)
    clean()
    clean()
    assert list(store().chunks(source_key()))


def test_a_deleted_file_waits_for_the_exports_that_need_it(database):
    submitted()
    source = source_key()
    age(File, deleted_at=1)
    clean()
    assert list(store().chunks(source))
    with transaction() as session:
        exports.cancel(session, session.query(Export).one(), now=clock(session))
    clean()
    with pytest.raises(NotFound):
        list(store().chunks(source))


def test_a_failed_export_keeps_its_source_for_a_retry_and_not_for_ever(database):
    export_id = submitted(content=b"<svg")
    render_export(export_id)
    clean()
    assert list(store().chunks(source_key()))
    age(Export, updated_at=8)
    source = source_key()
    clean()
    clean()
    with pytest.raises(NotFound):
        list(store().chunks(source))


def test_an_export_whose_source_is_gone_fails_and_says_so(database):
    export_id = submitted()
    with transaction() as session:
        session.query(FileVersion).delete()
    render_export(export_id)
    row = export_row(export_id)
    assert (row.state, row.error_code) == ("failed", "not_found")
    assert "deleted" in row.error_message


def test_idempotency_keys_are_forgotten_after_a_day(database):
    export_id = submitted()
    with transaction() as session:
        now = clock(session)
        for name, hours in (("old", 25), ("new", 23)):
            made = now - timedelta(hours=hours)
            session.add(IdempotencyKey(owner="ann", key=name, fingerprint="f", export_id=export_id, created_at=made))
    clean()
    with transaction() as session:
        assert [row.key for row in session.query(IdempotencyKey)] == ["new"]


def test_scratch_folders_of_killed_workers_go(database, home):
    left = home / "scratch" / "left"
    left.mkdir(parents=True)
    with scratch("busy-") as busy:
        clean()
        assert not left.exists()
        assert busy.exists()
    assert not busy.exists()
