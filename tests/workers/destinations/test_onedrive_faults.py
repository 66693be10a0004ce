from __future__ import annotations

import pytest

from longshore.errors import NeedsReconnect, Permanent, Transient
from tests.contracts.onedrive_site import MIB, RENEWABLE
from tests.contracts.site import Job, Killed, classified, noise
from tests.fakes.onedrive import Fault, Problem
from workers.destinations import _onedrive_session, _onedrive_wire

LARGE = 11 * MIB
CALLS = ["discover", "login", "drive", "look", "folder", "put"]
POLICIES = pytest.mark.parametrize("conflict", ["overwrite", "rename", "skip", "fail", "version"])
SIZES = pytest.mark.parametrize("size", [100, LARGE])


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(_onedrive_session, "PAUSE", 0.0)


def arrives(site, job, *, verified="checksum", lost=0):
    """The next attempt, and what must be true after it."""
    receipt = job.run()
    assert site.read(receipt) == job.content
    assert (receipt.skipped, receipt.verified, receipt.size) == (False, verified, len(job.content))
    assert [path.rpartition("/")[2] for path in site.visible()] == [job.name]
    assert len(site.unfinished()) == lost
    return receipt


@pytest.mark.parametrize("kind", [*CALLS, "session", "chunk"])
@pytest.mark.parametrize("status", [429, 503])
def test_busy_servers_are_left_alone_for_as_long_as_they_ask(onedrive, kind, status):
    onedrive.fake.faults = [Fault(kind, Problem(status, "activityLimitReached", retry_after="7"))]
    job = Job(onedrive, noise(LARGE if kind in {"session", "chunk"} else 100))
    error = classified(onedrive.destination(), job)
    assert isinstance(error, Transient)
    assert error.retry_after == 7
    assert onedrive.fake.seen.count(kind) == 1
    arrives(onedrive, job)


def test_a_time_may_be_a_date_and_a_limit_without_one_waits_some_seconds(onedrive):
    onedrive.fake.faults = [
        Fault("put", Problem(429, "activityLimitReached")),
        Fault("put", Problem(503, "serviceNotAvailable", retry_after="Wed, 21 Oct 2015 07:28:00 GMT")),
        Fault("put", Problem(500, "generalException")),
    ]
    waits = [classified(onedrive.destination(), Job(onedrive, b"x")).retry_after for _ in range(3)]
    assert waits == [5, 0, None]


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("after", [False, True])
@POLICIES
def test_a_lost_connection_makes_no_twin_wherever_it_breaks(onedrive, kind, after, conflict):
    onedrive.fake.faults = [Fault(kind, reset=True, after=after)]
    job = Job(onedrive, noise(100), conflict=conflict)
    assert isinstance(classified(onedrive.destination(), job), Transient)
    before = onedrive.received()
    arrives(onedrive, job)
    if (kind, after) == ("put", True):
        assert onedrive.received() == before


@pytest.mark.parametrize("after", [False, True])
@POLICIES
def test_a_session_whose_answer_got_lost_is_opened_again(onedrive, after, conflict):
    onedrive.fake.faults = [Fault("session", reset=True, after=after)]
    job = Job(onedrive, noise(LARGE), conflict=conflict)
    assert isinstance(classified(onedrive.destination(), job), Transient)
    arrives(onedrive, job, lost=int(after))


@pytest.mark.parametrize("after", [False, True])
@POLICIES
def test_a_last_chunk_whose_answer_got_lost_makes_no_twin(onedrive, after, conflict):
    onedrive.fake.faults = [Fault("chunk", reset=True, after=after, skip=2)]
    arrives(onedrive, Job(onedrive, noise(LARGE), conflict=conflict))
    assert onedrive.received() == LARGE


@pytest.mark.parametrize("after", [False, True])
@SIZES
def test_silence_is_a_lost_connection(onedrive, after, size, monkeypatch):
    monkeypatch.setattr(_onedrive_wire, "SILENCE", 2)
    kind, skip = ("put", 0) if size == 100 else ("chunk", 2)
    onedrive.fake.faults = [Fault(kind, seconds=4.0, after=after, skip=skip)]
    job = Job(onedrive, noise(size), conflict="rename")
    if size == 100:
        assert isinstance(classified(onedrive.destination(), job), Transient)
    arrives(onedrive, job)


@pytest.mark.parametrize("fault", [{"half": True}, {"problem": Problem(500, "generalException")}, {"reset": True}])
def test_a_chunk_that_breaks_is_sent_again_where_others_had_passed(onedrive, fault):
    onedrive.fake.faults = [Fault("chunk", skip=1, **fault)]
    arrives(onedrive, Job(onedrive, noise(LARGE)))
    assert onedrive.received() == LARGE
    assert onedrive.fake.seen.count("ask") == 1


