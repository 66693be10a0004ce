from __future__ import annotations

import base64
import hashlib
import io
import zlib

import pytest

from longshore.errors import Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, Killed, classified, noise
from workers.destinations._s3_parts import Part, Sums


def test_every_body_carries_checksums_that_are_right(s3_site):
    """No server at hand verifies x-amz-checksum-crc32, so the test does."""
    bodies = []
    s3_site.proxy.alter = lambda seen, body: bodies.append((seen, body)) or body
    Job(s3_site, noise(5 * MIB + 1)).run()
    Job(s3_site, noise(10), name="small").run()
    sent = [(seen, body) for seen, body in bodies if seen.method == "PUT"]
    assert [len(body) for _, body in sent] == [5 * MIB, 1, 10]
    for seen, body in sent:
        assert base64.b64decode(seen.headers["x-amz-checksum-crc32"]) == zlib.crc32(body).to_bytes(4, "big")
        assert base64.b64decode(seen.headers["content-md5"]) == hashlib.md5(body, usedforsecurity=False).digest()
        assert "x-amz-trailer" not in seen.headers


def test_checksum_headers_can_be_left_out(s3_site):
    destination = s3_site.destination(checksums="when_required")
    for size in (10, 5 * MIB + 1):
        Job(s3_site, noise(size), name=str(size)).run(destination)
    assert not [name for one in s3_site.proxy.seen for name in one.headers if "checksum" in name]


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_acknowledged_parts_are_not_sent_again_when_the_last_answer_is_lost(s3_site, size):
    job = Job(s3_site, noise(size))
    last = {"POST"} if size > 5 * MIB else {"PUT"}
    s3_site.proxy.swallow = lambda seen: seen.method in last and "uploads" not in seen.query
    assert isinstance(classified(s3_site.destination(), job), Transient)
    s3_site.proxy.swallow = lambda seen: False
    before = s3_site.proxy.payload()
    receipt = job.run()
    assert (receipt.skipped, receipt.verified) == (False, "checksum")
    assert s3_site.proxy.payload() == before
    assert [key.rpartition("/")[2] for key in s3_site.visible()] == ["file.bin"]


def test_parts_are_sent_once_and_in_order_over_a_kill(s3_site):
    job = Job(s3_site, noise(18 * MIB))
    job.stop_at = 10 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    job.run()
    assert s3_site.proxy.parts() == [1, 2, 3, 4]


def test_an_upload_that_the_server_forgot_starts_again(s3_site):
    job = Job(s3_site, noise(11 * MIB))
    job.stop_at = 6 * MIB
    with pytest.raises(Killed):
        job.run()
    s3_site.destination().discard(job.checkpoint)
    job.stop_at = None
    assert s3_site.read(job.run()) == job.content


def test_a_checkpoint_of_another_bucket_is_not_used(s3_site):
    job = Job(s3_site, noise(11 * MIB))
    job.checkpoint = {"bucket": "other", "endpoint": "https://elsewhere.test", "key": "k", "upload_id": "u"}
    assert s3_site.read(job.run()) == job.content
    s3_site.destination().discard(
        {"bucket": "other", "endpoint": "https://elsewhere.test", "key": "k", "upload_id": "u"}
    )


def test_keys_that_may_only_write_still_deliver(on_moto):
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method in {"HEAD", "GET"} else None
    for size in (100, 6 * MIB):
        receipt = Job(on_moto, noise(size), name=str(size)).run()
        assert (receipt.verified, receipt.size) == ("checksum", size)


def test_an_etag_that_is_no_md5_is_settled_by_reading_back(on_moto, monkeypatch):
    monkeypatch.setattr(Sums, "confirmed_by", lambda sums, etag: False)
    job = Job(on_moto, noise(11 * MIB))
    job.stop_at = 6 * MIB
    with pytest.raises(Killed):
        job.run(on_moto.destination(sse="aws:kms"))
    job.stop_at = None
    receipt = job.run(on_moto.destination(sse="aws:kms"))
    assert (receipt.verified, receipt.checksum) == ("readback", f"sha256:{hashlib.sha256(job.content).hexdigest()}")
    assert on_moto.proxy.parts() == [1, 2, 3]


def test_reading_back_other_bytes_removes_the_object(on_moto, monkeypatch):
    monkeypatch.setattr(Sums, "confirmed_by", lambda sums, etag: False)
    on_moto.proxy.alter = lambda seen, body: body[::-1] if seen.method == "PUT" else body
    assert isinstance(classified(on_moto.destination(), Job(on_moto, noise(100))), Transient)
    assert on_moto.visible() == []


def test_progress_counts_what_goes_over_the_wire_and_not_what_is_read_to_be_signed():
    told = []
    part = Part(io.BytesIO(b"content"), 7, 7, (b"", 0), told.append)
    assert part.read() == b"content"
    assert told == []
    part.seek(0)
    part.begin()
    assert part.read() == b"content"
    assert told == [7]
