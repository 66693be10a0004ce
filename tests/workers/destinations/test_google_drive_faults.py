from __future__ import annotations

import pytest

from longshore.errors import NeedsReconnect, Permanent, Transient
from tests.contracts.google_drive_site import MIB, RENEWABLE
from tests.contracts.site import Job, Killed, classified, noise
from tests.fakes.google_drive import Fault, Problem
from workers.destinations import _google_drive_client, _google_drive_session

LARGE = 7 * MIB
CALLS = ["login", "get", "list", "create", "ids", "open", "chunk"]
POLICIES = pytest.mark.parametrize("conflict", ["overwrite", "rename", "skip", "fail"])
SIZES = pytest.mark.parametrize("size", [100, LARGE])


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(_google_drive_session, "PAUSE", 0.0)


def arrives(site, job, *, verified="checksum", lost=0):
    """The next attempt, and what must be true after it."""
    receipt = job.run()
    assert site.read(receipt) == job.content
    assert (receipt.skipped, receipt.verified, receipt.size) == (False, verified, len(job.content))
    assert len(site.visible()) == 1
    assert len(site.unfinished()) == lost
    return receipt


@pytest.mark.parametrize("kind", CALLS[1:])
@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded"), (503, "")])
def test_busy_servers_are_left_alone_for_as_long_as_they_ask(google_drive, kind, status, reason):
    google_drive.drive.faults = [Fault(kind, Problem(status, reason, retry_after="7"))]
    job = Job(google_drive, noise(100))
    error = classified(google_drive.destination(), job)
    assert isinstance(error, Transient)
    assert error.retry_after == 7
    assert google_drive.drive.seen.count(kind) == 1
    arrives(google_drive, job)


def test_a_time_may_be_a_date_and_a_limit_without_one_waits_some_seconds(google_drive):
    google_drive.drive.faults = [
        Fault("open", Problem(429, "rateLimitExceeded")),
        Fault("open", Problem(503, "backendError", retry_after="Wed, 21 Oct 2015 07:28:00 GMT")),
        Fault("open", Problem(403, "dailyLimitExceeded")),
    ]
    waits = [classified(google_drive.destination(), Job(google_drive, b"x")).retry_after for _ in range(3)]
    assert waits == [5, 0, 3600]


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("after", [False, True])
@POLICIES
def test_a_lost_connection_makes_no_twin_wherever_it_breaks(google_drive, kind, after, conflict):
    google_drive.drive.faults = [Fault(kind, reset=True, after=after)]
    job = Job(google_drive, noise(100), conflict=conflict)
    assert isinstance(classified(google_drive.destination(), job), Transient)
    before = google_drive.received()
    arrives(google_drive, job, lost=(kind, after) == ("open", True))
    assert len(google_drive.folders()) == len(set(google_drive.folders())) == 4
    if (kind, after) == ("chunk", True):
        assert google_drive.received() == before


@pytest.mark.parametrize("after", [False, True])
@SIZES
def test_silence_is_a_lost_connection(google_drive, after, size, monkeypatch):
    monkeypatch.setattr(_google_drive_client, "SILENCE", 2)
    last = (size - 1) // google_drive.part
    google_drive.drive.faults = [Fault("chunk", seconds=4.0, after=after, skip=last)]
    job = Job(google_drive, noise(size), conflict="rename")
    if size == 100:
        assert isinstance(classified(google_drive.destination(), job), Transient)
    arrives(google_drive, job)
    assert google_drive.visible()[0].endswith("/file.bin")


@pytest.mark.parametrize("problem", [None, Problem(500, "internalError"), Problem(502, "")])
def test_a_chunk_that_breaks_is_sent_again_where_others_had_passed(google_drive, problem):
    google_drive.drive.faults = [Fault("chunk", problem, reset=not problem, skip=2)]
    job = Job(google_drive, noise(LARGE))
    arrives(google_drive, job)
    assert google_drive.received() == LARGE
    assert google_drive.drive.seen.count("ask") == 1


def test_breaks_without_progress_are_left_to_the_next_attempt(google_drive):
    google_drive.drive.faults = [Fault("chunk", reset=True, skip=2, times=2)]
    job = Job(google_drive, noise(LARGE))
    assert isinstance(classified(google_drive.destination(), job), Transient)
    assert google_drive.drive.seen.count("chunk") == 4
    arrives(google_drive, job)
    assert google_drive.received() == LARGE


@pytest.mark.parametrize("grains", [0, 1, 3])
def test_a_part_of_a_chunk_that_drive_kept_is_not_sent_again(google_drive, grains):
    google_drive.drive.faults = [Fault("chunk", part=grains, skip=1)]
    arrives(google_drive, Job(google_drive, noise(LARGE)))
    assert google_drive.received() == LARGE


@pytest.mark.parametrize("status", [404, 410])
@POLICIES
def test_a_session_that_vanished_starts_over(google_drive, status, conflict):
    job = Job(google_drive, noise(LARGE), conflict=conflict)
    job.stop_at = 5 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    google_drive.drive.faults = [Fault("ask", Problem(status, "notFound"))]
    google_drive.drive.sessions.clear()
    before = google_drive.received()
    arrives(google_drive, job)
    assert google_drive.received() - before == LARGE


