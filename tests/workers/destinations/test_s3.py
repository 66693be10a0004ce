from __future__ import annotations

import base64
import hashlib
import itertools
import zlib

import pytest
from pydantic import ValidationError

from longshore.egress import check_url
from longshore.errors import NeedsReconnect, Permanent, Refused, Transient
from tests.contracts.destination_contract import DestinationContract, Job, Killed, Site, classified, noise
from tests.contracts.s3_servers import KEY_ID, SECRET, Answer, Proxy, moto, rclone, reset_moto
from workers.destinations._s3_multipart import part_size_for
from workers.destinations.base import Place
from workers.destinations.s3 import S3, S3Options, S3Secrets

MIB = 1024 * 1024
NUMBERS = itertools.count()
BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class S3Site(Site):
    part = 5 * MIB

    def __init__(self, proxy, *, atomic):
        self.proxy = proxy
        self.atomic = atomic
        self.bucket = f"exports-{next(NUMBERS)}"
        self.client = self.destination(endpoint_url=f"http://127.0.0.1:{proxy.backend}").client
        self.client.create_bucket(Bucket=self.bucket)

    def destination(self, *, secret=SECRET, check=lambda url: None, **options):
        given = {"bucket_name": self.bucket, "endpoint_url": f"http://127.0.0.1:{self.proxy.port}", "part_size_mb": 5}
        secrets = S3Secrets(access_key_id=KEY_ID, secret_access_key=secret)
        return S3(S3Options(**{**given, "folder": "team/", **options}), secrets, Place("", check))

    def read(self, receipt):
        bucket, _, key = receipt.path.removeprefix("s3://").partition("/")
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def visible(self):
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def unfinished(self):
        return [one["Key"] for one in self.uploads()]

    def uploads(self):
        try:
            return self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        except self.client.exceptions.NoSuchUpload:  # rclone's way to say that a bucket never had one
            return []

    def received(self):
        return self.proxy.payload()


@pytest.fixture(scope="module")
def moto_port():
    with moto() as port:
        yield port


@pytest.fixture(scope="module")
def rclone_port(tmp_path_factory):
    with rclone(tmp_path_factory.mktemp("rclone")) as port:
        yield port


@pytest.fixture
def on_moto(moto_port):
    reset_moto(moto_port)
    with Proxy(moto_port).running() as proxy:
        yield S3Site(proxy, atomic=True)


@pytest.fixture
def on_rclone(rclone_port):
    with Proxy(rclone_port).running() as proxy:
        yield S3Site(proxy, atomic=False)


class TestMoto(DestinationContract):
    @pytest.fixture
    def site(self, on_moto):
        return on_moto


class TestRclone(DestinationContract):
    @pytest.fixture
    def site(self, on_rclone):
        return on_rclone


