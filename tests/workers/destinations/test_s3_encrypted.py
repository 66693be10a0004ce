"""Objects under a key of KMS: their ETag is no MD5, so the CRC32 that the endpoint reckoned is compared."""

from __future__ import annotations

import base64
import re
import zlib

import pytest

from longshore.errors import Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, classified, noise


def shown(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Kms:
    """moto behind a proxy that answers as Amazon does under a default key: opaque ETags, CRC32s of what arrived."""

    def __init__(self, site):
        self.site = site
        self.parts, self.whole = {}, ""
        site.proxy.alter, site.proxy.reply = self.arrived, self.told

    def damage(self, body):
        return body

    def arrived(self, seen, body):
        if seen.method != "PUT":
            return body
        body = self.damage(body)
        if "partNumber" in seen.query:
            self.parts[int(seen.query["partNumber"][0])] = zlib.crc32(body).to_bytes(4, "big")
            self.whole = f"{shown(b''.join(self.parts[number] for number in sorted(self.parts)))}-{len(self.parts)}"
        else:
            self.whole = shown(body)
        return body

    def told(self, seen, answer):
        headers = {**answer.headers, "X-Amz-Server-Side-Encryption": "aws:kms"}
        body = answer.body
        if "partNumber" in seen.query or answer.status != 200:
            return answer
        if seen.method == "POST" and "uploadId" in seen.query:
            checksum = f'<ETag>"opaque"</ETag><ChecksumCRC32>{self.whole}</ChecksumCRC32>'
            body = re.sub(rb"<ETag>.*?</ETag>", checksum.encode(), body)
            return Answer(200, body, {**headers, "Content-Length": str(len(body))})
        if "x-amz-checksum-crc32" in seen.headers or seen.headers.get("x-amz-checksum-mode") == "ENABLED":
            headers["X-Amz-Checksum-Crc32"] = self.whole
        return Answer(200, body, {**headers, "Etag": '"opaque"'})


@pytest.mark.parametrize("size", [0, 100, 11 * MIB])
def test_the_checksum_saves_reading_it_back(on_moto, size):
    kms = Kms(on_moto)
    receipt = Job(on_moto, noise(size)).run()
    assert (receipt.verified, receipt.checksum) == ("checksum", f"crc32:{kms.whole}")
    assert not [one for one in on_moto.proxy.seen if one.method == "GET"]
    assert on_moto.read(receipt) == noise(size)


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_the_answer_alone_proves_it_to_keys_that_may_not_look(on_moto, size):
    Kms(on_moto)
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method in {"HEAD", "GET"} else None
    receipt = Job(on_moto, noise(size)).run()
    assert (receipt.verified, receipt.size) == ("checksum", size)


def test_keys_that_may_not_look_deliver_though_there_is_no_checksum_at_all(on_moto):
    Kms(on_moto)
    on_moto.proxy.answer = lambda seen: Answer(403) if seen.method in {"HEAD", "GET"} else None
    reply = on_moto.proxy.reply

    def silent(seen, answer):
        told = reply(seen, answer)
        left = {name: value for name, value in told.headers.items() if "Checksum" not in name}
        return Answer(told.status, told.body, left)

    on_moto.proxy.reply = silent
    receipt = Job(on_moto, noise(100)).run(on_moto.destination(checksums="when_required"))
    assert (receipt.verified, receipt.size) == ("size", 100)


@pytest.mark.parametrize("size", [100, 11 * MIB])
def test_another_checksum_is_settled_by_reading_back(on_moto, size):
    status = {"Status": "Enabled"}  # so that it is removed by its version: moto would not know the opaque ETag
    on_moto.client.put_bucket_versioning(Bucket=on_moto.bucket, VersioningConfiguration=status)
    kms = Kms(on_moto)
    kms.damage = lambda body: bytes([body[0] ^ 1]) + body[1:]
    error = classified(on_moto.destination(), Job(on_moto, noise(size)))
    assert isinstance(error, Transient)
    assert "other bytes" in error.message
    assert on_moto.visible() == []


def test_where_checksums_are_off_none_is_asked_for_and_it_is_read_back(on_moto):
    Kms(on_moto)
    receipt = Job(on_moto, noise(100)).run(on_moto.destination(checksums="when_required"))
    assert receipt.verified == "readback"
    assert not [name for one in on_moto.proxy.seen for name in one.headers if "checksum" in name]
