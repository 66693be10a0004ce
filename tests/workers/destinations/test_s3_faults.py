from __future__ import annotations

import hashlib

import pytest

from longshore.errors import Permanent, Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, classified, noise


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


def put_after_ours(site, body, **about):
    """Somebody puts `body` under the name as soon as ours has it."""

    def answer(seen):
        if seen.method == "HEAD" and any(one.method in {"PUT", "POST"} for one in site.proxy.seen):
            site.proxy.answer = lambda seen: None
            site.client.put_object(Bucket=site.bucket, Key="team/reports/2026/file.bin", Body=body, **about)

    site.proxy.answer = answer


@pytest.mark.parametrize("theirs", [b"theirs", b"s" * 100])
@pytest.mark.parametrize("size", [100, 6 * MIB])
@pytest.mark.parametrize("versions", [False, True])
def test_an_object_without_any_marks_that_replaced_ours_survives(on_moto, theirs, size, versions):
    if versions:
        status = {"Status": "Enabled"}
        on_moto.client.put_bucket_versioning(Bucket=on_moto.bucket, VersioningConfiguration=status)
    put_after_ours(on_moto, theirs)
    error = classified(on_moto.destination(), Job(on_moto, noise(size), conflict="overwrite"))
    assert isinstance(error, Transient)
    assert "Somebody else replaced" in error.message
    assert list(on_moto.contents().values()) == [theirs]
    assert not [one for one in on_moto.proxy.seen if one.method == "DELETE"]


def test_bytes_that_differ_are_removed_though_the_endpoint_keeps_no_metadata(on_moto):
    def bare(seen, answer):
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("X-Amz-Meta")}
        return Answer(answer.status, answer.body, headers)

    on_moto.proxy.reply = bare
    on_moto.proxy.alter = lambda seen, body: body[::-1] if seen.method == "PUT" else body
    assert "They were removed" in classified(on_moto.destination(), Job(on_moto, noise(100))).message
    assert on_moto.visible() == []


def test_bytes_that_differ_and_may_not_be_removed_are_told_of(on_moto):
    on_moto.proxy.alter = lambda seen, body: body[::-1] if seen.method == "PUT" else body
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method == "DELETE" else None
    error = classified(on_moto.destination(), Job(on_moto, noise(100)))
    assert isinstance(error, Transient)
    assert "could not be removed" in error.message


def test_an_object_of_another_size_is_not_recorded_whatever_its_etag_says(on_moto):
    etag = f'"{hashlib.md5(b"content", usedforsecurity=False).hexdigest()}"'

    def shorter(seen):
        written = any(one.method == "PUT" for one in on_moto.proxy.seen)
        return Answer(200, headers={"ETag": etag, "Content-Length": "6"}) if seen.method == "HEAD" and written else None

    on_moto.proxy.answer = shorter
    error = classified(on_moto.destination(), Job(on_moto, b"content"))
    assert isinstance(error, Transient)
    assert "6 of 7" in error.message
    assert on_moto.visible() == []
