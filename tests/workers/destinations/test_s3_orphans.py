"""A worker that dies when the endpoint has opened an upload and its id is not noted yet."""

from __future__ import annotations

import time

import pytest

from longshore.errors import Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, Killed, classified, noise

KEY = "team/reports/2026/file.bin"


def opened(site, key):
    return site.client.create_multipart_upload(Bucket=site.bucket, Key=key)["UploadId"]


def died_in_between(site, **more):
    """A delivery whose worker heard of the upload's id and could not save it."""
    job, save = Job(site, noise(6 * MIB), **more), Job._save

    def dying(state):
        if "upload_id" in state:
            raise Killed
        save(job, state)

    job._save = dying
    with pytest.raises(Killed):
        job.run()
    assert len([one for one in site.unfinished() if one == KEY]) >= 1
    del job._save
    return job


@pytest.fixture
def others(on_rclone):
    """Uploads that are nobody's business: of the same key from before, and of keys that only begin alike."""
    ids = {opened(on_rclone, KEY), opened(on_rclone, f"{KEY}.gz"), opened(on_rclone, "team/else.bin")}
    time.sleep(1.1)  # the endpoint tells its time in seconds
    return ids


def left(site):
    return {one["UploadId"] for one in site.uploads()}


def test_the_next_attempt_removes_what_was_opened_and_nothing_else(on_rclone, others):
    job = died_in_between(on_rclone)
    opened(on_rclone, f"{KEY}.later")
    assert on_rclone.read(job.run()) == job.content
    assert others < left(on_rclone)
    assert sorted(on_rclone.unfinished()) == sorted([KEY, f"{KEY}.gz", f"{KEY}.later", "team/else.bin"])


def test_what_is_cancelled_then_leaves_nothing(on_rclone, others):
    job = died_in_between(on_rclone)
    on_rclone.destination().discard(job.checkpoint)
    assert left(on_rclone) == others
    on_rclone.destination().discard(job.checkpoint)


def test_a_name_that_is_taken_meanwhile_takes_nothing_of_it_along(on_rclone, others):
    job = died_in_between(on_rclone, conflict="rename")
    on_rclone.client.put_object(Bucket=on_rclone.bucket, Key=KEY, Body=b"theirs")
    assert job.run().path.endswith("/file (2).bin")
    assert left(on_rclone) == others


@pytest.mark.parametrize("status", [403, 501, 503])
def test_an_endpoint_that_lists_no_uploads_takes_the_file_all_the_same(on_rclone, status):
    job = died_in_between(on_rclone)
    on_rclone.proxy.answer = lambda seen: (
        Answer(status) if seen.method == "GET" and "uploads" in seen.query and "uploadId" not in seen.query else None
    )
    if status == 503:
        assert isinstance(classified(on_rclone.destination(), job), Transient)
    else:
        assert on_rclone.read(job.run()) == job.content