@SIZES
@pytest.mark.parametrize(
    "damage", [lambda body: body[:-1], lambda body: b"", lambda body: bytes([body[0] ^ 1]) + body[1:]]
)
@POLICIES
def test_bytes_that_changed_or_got_lost_on_the_way_are_noticed_though_drive_said_200(
    google_drive, size, damage, conflict
):
    last = (size - 1) // google_drive.part
    google_drive.drive.faults = [Fault("chunk", alter=damage, skip=last)]
    job = Job(google_drive, noise(size), conflict=conflict)
    error = classified(google_drive.destination(), job)
    assert isinstance(error, Transient)
    assert "other bytes" in error.message
    assert google_drive.visible() == []
    arrives(google_drive, job)


def test_a_replaced_file_that_came_out_wrong_shows_its_old_bytes_again(google_drive):
    first = Job(google_drive, b"first", key="first").run()
    google_drive.drive.faults = [Fault("chunk", alter=lambda body: body[::-1])]
    job = Job(google_drive, noise(100), key="second", conflict="overwrite")
    assert isinstance(classified(google_drive.destination(), job), Transient)
    assert google_drive.read(first) == b"first"
    assert arrives(google_drive, job).provider_id == first.provider_id


@pytest.mark.parametrize(
    ("gone", "verified"), [({"sha256Checksum"}, "checksum"), ({"sha256Checksum", "md5Checksum"}, "readback")]
)
def test_checksums_that_drive_does_not_show_are_replaced_by_others(google_drive, gone, verified):
    google_drive.store.without = gone
    job = Job(google_drive, noise(LARGE))
    assert arrives(google_drive, job, verified=verified).checksum.startswith("md5:" if len(gone) == 1 else "sha256:")
    google_drive.drive.faults = [Fault("chunk", alter=lambda body: body[::-1])]
    assert isinstance(classified(google_drive.destination(), Job(google_drive, noise(9), name="b", key="b")), Transient)


@SIZES
@pytest.mark.parametrize("renewable", [True, False])
def test_an_access_token_that_ran_out_is_renewed_wherever_it_is_noticed(google_drive, size, renewable):
    secrets = {"access_token": "ya29.long-ago", **(RENEWABLE if renewable else {})}
    job = Job(google_drive, noise(size))
    try:
        job.run(google_drive.destination(secrets=secrets))
        assert renewable
    except Exception as error:  # noqa: BLE001 - classify takes every error
        assert not renewable
        known = google_drive.destination().classify(error)
        assert isinstance(known, NeedsReconnect)
        assert "long-ago" not in known.message + known.detail
        assert google_drive.drive.seen == ["get"]


@pytest.mark.parametrize("skip", [0, 1, 3])
def test_a_token_that_runs_out_in_the_middle_is_renewed(google_drive, skip):
    google_drive.drive.faults = [Fault("chunk", Problem(401, "authError"), skip=skip)]
    arrives(google_drive, Job(google_drive, noise(LARGE)))
    assert google_drive.drive.seen.count("login") == 2
    assert google_drive.received() == LARGE


def test_a_token_that_runs_out_before_the_marker_is_read_back_is_renewed(google_drive):
    google_drive.drive.faults = [Fault("content", Problem(401, "authError"))]
    assert google_drive.destination().test().account
    assert google_drive.drive.seen.count("login") == 2


def test_a_revoked_refresh_token_blocks_the_connection_and_is_asked_once(google_drive):
    google_drive.drive.refresh.clear()
    error = classified(google_drive.destination(), Job(google_drive, b"x"))
    assert type(error) is NeedsReconnect
    assert "revoked" in error.message
    assert google_drive.drive.seen == ["login"]


@SIZES
def test_a_full_account_is_told_once_and_nothing_is_sent(google_drive, size):
    google_drive.store.limit = 99
    error = classified(google_drive.destination(), Job(google_drive, noise(size)))
    assert type(error) is Permanent
    assert "Make room" in error.message
    assert google_drive.received() == 0
    assert (google_drive.visible(), google_drive.unfinished()) == ([], [])


@pytest.mark.parametrize(
    ("status", "reason", "kind", "says"),
    [
        (403, "insufficientFilePermissions", Permanent, "editor"),
        (403, "appNotAuthorizedToFile", Permanent, "drive.file"),
        (403, "accessNotConfigured", Permanent, "Enable"),
        (403, "domainPolicy", Permanent, "administrator"),
        (403, "somethingNew", Permanent, "somethingNew"),
        (403, "insufficientPermissions", NeedsReconnect, "scope"),
        (400, "invalid", Permanent, "options"),
        (500, "internalError", Transient, "tried again"),
    ],
)
def test_each_refusal_says_what_to_do(google_drive, status, reason, kind, says):
    google_drive.drive.faults = [Fault("open", Problem(status, reason, "canary"))]
    error = classified(google_drive.destination(), Job(google_drive, b"x"))
    assert type(error) is kind
    assert says in error.message
    assert "canary" not in error.message
    assert "upload_id" not in error.detail


def test_what_a_cancel_finds_finished_is_removed(google_drive):
    google_drive.drive.faults = [Fault("chunk", reset=True, after=True)]
    job = Job(google_drive, b"content")
    classified(google_drive.destination(), job)
    assert len(google_drive.visible()) == 1
    google_drive.destination().discard(job.checkpoint)
    assert google_drive.visible() == []


def test_a_cancel_leaves_the_file_that_was_to_be_replaced(google_drive):
    first = Job(google_drive, b"first", key="first").run()
    job = Job(google_drive, noise(LARGE), key="second", conflict="overwrite")
    job.stop_at = 3 * MIB
    with pytest.raises(Killed):
        job.run()
    google_drive.destination().discard(job.checkpoint)
    assert google_drive.read(first) == b"first"
    assert google_drive.unfinished() == []
