"""HEAD and PUT of one object, signed by botocore and sent over its HTTP session, without what its client does besides.

The client takes 3.5 ms of a processor for a PUT of 10 KB, and 2.9 ms for a HEAD; this takes 1.5 and 0.7. It is for the
answers that are hoped for: of any other nothing is told but its status.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from workers.destinations._s3_client import Http

HEADERS = {
    "ACL": "x-amz-acl",
    "StorageClass": "x-amz-storage-class",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "Tagging": "x-amz-tagging",
    "ContentType": "Content-Type",
    "ContentMD5": "Content-MD5",
    "ChecksumCRC32": "x-amz-checksum-crc32",
    "IfNoneMatch": "If-None-Match",
}
"""Parameters of botocore's client by the headers that carry them."""
TOLD = {
    "ETag": "etag",
    "VersionId": "x-amz-version-id",
    "ServerSideEncryption": HEADERS["ServerSideEncryption"],
}
"""The other way round, of answers."""
META = "x-amz-meta-"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and headers, whose names are in lower case."""

    status: int
    headers: dict[str, str]

    @property
    def told(self) -> dict[str, Any]:
        """The headers as the client's answers name them."""
        told: dict[str, Any] = {name: self.headers[header] for name, header in TOLD.items() if header in self.headers}
        told["ContentLength"] = int(self.headers.get("content-length", -1))
        told["Metadata"] = {name.removeprefix(META): v for name, v in self.headers.items() if name.startswith(META)}
        return told


class Wire:
    """One bucket, with a client's endpoint and keys. Its methods raise BotoCoreError and what `http` raises."""

    def __init__(self, client: Any, http: Http, bucket: str, keys: tuple[str, str, str | None]) -> None:
        from botocore.auth import S3SigV4Auth
        from botocore.credentials import Credentials

        signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        self._base = signed.partition("?")[0].removesuffix("k")
        self._http = http
        self._auth = S3SigV4Auth(Credentials(*keys), "s3", client.meta.region_name)

    def head(self, key: str) -> Answer:
        """What has this key."""
        return self._answer("HEAD", key, {}, b"")

    def put(self, key: str, content: bytes, metadata: Mapping[str, str], **parameters: str) -> Answer:
        """Send an object. The signature covers the content's SHA-256, and its MD5 is sent along."""
        md5 = hashlib.md5(content, usedforsecurity=False).digest()
        parameters["ContentMD5"] = base64.b64encode(md5).decode()
        headers = {HEADERS[name]: value for name, value in parameters.items()}
        headers |= {META + name: value for name, value in metadata.items()}
        return self._answer("PUT", key, headers, content)

    def _answer(self, method: str, key: str, headers: dict[str, str], content: bytes) -> Answer:
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method, self._base + quote(key, safe="/~"), headers, content)
        request.context["payload_signing_enabled"] = True
        self._auth.add_auth(request)
        answer = self._http.send(request.prepare())
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()})
