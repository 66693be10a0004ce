from __future__ import annotations

import base64
import re
import zlib

import pytest

from tests.contracts.s3_servers import Answer
from tests.contracts.site import Job
from workers.destinations import _s3_wire


def jobs(site, count=3, **more):
    numbers = range(count)
    return [
        Job(site, f"file {number}".encode(), name=f"{number}.txt", key=f"job {number}", **more) for number in numbers
    ]


def sent(site, wanted, **options):
    destination = site.destination(**options)
    return list(destination.upload_together([job.attempt() for job in wanted], set))


def test_they_arrive_and_each_is_proved_by_its_checksum(s3_site):
    wanted = jobs(s3_site)
    receipts = sent(s3_site, wanted)
    assert [s3_site.read(receipt) for receipt in receipts] == [job.content for job in wanted]
    assert {receipt.verified for receipt in receipts} == {"checksum"}


def test_a_listing_stands_for_a_look_at_each(s3_site):
    assert None not in sent(s3_site, jobs(s3_site, 9))
    looks = [one.method for one in s3_site.proxy.seen if one.method != "PUT"]
    assert looks == ["GET", "HEAD", "GET", "HEAD"], "the key it begins after is not in it"


def of_july(site):
    wanted = jobs(site, 9)
    for job in wanted:
        job.name = f"july {job.name}"
    return wanted


def test_only_what_begins_as_all_the_keys_do_is_listed(s3_site):
    assert None not in sent(s3_site, of_july(s3_site))
    prefixes = [one.query["prefix"] for one in s3_site.proxy.seen if one.method == "GET"]
    assert prefixes == [["team/reports/2026/july "]] * 2


def test_where_folders_alone_may_be_listed_the_folder_is(s3_site):
    def refuse_names(seen, answer):
        whole = seen.method != "GET" or seen.query["prefix"][0].endswith("/")
        return answer if whole else Answer(403)

    s3_site.proxy.reply = refuse_names
    assert None not in sent(s3_site, of_july(s3_site))
    looks = [one.method for one in s3_site.proxy.seen if one.method != "PUT"]
    assert looks == ["GET", "GET", "HEAD"] * 2


def test_names_that_are_taken_are_seen_in_the_listing(s3_site):
    s3_site.put("7.txt")
    receipts = sent(s3_site, jobs(s3_site, 9))
    assert [number for number, receipt in enumerate(receipts) if receipt is None] == [7]
    assert s3_site.contents()["team/reports/2026/7.txt"] == b"theirs"


def test_what_lies_beyond_the_listing_is_asked_for(s3_site, monkeypatch):
    monkeypatch.setattr(_s3_wire, "MOST_KEYS", 18)
    for number in range(20):
        s3_site.put(f"4.{number}")
    s3_site.put("7.txt")
    receipts = sent(s3_site, jobs(s3_site, 9))
    assert [number for number, receipt in enumerate(receipts) if receipt is None] == [7]
    asked = [one.path.rpartition("/")[2] for one in s3_site.proxy.seen if one.method == "HEAD"]
    assert asked[:6] == [f"{number}.txt" for number in (0, 4, 5, 6, 7, 8)]


def refuse(answer):
    return Answer(403)


def turn_round(answer):
    pieces = re.split(rb"(?=<Contents>)|(?<=</Contents>)", answer.body)
    objects = iter([one for one in pieces if one.startswith(b"<Contents>")][::-1])
    body = b"".join(next(objects) if one.startswith(b"<Contents>") else one for one in pieces)
    return Answer(200, body, answer.headers)


def garble(answer):
    body = b"<html>gateway"
    return Answer(200, body, answer.headers | {"Content-Length": str(len(body))})


@pytest.mark.parametrize("listed", [refuse, turn_round, garble])
def test_where_no_listing_is_to_be_had_each_is_asked_for(s3_site, listed):
    s3_site.put("6.txt")
    s3_site.put("7.txt")
    s3_site.proxy.reply = lambda seen, answer: listed(answer) if seen.method == "GET" else answer
    receipts = sent(s3_site, jobs(s3_site, 9))
    assert [number for number, receipt in enumerate(receipts) if receipt is None] == [6, 7]
    assert len([one for one in s3_site.proxy.seen if one.method == "HEAD"]) == 9 + 7


def test_another_checksum_in_the_listing_is_looked_into(on_moto):
    on_moto.proxy.alter = lambda seen, body: b"another" if seen.path.endswith("5.txt") else body
    receipts = sent(on_moto, jobs(on_moto, 9))
    assert [number for number, receipt in enumerate(receipts) if receipt is None] == [5]


def test_of_two_for_one_key_the_later_comes_afterwards(s3_site):
    first, second = jobs(s3_site, 2, conflict="overwrite")
    second.name = first.name
    receipts = sent(s3_site, [first, second])
    assert (s3_site.read(receipts[0]), receipts[1]) == (b"file 0", None)


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