def test_breaks_without_progress_are_left_to_the_next_attempt(onedrive):
    onedrive.fake.faults = [Fault("chunk", half=True, skip=1, times=2)]
    job = Job(onedrive, noise(LARGE))
    assert isinstance(classified(onedrive.destination(), job), Transient)
    assert onedrive.fake.seen.count("chunk") == 3
    arrives(onedrive, job)
    assert onedrive.received() == LARGE


def test_a_chunk_whose_answer_got_lost_is_not_sent_again(onedrive):
    onedrive.fake.faults = [Fault("chunk", reset=True, after=True, skip=1)]
    arrives(onedrive, Job(onedrive, noise(LARGE)))
    assert onedrive.received() == LARGE


def test_a_range_that_is_there_already_is_asked_about_once(onedrive):
    onedrive.fake.faults = [Fault("chunk", Problem(416, "invalidRange", inner="fragmentOverlap"), skip=1)]
    arrives(onedrive, Job(onedrive, noise(LARGE)))
    assert onedrive.fake.seen.count("ask") == 1
    onedrive.fake.faults = [Fault("chunk", Problem(416, "invalidRange"), times=9)]
    assert isinstance(classified(onedrive.destination(), Job(onedrive, noise(LARGE), name="b", key="b")), Transient)


@pytest.mark.parametrize(
    ("status", "conflict"),
    [(401, "fail"), (404, "fail"), (404, "rename"), (404, "overwrite"), (404, "version"), (410, "skip")],
)
def test_a_session_that_vanished_starts_over(onedrive, status, conflict):
    job = Job(onedrive, noise(LARGE), conflict=conflict)
    job.stop_at = 8 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    onedrive.fake.faults = [Fault("ask", Problem(status, "itemNotFound", "The upload session was not found"))]
    onedrive.fake.sessions.clear()
    before = onedrive.received()
    arrives(onedrive, job)
    assert onedrive.received() - before == LARGE


def test_sessions_that_keep_vanishing_are_left_to_a_later_attempt(onedrive):
    onedrive.fake.faults = [Fault("chunk", Problem(404, "itemNotFound"), times=99)]
    assert isinstance(classified(onedrive.destination(), Job(onedrive, noise(LARGE))), Transient)
    assert onedrive.fake.seen.count("session") == 3


@SIZES
@pytest.mark.parametrize(
    "damage", [lambda body: body[:-1], lambda body: b"", lambda body: bytes([body[0] ^ 1]) + body[1:]]
)
@pytest.mark.parametrize("conflict", ["overwrite", "rename", "version"])
def test_bytes_that_changed_or_got_lost_on_the_way_are_noticed_though_onedrive_took_them(
    onedrive, size, damage, conflict
):
    kind, skip = ("put", 0) if size == 100 else ("chunk", 2)
    onedrive.fake.faults = [Fault(kind, alter=damage, skip=skip)]
    job = Job(onedrive, noise(size), conflict=conflict)
    error = classified(onedrive.destination(), job)
    assert isinstance(error, Transient)
    assert "other bytes" in error.message
    assert onedrive.visible() == []
    arrives(onedrive, job)


def test_a_replaced_file_that_came_out_wrong_shows_its_old_bytes_again(onedrive):
    first = Job(onedrive, b"first", key="first").run()
    onedrive.fake.faults = [Fault("put", alter=lambda body: body[::-1])]
    job = Job(onedrive, noise(100), key="second", conflict="overwrite")
    assert isinstance(classified(onedrive.destination(), job), Transient)
    assert onedrive.read(first) == b"first"
    assert arrives(onedrive, job).provider_id == first.provider_id


def test_a_drive_that_shows_no_hash_is_read_back(onedrive):
    onedrive.store.without_hash = True
    job = Job(onedrive, noise(LARGE), conflict="rename")
    assert arrives(onedrive, job, verified="readback").checksum.startswith("sha256:")
    assert arrives(onedrive, job, verified="readback")
    onedrive.fake.faults = [Fault("put", alter=lambda body: body[::-1])]
    assert isinstance(classified(onedrive.destination(), Job(onedrive, noise(9), name="b", key="b")), Transient)


@SIZES
@pytest.mark.parametrize("renewable", [True, False])
def test_an_access_token_that_ran_out_is_renewed_wherever_it_is_noticed(onedrive, size, renewable):
    secrets = {"access_token": "canary-long-ago", **(RENEWABLE if renewable else {})}
    job = Job(onedrive, noise(size))
    try:
        job.run(onedrive.destination(secrets=secrets))
        assert renewable
    except Exception as error:  # noqa: BLE001 - classify takes every error
        assert not renewable
        known = onedrive.destination().classify(error)
        assert isinstance(known, NeedsReconnect)
        assert "canary" not in known.message + known.detail
        assert onedrive.fake.seen == ["drive"]


