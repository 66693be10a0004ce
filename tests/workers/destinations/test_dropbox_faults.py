from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from longshore.errors import NeedsReconnect, Permanent, Transient
from tests.contracts.dropbox_site import MIB
from tests.contracts.site import Job, classified, noise
from tests.fakes.dropbox import APP_KEY, Fault
from workers.destinations import _dropbox_client

LARGE = 9 * MIB
START, APPEND, FINISH = (f"files/upload_session/{name}" for name in ("start", "append_v2", "finish"))
SMALL = "files/upload"
CALLS = [(100, SMALL), (LARGE, START), (LARGE, APPEND), (LARGE, FINISH), (LARGE, "files/get_metadata")]
ACCESS = {"access_token": "canary-access-token"}
RACY = pytest.mark.parametrize("size", [100, LARGE])


def arrives(site, job):
    """The next attempt, and what must be true after it."""
    receipt = job.run()
    assert site.read(receipt) == job.content
    assert (receipt.skipped, receipt.verified, receipt.size) == (False, "checksum", len(job.content))
    assert len(site.visible()) == 1
    assert site.unfinished() == []
    return receipt


@pytest.mark.parametrize(("size", "route"), CALLS)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_servers_are_left_alone_for_as_long_as_they_ask(dropbox_site, size, route, status):
    dropbox_site.fake.faults = [Fault(route, "answer", status, {"Retry-After": "7"}, b"<html>busy</html>")]
    job = Job(dropbox_site, noise(size))
    error = classified(dropbox_site.destination(), job)
    assert isinstance(error, Transient)
    assert error.retry_after == 7
    assert dropbox_site.fake.faults[0].times == 0
    arrives(dropbox_site, job)


def test_a_limit_without_a_time_waits_some_seconds(dropbox_site):
    dropbox_site.fake.faults = [Fault(SMALL, "answer", 429, {"Retry-After": "soon"})]
    error = classified(dropbox_site.destination(), Job(dropbox_site, b"x"))
    assert isinstance(error, Transient)
    assert error.retry_after == 5


def test_a_limit_may_name_the_moment_when_it_ends(dropbox_site):
    ends = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    dropbox_site.fake.faults = [Fault(SMALL, "answer", 429, {"Retry-After": ends})]
    error = classified(dropbox_site.destination(), Job(dropbox_site, b"x"))
    assert isinstance(error, Transient)
    assert 60 < error.retry_after <= 90


@pytest.mark.parametrize(("size", "route"), CALLS[:4])
@pytest.mark.parametrize("how", ["drop", "reset", "hang"])
def test_a_connection_that_breaks_before_the_work_is_transient(dropbox_site, size, route, how, monkeypatch):
    if how == "hang":
        monkeypatch.setattr(_dropbox_client, "READ_SECONDS", 2)
    dropbox_site.fake.faults = [Fault(route, how)]
    job = Job(dropbox_site, noise(size))
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    arrives(dropbox_site, job)


@pytest.mark.parametrize(("size", "route"), [CALLS[0], CALLS[3]])
@pytest.mark.parametrize("how", ["drop_after", "hang_after", "answer_after"])
@pytest.mark.parametrize("conflict", ["overwrite", "rename", "skip", "fail"])
def test_a_file_whose_answer_was_lost_is_recognised(dropbox_site, size, route, how, conflict, monkeypatch):
    if how == "hang_after":
        monkeypatch.setattr(_dropbox_client, "READ_SECONDS", 2)
    dropbox_site.fake.faults = [Fault(route, how, 503)]
    job = Job(dropbox_site, noise(size), conflict=conflict)
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    before = dropbox_site.received()
    receipt = arrives(dropbox_site, job)
    assert dropbox_site.received() == before
    assert receipt.path == "/Team/reports/2026/file.bin"


def test_a_chunk_whose_answer_was_lost_is_not_sent_again(dropbox_site):
    dropbox_site.fake.faults = [Fault(APPEND, "drop_after")]
    job = Job(dropbox_site, noise(LARGE))
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    arrives(dropbox_site, job)
    assert dropbox_site.received() == LARGE


@pytest.mark.parametrize(("size", "route"), CALLS[:3])
@pytest.mark.parametrize(("how", "message"), [("flip", "on their way"), ("truncate", "of"), ("rot", "other bytes")])
def test_every_damage_is_noticed_and_mended(dropbox_site, size, route, how, message):
    dropbox_site.fake.faults = [Fault(route, how)]
    job = Job(dropbox_site, noise(size))
    error = classified(dropbox_site.destination(), job)
    assert isinstance(error, Transient)
    assert message in error.message
    assert dropbox_site.visible() == []
    arrives(dropbox_site, job)


def test_a_bad_file_that_somebody_replaced_meanwhile_is_left_alone(dropbox_site, monkeypatch):
    account = dropbox_site.fake.account
    delete = account._delete_v2

    def replaced(argument, body):
        account.put("/Team/reports/2026/file.bin", b"theirs")
        return delete(argument, body)

    monkeypatch.setattr(account, "_delete_v2", replaced)
    dropbox_site.fake.faults = [Fault(SMALL, "rot")]
    assert isinstance(classified(dropbox_site.destination(), Job(dropbox_site, b"ours")), Transient)
    assert account.files["/team/reports/2026/file.bin"].content == b"theirs"


def test_what_was_stopped_after_a_lost_answer_is_closed_where_it_really_is(dropbox_site):
    dropbox_site.fake.faults = [Fault(APPEND, "drop_after")]
    job = Job(dropbox_site, noise(LARGE))
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    assert dropbox_site.unfinished() != []
    dropbox_site.destination().discard(job.checkpoint)
    assert dropbox_site.unfinished() == []


