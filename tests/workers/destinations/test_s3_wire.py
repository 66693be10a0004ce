"""What the options of a connection become in the requests."""

from __future__ import annotations

import hashlib
import socket
from contextlib import closing
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, noise
from workers.destinations import _s3_versions
from workers.destinations._s3_client import session
from workers.destinations._s3_options import S3Options

TAGS = {"team": "data + art", "cost centre": "42", "größe": "a=b"}
STORED = {
    "acl": "bucket-owner-full-control",
    "storage_class": "STANDARD_IA",
    "sse": "aws:kms",
    "sse_kms_key_id": "arn:aws:kms:eu-west-1:1:key/k",
}
HEADERS = {
    "x-amz-acl": "bucket-owner-full-control",
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:1:key/k",
}


def creating(site, size):
    """The request that makes the object."""
    large = size > site.part
    return next(
        one for one in site.proxy.seen if (one.method == "POST" and "uploads" in one.query if large else one.size)
    )


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_acl_storage_class_encryption_and_tags_reach_the_endpoint(on_moto, size):
    Job(on_moto, noise(size)).run(on_moto.destination(**STORED, tags=TAGS))
    headers = creating(on_moto, size).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert parse_qs(headers["x-amz-tagging"]) == {name: [value] for name, value in TAGS.items()}
    told = on_moto.client.get_object_tagging(Bucket=on_moto.bucket, Key=on_moto.visible()[0])["TagSet"]
    assert {one["Key"]: one["Value"] for one in told} == TAGS


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_what_is_not_asked_for_is_not_sent(on_moto, size):
    Job(on_moto, noise(size)).run()
    headers = creating(on_moto, size).headers
    assert not {*HEADERS, "x-amz-tagging"} & headers.keys()


@pytest.mark.parametrize("once", [None, 5 * MIB])
def test_a_kept_object_keeps_its_own_tags(on_moto, monkeypatch, once):
    if once:
        monkeypatch.setattr(_s3_versions, "ONCE", once)
    Job(on_moto, noise(6 * MIB), key="first").run(on_moto.destination(tags={"of": "the old"}))
    Job(on_moto, b"new", key="second", conflict="version").run(on_moto.destination(tags={"of": "the new"}))
    found = {}
    for key, content in on_moto.contents().items():
        tags = on_moto.client.get_object_tagging(Bucket=on_moto.bucket, Key=key)["TagSet"]
        found[len(content)] = [one["Value"] for one in tags]
    assert found == {6 * MIB: ["the old"], 3: ["the new"]}


@pytest.mark.parametrize(
    "tags",
    [
        {str(number): "" for number in range(11)},
        {"": "x"},
        {"k" * 129: "x"},
        {"k": "x" * 257},
        {"k": "<x>"},
        {"k": "a\nb"},
        {"k": 1},
    ],
)
def test_tags_that_amazon_does_not_take_are_refused(tags):
    with pytest.raises(ValidationError):
        S3Options.model_validate({"bucket": "exports", "tags": tags})


@pytest.mark.parametrize(
    ("style", "host", "path"),
    [
        ("virtual", "exports.s3.example.test", "/team/reports/2026/file.bin"),
        ("path", "s3.example.test", "/exports/team/reports/2026/file.bin"),
    ],
)
def test_the_bucket_is_in_the_host_or_in_the_path(on_moto, monkeypatch, style, host, path):
    """The proxy is an HTTP proxy here: it sees names that no resolver knows."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{on_moto.proxy.port}")
    content = b"content"
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    told = {"ETag": etag, "Content-Length": str(len(content))}

    def answer(seen):
        if seen.method == "PUT":
            return Answer(200, headers={"ETag": etag})
        written = any(one.method == "PUT" for one in on_moto.proxy.seen)
        return Answer(200, headers=told) if written else Answer(404)

    on_moto.proxy.answer = answer
    destination = on_moto.destination(
        endpoint_url="http://s3.example.test", bucket_name="exports", addressing_style=style
    )
    Job(on_moto, content).run(destination)
    assert {(one.headers["host"], one.path) for one in on_moto.proxy.seen} == {(host, path)}


@pytest.mark.parametrize(("checksums", "expected"), [("when_supported", True), ("when_required", False)])
@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_checksums_are_sent_and_asked_for_or_neither(on_moto, checksums, expected, size):
    Job(on_moto, noise(size)).run(on_moto.destination(checksums=checksums))
    bodies = [one for one in on_moto.proxy.seen if one.method == "PUT"]
    assert [("x-amz-checksum-crc32" in one.headers) for one in bodies] == [expected] * len(bodies)
    assert all("content-md5" in one.headers for one in bodies)
    assert ("x-amz-checksum-mode" in on_moto.proxy.seen[-1].headers) is expected
    if size > on_moto.part:
        assert ("x-amz-checksum-algorithm" in creating(on_moto, size).headers) is expected


def test_a_body_does_not_wait_for_the_acknowledgement_of_its_headers(on_moto):
    destination = on_moto.destination()
    pool = session(destination.client, lambda url: None)._manager.connection_from_url(destination.options.endpoint_url)
    with closing(pool._get_conn()) as connection:
        connection.connect()
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
