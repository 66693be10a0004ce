"""What is in the bucket: whose object has a name, whether it is the artifact, and the receipt for it."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import Any
from urllib.parse import quote

from workers.destinations._s3_parts import CHUNK, Sums
from workers.destinations.base import Receipt, Transient, Upload

DELIVERY, SHA256 = "longshore-delivery", "longshore-sha256"
"""Names of the metadata (`x-amz-meta-...`) that tell our own object from another of the same name."""
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
FORBIDDEN = frozenset({"403", "AccessDenied", "Forbidden"})
"""HEAD answers so for a missing key, too, to who may not list the bucket, and to who may only write."""


def marks(upload: Upload) -> dict[str, str]:
    """The metadata of an object that this delivery sends."""
    return {DELIVERY: quote(upload.key), SHA256: upload.sha256}


def marks_of(head: dict[str, Any]) -> dict[str, str]:
    """Our metadata on an object. Some servers capitalise its names."""
    told = {name.lower(): value for name, value in head.get("Metadata", {}).items()}
    return {name: told[name] for name in (DELIVERY, SHA256) if name in told}


class Bucket:
    """One bucket seen through one client. All methods raise ClientError and BotoCoreError."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def head(self, key: str) -> dict[str, Any] | None:
        """What has this key, None where nothing is known to have it: the write that follows decides then."""
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING | FORBIDDEN:
                return None
            raise
        return found

    def prove(self, upload: Upload, key: str, etag: str, sums: Sums) -> Receipt:
        """Compare the object with the artifact: by checksum, else by reading it back.

        `etag` is what the endpoint answered to the upload. It counts for keys that may not look, and where the object
        bears our marks: rclone shows another one later, of the whole file. Raises Transient, and removes the object,
        where it differs.
        """
        from botocore.exceptions import ClientError

        try:
            head = self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in MISSING:
                raise Transient(f"The endpoint took {key} and does not have it now. It will be tried again.") from error
            if code not in FORBIDDEN or not sums.confirmed_by(etag):
                raise
            return self.receipt(upload, key, {"ETag": etag}, verified="checksum")
        if marks_of(head) not in ({}, marks(upload)):
            raise Transient(f"Somebody else replaced {key} while it was checked. It will be tried again.")
        if head["ContentLength"] == upload.size:
            if sums.confirmed_by(head["ETag"]) or (marks_of(head) and sums.confirmed_by(etag)):
                return self.receipt(upload, key, head, verified="checksum")
            readable, same = self._read_back(upload, key)
            if same or not readable:
                return self.receipt(upload, key, head, verified="readback" if readable else "size")
        version = {"VersionId": head["VersionId"]} if "VersionId" in head else {}
        self.client.delete_object(Bucket=self.name, Key=key, **version)
        raise Transient(
            f"The endpoint stored other bytes than were sent ({head['ContentLength']} of {upload.size}). They were"
            " removed; it will be tried again."
        )

    def _read_back(self, upload: Upload, key: str) -> tuple[bool, bool]:
        """Whether the object can be read (an archived one cannot), and whether it is the artifact."""
        from botocore.exceptions import ClientError

        try:
            body = self.client.get_object(Bucket=self.name, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidObjectState":
                raise
            return False, False
        found = hashlib.sha256()
        with closing(body):
            for chunk in body.iter_chunks(CHUNK):
                found.update(chunk)
                upload.sent(upload.size)
        return True, found.hexdigest() == upload.sha256

    def receipt(self, upload: Upload, key: str, head: dict[str, Any], **outcome: Any) -> Receipt:
        """For the object that `head` tells of."""
        etag = str(head.get("ETag", "")).strip('"')
        return Receipt(
            provider_id=str(head.get("VersionId", "")) or etag,
            path=f"s3://{self.name}/{key}",
            url=self._url(key),
            size=head.get("ContentLength", upload.size),
            checksum=f"sha256:{upload.sha256}" if outcome["verified"] == "readback" else f"md5:{etag}",
            extra={"bucket": self.name, "key": key, "etag": etag, "version_id": head.get("VersionId", "")},
            **outcome,
        )

    def _url(self, key: str) -> str:
        scheme, _, host = self.client.meta.endpoint_url.partition("://")
        if host.startswith("s3.") and ".amazonaws." in host and "." not in self.name:
            return f"{scheme}://{self.name}.{host}/{quote(key)}"
        return f"{scheme}://{host.rstrip('/')}/{self.name}/{quote(key)}"
