"""Two deliveries never take one name at once, and a name is free again when the one that had it ends."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from longshore.db import clock, transaction
from longshore.models import Delivery, Reservation
from tests.rows import delivery_rows, submitted
from workers.clean import clean
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.reservations import reserve


@pytest.fixture
def two(database):
    ids = [row.id for row in delivery_rows(submitted(deliveries=2))]
    for one in ids:
        lease(one, 60)
    return ids


def lease(delivery_id, seconds):
    with transaction() as session:
        row = session.get_one(Delivery, delivery_id)
        row.lease_until = None if seconds is None else clock(session) + timedelta(seconds=seconds)


def test_a_name_is_one_delivery_s_while_that_lives(two):
    one, other = two
    assert reserve(one, "rclone", "sftp://host a.png")
    assert reserve(one, "rclone", "sftp://host a.png")
    assert not reserve(other, "rclone", "sftp://host a.png")
    assert reserve(other, "rclone", "sftp://host b.png")
    assert reserve(other, "s3", "sftp://host a.png")


@pytest.mark.parametrize("seconds", [None, -1])
def test_a_name_is_free_when_the_attempt_has_ended_or_its_worker_is_silent(two, seconds):
    one, other = two
    assert reserve(one, "rclone", "a.png")
    assert reserve(other, "rclone", "b.png")
    lease(one, seconds)
    assert reserve(other, "rclone", "a.png")
    lease(one, 60)
    assert not reserve(one, "rclone", "a.png")


def test_of_many_that_ask_at_once_one_gets_the_name(database, record_property):
    ids = [row.id for row in delivery_rows(submitted(deliveries=6))]
    for one in ids:
        lease(one, 60)
    got, barrier = [], threading.Barrier(len(ids))

    def ask(delivery_id):
        barrier.wait()
        got.append(reserve(delivery_id, "rclone", "a.png"))

    threads = [threading.Thread(target=ask, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]
    began = time.perf_counter()
    for number in range(50):
        reserve(ids[0], "rclone", f"{number}.png")
    record_property("figure", f"{(time.perf_counter() - began) / 50 * 1000:.2f} ms for each name")


def test_names_that_no_longer_count_are_forgotten(two):
    one, other = two
    reserve(one, "rclone", "a.png")
    reserve(other, "rclone", "b.png")
    lease(one, None)
    clean()
    with transaction() as session:
        assert [row.delivery_id for row in session.query(Reservation)] == [other]


def test_a_delivery_has_its_name_for_the_length_of_its_attempt(database, monkeypatch):
    export_id = submitted(deliveries=2)
    render_export(export_id)
    one, other = (row.id for row in delivery_rows(export_id))
    upload, seen = FOLDER.upload, []

    def reserving(destination, given):
        seen.append(given.reserve("the name"))
        seen.append(reserve(other if given.key == one else one, "folder", "the name"))
        return upload(destination, given)

    monkeypatch.setattr(FOLDER, "upload", reserving)
    deliver(one)
    deliver(other)
    assert seen[:2] == [True, False]
    assert [row.state for row in delivery_rows(export_id)] == ["completed", "completed"]