@pytest.mark.parametrize("kind", ["look", "put"])
def test_a_token_that_runs_out_in_the_middle_is_renewed(onedrive, kind):
    onedrive.fake.faults = [Fault(kind, Problem(401, "InvalidAuthenticationToken"))]
    arrives(onedrive, Job(onedrive, noise(100)))
    assert onedrive.fake.seen.count("login") == 2
    assert len(onedrive.renewed) == 2


def test_a_revoked_refresh_token_blocks_the_connection_and_is_asked_once(onedrive):
    onedrive.fake.refresh.clear()
    error = classified(onedrive.destination(), Job(onedrive, b"x"))
    assert type(error) is NeedsReconnect
    assert "revoked" in error.message
    assert onedrive.fake.seen == ["discover", "login"]
    assert "canary" not in error.message + error.detail


@SIZES
@pytest.mark.parametrize("kind", ["personal", "business"])
def test_a_full_drive_is_told_before_anything_is_sent_and_waits_for_room(onedrive, size, kind):
    onedrive.store.kind, onedrive.store.total = kind, 99
    job = Job(onedrive, noise(size))
    error = classified(onedrive.destination(), job)
    assert isinstance(error, Transient)
    assert (error.retry_after, "Make room" in error.message) == (300, True)
    assert onedrive.received() == 0
    onedrive.store.total = 10 * LARGE
    arrives(onedrive, job)


def test_a_drive_that_fills_up_meanwhile_goes_on_where_it_stopped(onedrive):
    onedrive.fake.faults = [Fault("chunk", Problem(507, "quotaLimitReached"), skip=1)]
    job = Job(onedrive, noise(LARGE))
    assert classified(onedrive.destination(), job).retry_after == 300
    arrives(onedrive, job)
    assert onedrive.received() == LARGE


@pytest.mark.parametrize(
    ("problem", "kind", "says"),
    [
        (Problem(400, "invalidRequest", "canary", inner="pathIsTooLong"), Permanent, "400 characters"),
        (Problem(400, "invalidRequest", "canary"), Permanent, "options"),
        (Problem(403, "accessDenied", "canary"), Permanent, "Share the folder"),
        (Problem(403, "accessDenied", "canary", inner="accessRestricted"), Permanent, "administrator"),
        (Problem(409, "malwareDetected", "canary"), Permanent, "malware"),
        (Problem(413, "invalidRequest", "canary"), Permanent, "larger"),
        (Problem(423, "notAllowed", "canary", inner="resourceLocked"), Transient, "editing"),
        (Problem(412, "resourceModified", "canary"), Transient, "changed"),
        (Problem(500, "generalException", "canary"), Transient, "tried again"),
        (Problem(418, "somethingNew", "canary"), Permanent, "somethingNew"),
    ],
    ids=lambda value: getattr(value, "inner", "") or getattr(value, "code", None),
)
def test_each_refusal_says_what_to_do(onedrive, problem, kind, says):
    onedrive.fake.faults = [Fault("put", problem)]
    error = classified(onedrive.destination(), Job(onedrive, b"x"))
    assert type(error) is kind
    assert says in error.message
    assert "canary" not in error.message


@pytest.mark.parametrize("problem", [None, Problem(503, "serviceNotAvailable", retry_after="1")])
def test_the_address_of_a_session_is_never_told(onedrive, problem):
    onedrive.fake.faults = [Fault("chunk", problem, reset=not problem)]
    error = classified(onedrive.destination(), Job(onedrive, noise(LARGE)))
    assert isinstance(error, Transient)
    assert "canary" not in error.message + error.detail
    assert "/up/" not in error.message + error.detail


def test_what_a_cancel_finds_finished_is_removed(onedrive):
    onedrive.fake.faults = [Fault("put", reset=True, after=True)]
    job = Job(onedrive, b"content")
    classified(onedrive.destination(), job)
    assert len(onedrive.visible()) == 1
    onedrive.destination().discard(job.checkpoint)
    assert onedrive.visible() == []


def test_a_cancel_leaves_the_file_that_was_to_be_replaced(onedrive):
    first = Job(onedrive, b"first", key="first").run()
    job = Job(onedrive, noise(LARGE), key="second", conflict="overwrite")
    job.stop_at = 8 * MIB
    with pytest.raises(Killed):
        job.run()
    onedrive.destination().discard(job.checkpoint)
    assert onedrive.read(first) == b"first"
    assert onedrive.unfinished() == []