@pytest.fixture(params=["on_moto", "on_rclone"])
def site(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_a_flipped_byte_is_noticed_though_the_server_said_200(on_moto, size):
    on_moto.proxy.alter = lambda seen, body: bytes([body[0] ^ 1]) + body[1:] if seen.method == "PUT" else body
    job = Job(on_moto, noise(size))
    error = classified(on_moto.destination(), job)
    assert isinstance(error, Transient)
    assert "other bytes" in error.message
    assert on_moto.visible() == []
    on_moto.proxy.alter = lambda seen, body: body
    assert on_moto.read(job.run()) == job.content


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_a_truncated_object_is_noticed_though_the_server_said_200(on_moto, size):
    on_moto.proxy.alter = lambda seen, body: body[:-1] if seen.method == "PUT" and len(body) in {100, MIB} else body
    error = classified(on_moto.destination(), Job(on_moto, noise(size)))
    assert isinstance(error, Transient)
    assert on_moto.visible() == []


def test_a_flipped_byte_is_refused_by_a_server_that_checks(on_rclone):
    on_rclone.proxy.alter = lambda seen, body: bytes([body[0] ^ 1]) + body[1:] if seen.method == "PUT" else body
    assert isinstance(classified(on_rclone.destination(), Job(on_rclone, noise(100))), Transient)
    assert on_rclone.visible() == []


def test_every_body_carries_checksums_that_are_right(site):
    """No server at hand verifies x-amz-checksum-crc32, so the test does."""
    bodies = []
    site.proxy.alter = lambda seen, body: bodies.append((seen, body)) or body
    Job(site, noise(5 * MIB + 1)).run()
    Job(site, noise(10), name="small").run()
    sent = [(seen, body) for seen, body in bodies if seen.method == "PUT"]
    assert [len(body) for _, body in sent] == [5 * MIB, 1, 10]
    for seen, body in sent:
        assert base64.b64decode(seen.headers["x-amz-checksum-crc32"]) == zlib.crc32(body).to_bytes(4, "big")
        assert base64.b64decode(seen.headers["content-md5"]) == hashlib.md5(body).digest()
        assert "x-amz-trailer" not in seen.headers


def test_checksum_headers_can_be_left_out(site):
    destination = site.destination(checksums="when_required")
    for size in (10, 5 * MIB + 1):
        Job(site, noise(size), name=str(size)).run(destination)
    assert not [name for one in site.proxy.seen for name in one.headers if "checksum" in name]


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_acknowledged_parts_are_not_sent_again_when_the_last_answer_is_lost(site, size):
    job = Job(site, noise(size))
    last = {"POST"} if size > 5 * MIB else {"PUT"}
    site.proxy.swallow = lambda seen: seen.method in last and "uploads" not in seen.query
    assert isinstance(classified(site.destination(), job), Transient)
    site.proxy.swallow = lambda seen: False
    before = site.proxy.payload()
    receipt = job.run()
    assert (receipt.skipped, receipt.verified) == (False, "checksum")
    assert site.proxy.payload() == before
    assert [key.rpartition("/")[2] for key in site.visible()] == ["file.bin"]


def test_parts_are_sent_once_and_in_order_over_a_kill(site):
    job = Job(site, noise(18 * MIB))
    job.stop_at = 10 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    job.run()
    assert site.proxy.parts() == [1, 2, 3, 4]


def test_an_upload_that_the_server_forgot_starts_again(site):
    job = Job(site, noise(11 * MIB))
    job.stop_at = 6 * MIB
    with pytest.raises(Killed):
        job.run()
    site.destination().discard(job.checkpoint)
    job.stop_at = None
    assert site.read(job.run()) == job.content


def test_a_checkpoint_of_another_bucket_is_not_used(site):
    job = Job(site, noise(11 * MIB))
    job.checkpoint = {"bucket": "other", "endpoint": "https://elsewhere.test", "key": "k", "upload_id": "u"}
    assert site.read(job.run()) == job.content
    site.destination().discard({"bucket": "other", "endpoint": "https://elsewhere.test", "key": "k", "upload_id": "u"})


def test_a_name_taken_between_the_look_and_the_write_is_not_replaced(on_moto):
    """The condition decides: HEAD is made to see nothing."""
    Job(on_moto, b"first", key="first").run()
    on_moto.proxy.answer = lambda seen: Answer(404) if seen.method == "HEAD" else None
    assert type(classified(on_moto.destination(), Job(on_moto, b"second", key="second"))) is Permanent
    big = Job(on_moto, noise(6 * MIB), key="third")
    assert type(classified(on_moto.destination(), big)) is Permanent
    assert on_moto.unfinished() == []
    on_moto.proxy.answer = lambda seen: None
    assert on_moto.client.get_object(Bucket=on_moto.bucket, Key=on_moto.visible()[0])["Body"].read() == b"first"


def test_an_object_that_vanished_after_the_upload_is_not_recorded(on_moto):
    on_moto.proxy.answer = lambda seen: Answer(404) if seen.method == "HEAD" else None
    error = classified(on_moto.destination(), Job(on_moto, b"content"))
    assert isinstance(error, Transient)
    assert "does not have it" in error.message


def test_an_object_that_somebody_else_wrote_meanwhile_is_left_alone(on_moto):
    def replace(seen):
        if seen.method == "PUT":
            on_moto.replaced = True
        elif seen.method == "HEAD" and getattr(on_moto, "replaced", False):
            on_moto.client.put_object(
                Bucket=on_moto.bucket,
                Key="team/reports/2026/file.bin",
                Body=b"theirs",
                Metadata={"longshore-sha256": "0"},
            )

    on_moto.proxy.answer = replace
    assert isinstance(classified(on_moto.destination(), Job(on_moto, b"ours", conflict="overwrite")), Transient)
    assert on_moto.client.get_object(Bucket=on_moto.bucket, Key=on_moto.visible()[0])["Body"].read() == b"theirs"


def test_keys_that_may_only_write_still_deliver(on_moto):
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method in {"HEAD", "GET"} else None
    for size in (100, 6 * MIB):
        receipt = Job(on_moto, noise(size), name=str(size)).run()
        assert (receipt.verified, receipt.size) == ("checksum", size)


def test_an_etag_that_is_no_md5_is_settled_by_reading_back(on_moto):
    destination = on_moto.destination(sse="aws:kms")
    job = Job(on_moto, noise(11 * MIB))
    job.stop_at = 6 * MIB
    with pytest.raises(Killed):
        job.run(destination)
    job.stop_at = None
    receipt = job.run(on_moto.destination(sse="aws:kms"))
    assert receipt.verified in {"checksum", "readback"}
    assert on_moto.proxy.parts() == [1, 2, 2, 3] or on_moto.proxy.parts() == [1, 2, 3]
    assert on_moto.read(receipt) == job.content


def test_being_asked_to_slow_down_is_transient_with_the_time_that_was_named(site):
    site.proxy.answer = lambda seen: Answer(503, BUSY, {"Retry-After": "7"}) if seen.method == "PUT" else None
    error = classified(site.destination(), Job(site, b"x"))
    assert isinstance(error, Transient)
    assert error.retry_after == 7
    assert len([one for one in site.proxy.seen if one.method == "PUT"]) == 1


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
def test_a_missing_bucket_is_permanent_and_named(site, size):
    destination = site.destination(bucket_name="nowhere")
    error = classified(destination, Job(site, noise(size)))
    assert type(error) is Permanent
    assert "nowhere" in error.message
    with pytest.raises(Permanent):
        destination.test()


def test_an_endpoint_that_is_down_is_transient(site):
    destination = site.destination(endpoint_url="http://127.0.0.1:1")
    assert isinstance(classified(destination, Job(site, b"x")), Transient)
    with pytest.raises(Transient):
        destination.test()


def test_an_endpoint_that_may_not_be_reached_is_refused(site):
    destination = site.destination(check=check_url)
    assert isinstance(classified(destination, Job(site, b"x")), Refused)
    assert site.proxy.seen == []


def test_an_endpoint_that_changes_its_address_after_the_check_is_refused_when_dialled(site):
    port = site.proxy.port

    def rebinding(url):
        check_url(url, resolver=lambda host, port: ["93.184.215.14"])

    destination = site.destination(endpoint_url=f"http://localhost:{port}", check=rebinding)
    assert isinstance(classified(destination, Job(site, b"x")), Refused)
    assert site.proxy.seen == []


def test_no_secret_stands_in_the_receipt_or_in_an_error(site):
    receipt = Job(site, b"x").run()
    assert SECRET not in repr(receipt)
    assert KEY_ID not in repr(receipt)
    assert receipt.url == f"http://127.0.0.1:{site.proxy.port}/{site.bucket}/team/reports/2026/file.bin"
    error = classified(site.destination(secret="canary-secret", bucket_name="nowhere"), Job(site, b"x"))
    assert "canary" not in error.message + error.detail + repr(site.destination(secret="canary-secret").secrets)


def test_the_address_of_an_object_at_amazon_is_its_virtual_host(on_moto):
    destination = on_moto.destination(endpoint_url="", region="eu-west-1", bucket_name="exports")
    receipt = destination.bucket.receipt(None, "a b/é.png", {"ETag": '"e"', "ContentLength": 1}, verified="readback")
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
