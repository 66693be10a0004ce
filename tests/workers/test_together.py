"""Small files of one connection that go to a real S3 server in a batch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from longshore import connections, exports, queue, signing
from longshore.db import clock, transaction
from longshore.models import Attempt, Connection, Delivery, Receipt
from longshore.receipts import verify
from tests.contracts.s3_servers import KEY_ID, SECRET, Answer, Proxy, moto, rclone
from tests.contracts.s3_site import S3Site
from tests.rows import submitted
from workers import admission, connect, deliver, outcome
from workers.render import render_export
from workers.rescue import sweep


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """Ports of servers: one that ignores conditions, one that does not."""
    with rclone(tmp_path_factory.mktemp("rclone")) as loose, moto() as strict:
        yield {"rclone": loose, "moto": strict}


@pytest.fixture(params=["rclone", "moto"])
def site(request, ports, monkeypatch):
    monkeypatch.setenv("LONGSHORE_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setattr(queue, "send", lambda *_: True)
    connect._kept.clear()
    with Proxy(ports[request.param]).running() as proxy:
        yield S3Site(proxy, atomic=request.param == "moto")


def bucket(site):
    with transaction() as session:
        options = {"bucket_name": site.bucket, "endpoint_url": f"http://127.0.0.1:{site.proxy.port}"}
        secrets = {"access_key_id": KEY_ID, "secret_access_key": SECRET}
        about = {"owner": "ann", "name": "bucket", "destination": "s3", "options": options, "secrets": secrets}
        return connections.create(session, **about, now=clock(session))


def waiting(site, count, **more):
    """Ids of deliveries of one connection, the oldest first, of rendered files `plan-0` and so on."""
    place, ids = bucket(site), []
    for number in range(count):
        export_id = submitted(content=b"file %d" % number, kind="file", form="original", called=f"plan-{number}")
        render_export(export_id)
        with transaction() as session:
            export = session.get_one(exports.Export, export_id)
            request = exports.DeliveryRequest(place, **more)
            exports.deliver(session, export, request, now=clock(session) + timedelta(milliseconds=number))
        with transaction() as session:
            exports.reopen(session, export_id, now=clock(session))
            ids.append(session.query(Delivery.id).where(Delivery.export_id == export_id).scalar())
    return ids


def rows(ids):
    with transaction() as session:
        found = {row.id: row for row in session.query(Delivery)}
        return [found[one] for one in ids]


def attempts(delivery_id):
    with transaction() as session:
        query = session.query(Attempt.outcome).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
        return [outcome for (outcome,) in query]


def receipts():
    with transaction() as session:
        return {one.delivery_id: one for one in session.query(Receipt)}


def one_place(monkeypatch):
    monkeypatch.setenv("LONGSHORE_UPLOADS_PER_CONNECTION", "1")


def requests(site):
    return [one.method for one in site.proxy.seen]


def test_they_arrive_by_one_message_each_with_its_signed_receipt(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 7)
    deliver.deliver(ids[0])
    assert {row.state for row in rows(ids)} == {"completed"}
    assert [attempts(one) for one in ids] == [["completed"]] * 7
    assert sorted(site.contents().items()) == [(f"plan-{n}", b"file %d" % n) for n in range(7)]
    for row in rows(ids):
        assert (row.bytes_sent, row.size, row.lease_until, row.parked) == (6, 6, None, "")
    for one in receipts().values():
        assert one.verified == "checksum"
        assert verify(one.signed.encode(), signing.keyring().verify).ok
    with transaction() as session:
        assert {one.state for one in session.query(exports.Export)} == {"completed"}
    assert requests(site) == ["GET", "HEAD", *["PUT"] * 7, "GET", "HEAD"], (
        "a listing leaves out the key it begins after"
    )


def test_a_name_that_is_taken_is_left_to_an_upload_of_its_own(database, site, monkeypatch):
    one_place(monkeypatch)
    site.client.put_object(Bucket=site.bucket, Key="plan-1", Body=b"a stranger's")
    ids = waiting(site, 4)
    deliver.deliver(ids[0])
    assert [row.state for row in rows(ids)] == ["completed", "retrying", "completed", "completed"]
    assert rows(ids)[1].max_attempts == rows(ids)[0].max_attempts + 1, "it lost no attempt by it"
    with transaction() as session:
        admission.unpark(session, rows(ids)[1].connection_id, now=clock(session))
    deliver.deliver(ids[1])
    assert attempts(ids[1]) == ["put_back", "completed"]
    others = {f"plan-{n}": b"file %d" % n for n in (0, 2, 3)}
    assert site.contents() == others | {"plan-1": b"a stranger's", "plan-1 (2)": b"file 1"}


def test_when_the_provider_fails_in_the_middle_the_rest_waits_and_nothing_is_sent_twice(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 6)
    site.proxy.swallow = lambda seen: seen.method == "PUT" and seen.path.endswith("plan-3")
    deliver.deliver(ids[0])
    assert [row.state for row in rows(ids)] == ["completed"] * 3 + ["retrying"] * 3
    site.proxy.swallow = lambda seen: False
    for one in ids[3:]:
        with transaction() as session:
            admission.unpark(session, rows(ids)[1].connection_id, now=clock(session))
        deliver.deliver(one)
    assert {row.state for row in rows(ids)} == {"completed"}
    assert site.contents() == {f"plan-{n}": b"file %d" % n for n in range(6)}
    assert requests(site).count("PUT") == 6, "what had arrived was recognised"


def test_a_worker_that_dies_before_it_records_them_sends_none_again(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 4)

    class Died(BaseException):
        pass

    def die(*_, **__):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(outcome, "complete", die)
        with pytest.raises(Died):
            deliver.deliver(ids[0])
    assert {row.state for row in rows(ids)} == {"uploading"}
    with transaction() as session:
        gone = clock(session) - timedelta(seconds=1)
        session.query(Delivery).update({"lease_until": gone})
    sweep()
    for one in ids:
        deliver.deliver(one)
    assert [attempts(one) for one in ids] == [["lost", "completed"]] * 4
    assert requests(site).count("PUT") == 4
    assert site.contents() == {f"plan-{n}": b"file %d" % n for n in range(4)}


def test_one_that_the_user_stops_meanwhile_leaves_nothing_behind(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 3)

    def stop(seen):
        if seen.method == "PUT" and seen.path.endswith("plan-2"):
            with transaction() as session:
                export = session.get_one(exports.Export, rows(ids)[1].export_id)
                exports.cancel(session, export, now=clock(session))

    site.proxy.answer = stop
    deliver.deliver(ids[0])
    assert [row.state for row in rows(ids)] == ["completed", "cancelled", "completed"]
    assert sorted(site.visible()) == ["plan-0", "plan-2"]


def test_a_stored_object_that_differs_is_not_recorded(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 3)
    site.proxy.reply = lambda seen, answer: (
        Answer(answer.status, answer.body, answer.headers | {"Etag": '"0123"'})
        if seen.method == "HEAD" and answer.status == 200 and seen.path.endswith("plan-1")
        else answer
    )
    deliver.deliver(ids[0])
    assert [row.state for row in rows(ids)] == ["completed", "retrying", "completed"]


def test_each_place_of_the_connection_has_its_share(database, site):
    ids = waiting(site, 7)
    here = rows(ids)[0].connection_id
    with transaction() as session:
        now = clock(session)
        for first in (ids[0], ids[3], ids[5]):
            fence = admission.claim_delivery(session, first, now=now)
            admission.claim_more(session, session.get_one(Delivery, first), 49, now=now)
            assert fence == 1
        assert admission.running(session, here, now) == 3
    assert [row.parked for row in rows(ids)] == ["", "together", "together", "", "together", "", ""]


def test_what_is_large_packed_or_tried_before_goes_alone(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 4)
    with transaction() as session:
        session.get_one(Delivery, ids[1]).packing = {"compress": "gzip"}
        session.get_one(Delivery, ids[2]).attempt = 1
        large = session.get_one(Delivery, ids[3]).export_id
        artifact = session.query(exports.Artifact).where(exports.Artifact.export_id == large).one()
        artifact.size = admission.SMALL + 1
    with transaction() as session:
        now = clock(session)
        admission.claim_delivery(session, ids[0], now=now)
        assert admission.claim_more(session, session.get_one(Delivery, ids[0]), 49, now=now) == []


def test_after_a_failure_of_the_connection_each_goes_alone(database, site, monkeypatch):
    one_place(monkeypatch)
    ids = waiting(site, 3)
    with transaction() as session:
        session.query(Connection).where(Connection.destination == "s3").update({"failures": 1})
        now = clock(session)
        admission.claim_delivery(session, ids[0], now=now)
        assert admission.claim_more(session, session.get_one(Delivery, ids[0]), 49, now=now) == []