def test_an_expired_access_token_is_renewed_in_the_middle(dropbox_site):
    fake = dropbox_site.fake
    job = Job(dropbox_site, noise(LARGE))
    sent = job._sent

    def expire_once(total):
        if total > 5 * MIB and fake.issued == 1:
            fake.expire()
        sent(total)

    job._sent = expire_once
    arrives(dropbox_site, job)
    assert fake.issued == 2
    assert job.progress == sorted(job.progress)


def test_an_access_token_alone_is_enough_until_it_expires(dropbox_site):
    destination = dropbox_site.destination(secrets=ACCESS)
    assert Job(dropbox_site, b"x").run(destination).verified == "checksum"
    dropbox_site.fake.expire()
    error = classified(destination, Job(dropbox_site, b"x", key="second"))
    assert isinstance(error, NeedsReconnect)
    assert "expired" in error.message


def test_a_revoked_connection_asks_once_and_then_the_user(dropbox_site):
    job = Job(dropbox_site, noise(LARGE))
    dropbox_site.fake.revoke()
    error = classified(dropbox_site.destination(), job)
    assert isinstance(error, NeedsReconnect)
    assert dropbox_site.fake.routes() == ["/oauth2/token"]
    assert isinstance(classified(dropbox_site.destination(secrets=ACCESS), job), NeedsReconnect)
    assert len(dropbox_site.fake.seen) == 2
    assert "canary" not in error.message + error.detail


def test_a_wrong_app_asks_to_connect_again(dropbox_site):
    secrets = {"refresh_token": "canary-refresh-token", "app_key": APP_KEY, "app_secret": "wrong"}
    error = classified(dropbox_site.destination(secrets=secrets), Job(dropbox_site, b"x"))
    assert isinstance(error, NeedsReconnect)


def test_a_missing_permission_is_named(dropbox_site):
    dropbox_site.fake.scopes.discard("files.content.write")
    error = classified(dropbox_site.destination(), Job(dropbox_site, b"x"))
    assert isinstance(error, NeedsReconnect)
    assert "files.content.write" in error.message


def test_a_forbidden_feature_is_lasting(dropbox_site):
    dropbox_site.fake.faults = [Fault(SMALL, "answer", 403, {"Content-Type": "application/json"}, b"{}")]
    assert type(classified(dropbox_site.destination(), Job(dropbox_site, b"x"))) is Permanent


@RACY
def test_a_full_dropbox_waits_and_goes_on_where_it_stopped(dropbox_site, size):
    dropbox_site.fake.account.quota = 50
    job = Job(dropbox_site, noise(size))
    error = classified(dropbox_site.destination(), job)
    assert isinstance(error, Transient)
    assert error.retry_after == 300
    assert "full" in error.message
    assert dropbox_site.visible() == []
    dropbox_site.fake.account.quota, before = 2**40, dropbox_site.received()
    arrives(dropbox_site, job)
    assert dropbox_site.received() - before == (100 if size == 100 else 0)


def test_a_session_that_dropbox_forgot_starts_over(dropbox_site):
    job = Job(dropbox_site, noise(LARGE))
    dropbox_site.fake.faults = [Fault(FINISH, "drop")]
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    dropbox_site.fake.account.sessions.clear()
    arrives(dropbox_site, job)
    assert dropbox_site.received() == 2 * LARGE


def test_a_session_that_holds_more_than_the_file_starts_over(dropbox_site):
    job = Job(dropbox_site, noise(LARGE))
    dropbox_site.fake.faults = [Fault(FINISH, "drop")]
    assert isinstance(classified(dropbox_site.destination(), job), Transient)
    (session,) = dropbox_site.fake.account.sessions.values()
    session.content += b"somebody's"
    receipt = job.run()
    assert dropbox_site.read(receipt) == job.content
    assert dropbox_site.received() == 2 * LARGE


def test_a_session_that_vanishes_in_the_middle_starts_over(dropbox_site):
    job = Job(dropbox_site, noise(LARGE))
    attempt = job.attempt()

    def forget(total):
        if total == 5 * MIB:
            dropbox_site.fake.account.sessions.clear()

    attempt.sent = forget
    with pytest.raises(_dropbox_client.sdk().exceptions.ApiError) as told:
        dropbox_site.destination().upload(attempt)
    assert isinstance(dropbox_site.destination().classify(told.value), Transient)
    arrives(dropbox_site, job)


@RACY
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("conflict", ["rename", "skip", "fail", "overwrite"])
def test_a_name_taken_between_the_look_and_the_write_is_settled_by_the_policy(dropbox_site, size, same, conflict):
    fake, mine = dropbox_site.fake, noise(size)
    theirs = mine if same else b"theirs"

    def take(path):
        if not fake.account.files:
            fake.account.put(path, theirs)

    fake.account.before_commit = take
    job = Job(dropbox_site, mine, name="a.png", conflict=conflict)
    first = "/Team/reports/2026/a.png"
    if conflict == "fail":
        assert type(classified(dropbox_site.destination(), job)) is Permanent
    else:
        receipt = job.run()
        assert receipt.skipped == (conflict == "skip")
        assert receipt.path == (first.replace("a.png", "a (2).png") if conflict == "rename" else first)
    assert dropbox_site.visible()[0] == first
    assert fake.account.files[first.lower()].content == (mine if conflict == "overwrite" else theirs)
    assert len(dropbox_site.visible()) == (2 if conflict == "rename" else 1)
    assert dropbox_site.unfinished() == []
    if size == LARGE:
        assert dropbox_site.received() == LARGE, "a session is not bound to a name"
