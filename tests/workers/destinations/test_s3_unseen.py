"""Keys that may write and not look: HEAD and GET are forbidden to them."""

from __future__ import annotations

import pytest

from longshore.errors import NeedsReconnect, Permanent, Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, Killed, classified, noise

KEY = "team/reports/2026/file.bin"
DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"


@pytest.fixture
def unseen(on_moto):
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method in {"HEAD", "GET"} and not lists(seen) else None
    return on_moto


@pytest.fixture
def unproven(on_moto):
    """Where `If-Match` is forbidden, too."""

    def answer(seen):
        if seen.method in {"HEAD", "GET"} and not lists(seen):
            return Answer(403)
        return Answer(403, DENIED) if "if-match" in seen.headers else None

    on_moto.proxy.answer = answer
    return on_moto


def lists(seen):
    """Whether it asks for the parts of an upload."""
    return "uploadId" in seen.query


def lose_the_last_answer(site, job):
    last = "POST" if len(job.content) > site.part else "PUT"
    site.proxy.swallow = lambda seen: seen.method == last and "uploads" not in seen.query
    assert isinstance(classified(site.destination(), job), Transient)
    site.proxy.swallow = lambda seen: False


@pytest.mark.parametrize("conflict", ["rename", "fail", "skip", "version", "overwrite"])
@pytest.mark.parametrize("size", [0, 100, 11 * MIB])
def test_a_delivery_whose_answer_was_lost_is_there_once(unseen, conflict, size):
    job = Job(unseen, noise(size), conflict=conflict)
    lose_the_last_answer(unseen, job)
    before = unseen.proxy.payload()
    receipt = job.run()
    assert (receipt.skipped, receipt.size) == (False, size)
    assert unseen.contents() == {KEY: job.content}
    assert unseen.unfinished() == []
    assert unseen.proxy.payload() - before <= 2 * 100


@pytest.mark.parametrize("conflict", ["rename", "fail", "skip", "version"])
def test_what_was_sent_to_its_last_byte_is_ours_where_nothing_can_be_compared(unproven, conflict):
    job = Job(unproven, noise(100), conflict=conflict)
    lose_the_last_answer(unproven, job)
    receipt = job.run()
    assert (receipt.skipped, receipt.verified) == (False, "size")
    assert unproven.contents() == {KEY: job.content}


@pytest.mark.parametrize("site", ["unseen", "unproven"])
@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_after_a_killed_worker_nobody_else_s_object_is_taken_for_ours(request, site, size):
    site = request.getfixturevalue(site)
    site.client.put_object(Bucket=site.bucket, Key=KEY, Body=b"theirs")
    job = Job(site, noise(size), conflict="rename")
    job.stop_at_save = 1
    with pytest.raises(Killed):
        job.run()
    job.stop_at_save = None
    assert job.run().path.endswith("/file (2).bin")
    assert site.contents() == {KEY: b"theirs", KEY.replace("file", "file (2)"): job.content}
    assert site.unfinished() == []


@pytest.mark.parametrize("conflict", ["fail", "version"])
def test_a_name_that_is_taken_fails_and_says_that_nobody_could_look(unseen, conflict):
    unseen.client.put_object(Bucket=unseen.bucket, Key=KEY, Body=b"theirs")
    error = classified(unseen.destination(), Job(unseen, noise(100), conflict=conflict))
    assert type(error) is Permanent
    assert "exists already" in error.message
    assert "may not look" in error.message
    assert unseen.contents() == {KEY: b"theirs"}


def test_a_completion_that_was_refused_is_no_completion(unseen):
    job, before = Job(unseen, noise(6 * MIB)), unseen.proxy.answer
    unseen.proxy.answer = lambda seen: (
        Answer(403, DENIED) if (seen.method, lists(seen)) == ("POST", True) else before(seen)
    )
    assert isinstance(classified(unseen.destination(), job), NeedsReconnect)
    for one in unseen.uploads():
        unseen.client.abort_multipart_upload(Bucket=unseen.bucket, Key=one["Key"], UploadId=one["UploadId"])
    unseen.proxy.answer = before
    job.run()
    assert unseen.contents() == {KEY: job.content}


def test_a_small_file_needs_a_checkpoint_only_where_nobody_may_look(on_moto):
    job = Job(on_moto, noise(100))
    job.run()
    assert job.checkpoint is None
    assert [one.method for one in on_moto.proxy.seen] == ["HEAD", "PUT", "HEAD"]
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method == "HEAD" else None
    job = Job(on_moto, noise(100), name="other.bin")
    job.run()
    assert job.checkpoint["key"] == "team/reports/2026/other.bin"


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_other_bytes_are_noticed_by_the_answer_alone_and_only_they_are_removed(unseen, size):
    unseen.proxy.alter = lambda seen, body: body[::-1] if seen.method == "PUT" else body
    error = classified(unseen.destination(), Job(unseen, noise(size)))
    assert isinstance(error, Transient)
    assert "other bytes" in error.message
    assert unseen.visible() == []
