from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from longshore import connections, exports, files, queue
from longshore.db import clock, reading, transaction
from longshore.errors import NeedsReconnect, Permanent, Transient
from longshore.models import Connection, Delivery, Event, Receipt
from tests.rows import DRAWING
from workers import retain as module
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export
from workers.retain import FAILED, retain

KEEP_TWO = [{"folder": "", "keep_last": 2, "keep_days": None, "per": "schedule"}]


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)


def connected(rules=KEEP_TWO, name="Backups"):
    with transaction() as session:
        now = clock(session)
        made = connections.create(
            session, owner="ann", name=name, destination="folder", options={}, secrets={}, now=now
        )
        made.retention = rules
        return made.id


def delivered(connection_id, name, days, **asked):
    """The id of a delivery that arrived so many days ago under this name."""
    with transaction() as session:
        now = clock(session)
        file = files.create(session, owner="ann", name="Plan", kind="svg", content=[DRAWING], now=now, listed=False)
        connection = session.get_one(Connection, connection_id)
        request = exports.DeliveryRequest(connection, folder="b", name=name, **asked)
        export_id = exports.submit(session, exports.ExportRequest(file, "svg", deliveries=[request]), now=now).id
    render_export(export_id)
    with transaction() as session:
        delivery_id = session.query(Delivery.id).where(Delivery.export_id == export_id).scalar()
    deliver(delivery_id)
    with transaction() as session:
        session.get_one(Receipt, delivery_id).created_at = now - timedelta(days=days)
    return delivery_id


def receipt(delivery_id):
    with reading() as session:
        return session.get_one(Receipt, delivery_id)


def due_again():
    with transaction() as session:
        session.query(Connection).update({"retained_at": None})


def there(home):
    return sorted(path.stem for path in (home / "deliveries/ann/b").iterdir())


def test_what_the_rules_no_longer_keep_is_removed_and_written_down(database, home):
    connection_id = connected()
    ids = [delivered(connection_id, f"n{days}", days) for days in range(4)]
    assert retain() == 2
    assert there(home) == ["n0", "n1"]
    assert receipt(ids[3]).removed_at
    assert receipt(ids[1]).removed_at is None
    with reading() as session:
        event = session.query(Event).where(Event.kind == "delivery.removed", Event.delivery_id == ids[3]).one()
    assert event.data == {"path": receipt(ids[3]).path, "why": "number 4 of its series, and 2 are kept"}
    due_again()
    assert retain() == 0


def test_a_connection_is_gone_through_once_however_many_ask(database, home):
    connection_id = connected()
    for days in range(3):
        delivered(connection_id, f"n{days}", days)
    assert retain() == 1
    delivered(connection_id, "n", 0)
    assert retain() == 0


def test_only_what_this_connection_put_there_and_did_not_skip_goes(database, home):
    mine, other = connected(), connected([], "Other")
    delivered(other, "theirs", 9)
    kept = delivered(mine, "n1", 1)
    delivered(mine, "n2", 2)
    delivered(mine, "n3", 3)
    skipped = delivered(mine, "theirs", 8, conflict="skip")
    (home / "deliveries/ann/b" / "own.svg").write_text("by hand")
    assert retain() == 1
    assert there(home) == ["n1", "n2", "own", "theirs"]
    assert receipt(skipped).skipped
    assert receipt(skipped).removed_at is None
    assert receipt(kept).removed_at is None


def test_a_file_that_is_no_longer_what_was_delivered_is_left_alone_for_good(database, home, monkeypatch):
    connection_id = connected()
    ids = [delivered(connection_id, f"n{days}", days) for days in range(4)]
    Path(receipt(ids[2]).path).write_text("mine now")
    Path(receipt(ids[3]).path).unlink()
    assert retain() == 0
    assert there(home) == ["n0", "n1", "n2"]
    assert [receipt(one).removed_at for one in ids] == [None] * 4
    assert [bool(receipt(one).let_go_at) for one in ids] == [False, False, True, True]
    monkeypatch.setattr(FOLDER, "remove", lambda *_: pytest.fail("it was let go"))
    due_again()
    assert retain() == 0


def test_a_file_that_another_connection_wrote_over_with_the_same_bytes_stays(database, home):
    mine, other = connected(), connected([], "Other")
    for days in (5, 6, 7):
        delivered(mine, f"n{days}", days)
    delivered(other, "n7", 1, conflict="overwrite")
    assert retain() == 0
    assert there(home) == ["n5", "n6", "n7"]


def test_the_same_file_written_over_each_day_stays(database, home):
    connection_id = connected()
    for days in range(4):
        delivered(connection_id, "latest", days, conflict="overwrite")
    assert retain() == 0
    assert there(home) == ["latest"]


