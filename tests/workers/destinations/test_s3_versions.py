from __future__ import annotations

import pytest

from tests.contracts.s3_servers import Answer
from tests.contracts.site import Job, classified, noise
from workers.destinations import _s3_versions
from workers.destinations.base import Transient

FAILED = b"<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions failed</Message></Error>"
UNKNOWN = (
    b"<Error><Code>NotImplemented</Code><Message>A header implies functionality that is not there</Message></Error>"
)


def test_an_old_object_too_large_for_one_copy_is_copied_in_parts(on_moto, monkeypatch):
    monkeypatch.setattr(_s3_versions, "ONCE", 5 * 1024 * 1024)
    monkeypatch.setattr(_s3_versions, "PIECE", 5 * 1024 * 1024)
    old = noise(11 * 1024 * 1024, 1)
    Job(on_moto, old, name="a.png", key="first").run()
    Job(on_moto, b"new", name="a.png", key="second", conflict="version").run()
    contents = on_moto.contents()
    assert sorted(contents.values()) == sorted([old, b"new"])
    kept = next(key for key, content in contents.items() if content == old)
    head = on_moto.client.head_object(Bucket=on_moto.bucket, Key=kept)
    assert head["ContentType"] == "application/octet-stream"
    assert head["Metadata"]["longshore-delivery"] == "first"
    assert on_moto.unfinished() == []


def test_a_copy_in_parts_that_fails_leaves_no_parts(on_moto, monkeypatch):
    monkeypatch.setattr(_s3_versions, "ONCE", 5 * 1024 * 1024)
    Job(on_moto, noise(6 * 1024 * 1024), name="a.png", key="first").run()
    on_moto.proxy.answer = lambda seen: Answer(503) if "x-amz-copy-source" in seen.headers else None
    error = classified(on_moto.destination(), Job(on_moto, b"new", name="a.png", key="second", conflict="version"))
    assert isinstance(error, Transient)
    assert list(on_moto.contents().values()) == [noise(6 * 1024 * 1024)]
    assert on_moto.unfinished() == []


def test_an_object_that_is_replaced_between_its_copy_and_the_upload_is_kept_too(on_moto):
    Job(on_moto, b"old", name="a.png", key="first").run()
    pushed = []

    def replace(seen):
        if seen.method == "PUT" and "if-match" in seen.headers and not pushed:
            pushed.append(
                on_moto.client.put_object(Bucket=on_moto.bucket, Key=seen.path.split("/", 2)[2], Body=b"other")
            )

    on_moto.proxy.answer = replace
    receipt = Job(on_moto, b"new", name="a.png", key="second", conflict="version").run()
    assert on_moto.read(receipt) == b"new"
    assert pushed
    assert sorted(on_moto.contents().values()) == [b"new", b"old", b"other"]


def test_an_endpoint_that_never_lets_the_name_be_taken_is_tried_again_later(on_moto):
    Job(on_moto, b"old", name="a.png", key="first").run()
    on_moto.proxy.answer = lambda seen: Answer(412, FAILED) if "if-match" in seen.headers else None
    error = classified(on_moto.destination(), Job(on_moto, b"new", name="a.png", key="second", conflict="version"))
    assert isinstance(error, Transient)
    assert b"old" in on_moto.contents().values()


@pytest.mark.parametrize(("status", "body", "removed"), [(412, FAILED, False), (501, UNKNOWN, True)])
def test_removing_compares_at_the_endpoint_where_it_can(on_moto, status, body, removed):
    receipt = Job(on_moto, b"one", name="a.png").run()
    refuse = Answer(status, body)
    on_moto.proxy.answer = lambda seen: (
        refuse if (seen.method, "if-match" in seen.headers) == ("DELETE", True) else None
    )
    assert on_moto.destination().remove(receipt) is removed
    assert on_moto.visible() == ([] if removed else ["team/reports/2026/a.png"])


def test_in_a_bucket_with_versions_the_delivered_one_goes_and_no_other(on_moto):
    versioning = {"Status": "Enabled"}
    on_moto.client.put_bucket_versioning(Bucket=on_moto.bucket, VersioningConfiguration=versioning)
    first = Job(on_moto, b"one", name="a.png", key="first").run()
    second = Job(on_moto, b"two", name="a.png", key="second", conflict="overwrite").run()
    assert on_moto.destination().remove(first) is True
    assert on_moto.read(second) == b"two"
    assert on_moto.destination().remove(first) is False
    told = on_moto.client.list_object_versions(Bucket=on_moto.bucket)
    assert len(told["Versions"]) == 1
    assert "DeleteMarkers" not in told
