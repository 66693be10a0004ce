from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import ValidationError

from longshore.egress import check_url
from longshore.errors import NeedsReconnect, Permanent, Refused, Transient
from tests.contracts.s3_servers import KEY_ID, SECRET, Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, classified, noise
from workers.destinations._s3_multipart import part_size_for
from workers.destinations._s3_options import S3Options

BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


def test_being_asked_to_slow_down_is_transient_with_the_time_that_was_named(s3_site):
    s3_site.proxy.answer = lambda seen: Answer(503, BUSY, {"Retry-After": "7"}) if seen.method == "PUT" else None
    error = classified(s3_site.destination(), Job(s3_site, b"x"))
    assert isinstance(error, Transient)
    assert error.retry_after == 7
    assert len([one for one in s3_site.proxy.seen if one.method == "PUT"]) == 1


def test_the_time_may_be_named_as_a_date(s3_site):
    ends = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    s3_site.proxy.answer = lambda seen: Answer(503, BUSY, {"Retry-After": ends}) if seen.method == "PUT" else None
    error = classified(s3_site.destination(), Job(s3_site, b"x"))
    assert isinstance(error, Transient)
    assert 60 < error.retry_after <= 90


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "QuotaExceeded"),
        (400, "XMinioAdminBucketQuotaExceeded"),
        (507, "XMinioStorageFull"),
        (507, ""),
    ],
)
@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_a_full_bucket_is_tried_again_every_five_minutes_and_filled_when_there_is_room(on_moto, status, code, size):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode() if code else b""
    on_moto.proxy.answer = lambda seen: Answer(status, body) if seen.method == "PUT" else None
    job = Job(on_moto, noise(size))
    error = classified(on_moto.destination(), job)
    assert type(error) is Transient
    assert error.retry_after == 300
    assert "Make room" in error.message
    on_moto.proxy.answer = lambda seen: None
    assert on_moto.read(job.run()) == job.content


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "InternalError", Transient),
        (502, "", Transient),
        (429, "", Transient),
        (400, "RequestTimeout", Transient),
        (403, "RequestTimeTooSkewed", Transient),
        (400, "BadDigest", Transient),
        (403, "InvalidAccessKeyId", NeedsReconnect),
        (403, "AccessDenied", NeedsReconnect),
        (400, "ExpiredToken", NeedsReconnect),
        (401, "", NeedsReconnect),
        (400, "EntityTooLarge", Permanent),
        (400, "EntityTooSmall", Permanent),
        (301, "PermanentRedirect", Permanent),
        (400, "InvalidStorageClass", Permanent),
        (400, "SomethingNew", Permanent),
    ],
)
def test_answers_are_told_apart(on_moto, status, code, kind):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode() if code else b""
    on_moto.proxy.answer = lambda seen: Answer(status, body) if seen.method == "PUT" else None
    error = classified(on_moto.destination(), Job(on_moto, b"x"))
    assert type(error) is kind, error
    assert error.message.endswith(".")


def test_a_wrong_secret_asks_to_reconnect(on_rclone):
    destination = on_rclone.destination(secret="wrong")
    for size in (100, 6 * MIB):
        assert isinstance(classified(destination, Job(on_rclone, noise(size))), NeedsReconnect)
    with pytest.raises(NeedsReconnect):
        destination.test()


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_a_missing_bucket_is_permanent_and_named(s3_site, size):
    destination = s3_site.destination(bucket_name="nowhere")
    error = classified(destination, Job(s3_site, noise(size)))
    assert type(error) is Permanent
    assert "nowhere" in error.message
    with pytest.raises(Permanent):
        destination.test()


def test_an_endpoint_that_is_down_is_transient(s3_site):
    destination = s3_site.destination(endpoint_url="http://127.0.0.1:1")
    assert isinstance(classified(destination, Job(s3_site, b"x")), Transient)
    with pytest.raises(Transient):
        destination.test()


def test_an_endpoint_that_may_not_be_reached_is_refused(s3_site):
    destination = s3_site.destination(check=check_url)
    assert isinstance(classified(destination, Job(s3_site, b"x")), Refused)
    assert s3_site.proxy.seen == []


def test_an_endpoint_that_changes_its_address_after_the_check_is_refused_when_dialled(s3_site):
    port = s3_site.proxy.port

    def rebinding(url):
        check_url(url, resolver=lambda host, port: ["93.184.215.14"])

    destination = s3_site.destination(endpoint_url=f"http://localhost:{port}", check=rebinding)
    assert isinstance(classified(destination, Job(s3_site, b"x")), Refused)
    assert s3_site.proxy.seen == []


def test_no_secret_stands_in_the_receipt_or_in_an_error(s3_site):
    receipt = Job(s3_site, b"x").run()
    assert SECRET not in repr(receipt)
    assert KEY_ID not in repr(receipt)
    assert receipt.url == f"http://127.0.0.1:{s3_site.proxy.port}/{s3_site.bucket}/team/reports/2026/file.bin"
    error = classified(s3_site.destination(secret="canary-secret", bucket_name="nowhere"), Job(s3_site, b"x"))
    assert "canary" not in error.message + error.detail + repr(s3_site.destination(secret="canary-secret").secrets)


def test_the_address_of_an_object_at_amazon_is_its_virtual_host(on_moto):
    destination = on_moto.destination(endpoint_url="", region="eu-west-1", bucket_name="exports")
    receipt = destination.bucket.receipt(
        Job(on_moto, b"x").attempt(), "a b/é.png", {"ETag": '"e"'}, verified="readback"
    )
    assert receipt.url == "https://exports.s3.eu-west-1.amazonaws.com/a%20b/%C3%A9.png"


def test_options_take_the_names_that_people_use():
    assert S3Options.model_validate({"bucket": "exports"}).bucket_name == "exports"
    assert S3Options.model_validate({"bucket_name": "exports", "folder": "a"}).region == "us-east-1"
    with pytest.raises(ValidationError):
        S3Options.model_validate({"bucket_name": "exports", "region": "x.evil.test/"})


def test_a_file_of_more_parts_than_s3_takes_gets_larger_parts():
    assert part_size_for(10_000 * 5 * MIB, 5 * MIB) == 5 * MIB
    assert part_size_for(10_000 * 5 * MIB + 1, 5 * MIB) == 6 * MIB
    for size in (5 * 1024**4, 123_456_789_012):
        assert size / part_size_for(size, 5 * MIB) <= 10_000