def test_what_a_newer_one_moved_aside_counts_and_goes_by_the_rules_and_nothing_else_does(database, home):
    connection_id = connected()
    place = home / "deliveries/ann/b"
    ids = [delivered(connection_id, "latest", days, conflict="version") for days in (3, 2, 1)]
    (place / "latest (2020-01-01 00.00.00).svg").write_text("by hand")
    ids.append(delivered(connection_id, "latest", 0, conflict="version"))
    assert len(there(home)) == 5
    assert retain() == 2
    assert [bool(receipt(one).removed_at) for one in ids] == [True, True, False, False]
    kept = receipt(ids[3]).extra["previous"][0]["name"]
    assert there(home) == sorted(["latest", Path(kept).stem, "latest (2020-01-01 00.00.00)"])
    due_again()
    assert retain() == 0


def test_what_stepped_aside_is_found_after_the_one_that_took_its_place_is_gone(database, home, monkeypatch):
    def away(*_):
        raise Transient("The disk is away.")

    connection_id = connected()
    ids = [delivered(connection_id, "latest", days, conflict="version") for days in (4, 3)]
    for days in (2, 1):
        delivered(connection_id, f"n{days}", days)
    Path(receipt(ids[1]).path).write_text("changed")
    with monkeypatch.context() as patch:
        patch.setattr(FOLDER, "remove_aside", away)
        assert retain(lambda to_go: to_go.sort(key=lambda one: one.file.at, reverse=True)) == 0
    assert receipt(ids[1]).let_go_at
    due_again()
    assert retain() == 1
    assert receipt(ids[0]).removed_at
    assert there(home) == ["latest", "n1", "n2"]


def test_what_was_changed_after_it_stepped_aside_is_left_alone(database, home):
    connection_id = connected()
    ids = [delivered(connection_id, "latest", days, conflict="version") for days in (2, 1, 0)]
    aside = home / "deliveries/ann/b" / receipt(ids[1]).extra["previous"][0]["name"]
    aside.write_text("mine now")
    assert retain() == 0
    assert receipt(ids[0]).let_go_at
    assert aside.read_text() == "mine now"


@pytest.mark.parametrize("how", ["disabled", "without rules", "one use"])
def test_a_connection_that_is_off_or_has_no_rules_removes_nothing(database, home, how):
    connection_id = connected()
    for days in range(3):
        delivered(connection_id, f"n{days}", days)
    with transaction() as session:
        row = session.get_one(Connection, connection_id)
        if how == "disabled":
            row.enabled = False
        elif how == "one use":
            row.one_off = True
        else:
            row.retention = []
    assert retain() == 0


def test_a_provider_that_fails_is_told_of_asked_again_and_blocks_nobody(database, home, monkeypatch):
    broken, works = connected(name="Broken"), connected(name="Works")
    for days in range(3):
        delivered(broken, f"x{days}", days)
        delivered(works, f"y{days}", days)
    real = FOLDER.remove

    def remove(self, given):
        if "/x" in given.path:
            raise Transient("The disk is away.")
        return real(self, given)

    with monkeypatch.context() as patch:
        patch.setattr(FOLDER, "remove", remove)
        assert retain() == 1
    with reading() as session:
        assert session.get_one(Connection, broken).last_error == f"{FAILED}The disk is away."
        assert session.get_one(Connection, works).last_error is None
    due_again()
    assert retain() == 1
    with reading() as session:
        assert session.get_one(Connection, broken).last_error is None
    assert there(home) == ["x0", "x1", "y0", "y1"]


def test_one_file_that_cannot_be_removed_does_not_keep_the_others(database, home, monkeypatch):
    connection_id = connected()
    for days in range(5):
        delivered(connection_id, f"n{days}", days)
    real = FOLDER.remove

    def remove(self, given):
        if "n4" in given.path:
            raise Permanent("It is locked.")
        return real(self, given)

    monkeypatch.setattr(FOLDER, "remove", remove)
    assert retain(lambda to_go: to_go.sort(key=lambda one: one.file.at)) == 2
    assert there(home) == ["n0", "n1", "n4"]


def test_a_missing_right_to_delete_is_told_and_stops_no_delivery(database, monkeypatch):
    connection_id = connected()
    for days in range(3):
        delivered(connection_id, f"n{days}", days)

    def remove(_self, _given):
        raise NeedsReconnect("Enter a new key.")

    monkeypatch.setattr(FOLDER, "remove", remove)
    assert retain() == 0
    with reading() as session:
        row = session.get_one(Connection, connection_id)
    assert (row.health, row.last_error) == ("ok", f"{FAILED}Enter a new key.")


def test_a_fault_of_ours_in_one_connection_does_not_stop_the_others(database, home, monkeypatch):
    ids = {connected(name=name) for name in "ab"}
    for connection_id in ids:
        for days in range(3):
            delivered(connection_id, f"{connection_id[:4]}{days}", days)
    real, first = module._apply, min(ids)

    def apply(connection_id, shuffle):
        if connection_id == first:
            raise KeyError("a bug")
        return real(connection_id, shuffle)

    monkeypatch.setattr(module, "_apply", apply)
    assert retain() == 1


def test_time_spent_on_one_connection_is_bounded(database, home, monkeypatch):
    connection_id = connected()
    for days in range(5):
        delivered(connection_id, f"n{days}", days)
    with monkeypatch.context() as patch:
        patch.setattr(module, "BUDGET", -1.0)
        assert retain() == 0
    due_again()
    assert retain() == 3
