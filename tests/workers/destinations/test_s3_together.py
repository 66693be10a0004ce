from __future__ import annotations

import base64
import zlib

import pytest

from tests.contracts.s3_servers import Answer
from tests.contracts.site import Job


def jobs(site):
    return [Job(site, f"file {number}".encode(), name=f"{number}.txt", key=f"job {number}") for number in range(3)]


def sent(site, wanted, **options):
    destination = site.destination(**options)
    return list(destination.upload_together([job.attempt() for job in wanted], set))


def test_they_arrive_and_each_is_proved_by_its_checksum(s3_site):
    wanted = jobs(s3_site)
    receipts = sent(s3_site, wanted)
    assert [s3_site.read(receipt) for receipt in receipts] == [job.content for job in wanted]
    assert {receipt.verified for receipt in receipts} == {"checksum"}


@pytest.mark.parametrize(("checksums", "along"), [("when_supported", True), ("when_required", False)])
def test_the_crc32_that_the_endpoint_keeps_goes_along_where_it_may(s3_site, checksums, along):
    wanted = jobs(s3_site)
    assert None not in sent(s3_site, wanted, checksums=checksums)
    given = [one.headers.get("x-amz-checksum-crc32") for one in s3_site.proxy.seen if one.method == "PUT"]
    right = [base64.b64encode(zlib.crc32(job.content).to_bytes(4, "big")).decode() for job in wanted]
    assert given == (right if along else [None] * len(wanted))


@pytest.mark.parametrize("options", [{"sse": "aws:kms"}, {"sse": "aws:kms:dsse"}, {"sse_kms_key_id": "key"}])
def test_what_a_key_of_kms_encrypts_is_left_to_uploads_of_their_own(on_moto, options):
    assert sent(on_moto, jobs(on_moto), **options) == [None, None, None]
    assert on_moto.proxy.seen == []


def test_what_is_refused_or_stored_otherwise_is_left_to_an_upload_of_its_own(on_moto):
    on_moto.proxy.answer = lambda seen: Answer(503) if seen.method == "PUT" and seen.path.endswith("0.txt") else None
    on_moto.proxy.alter = lambda seen, body: b"another" if seen.path.endswith("1.txt") else body
    first, second, third = sent(on_moto, jobs(on_moto))
    assert (first, second) == (None, None)
    assert third is not None
