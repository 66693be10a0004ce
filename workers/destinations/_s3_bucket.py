"""What is in the bucket: whose object has a name, whether it is the artifact, and the receipt for it."""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from workers.destinations._s3_parts import CHUNK, Sums
from workers.destinations.base import Receipt, Transient, Upload

DELIVERY, SHA256 = "longshore-delivery", "longshore-sha256"
"""Names of the metadata (`x-amz-meta-...`) that tell our own object from another of the same name."""
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
FORBIDDEN = frozenset({"403", "AccessDenied", "Forbidden"})
"""HEAD answers so for a missing key, too, to who may not list the bucket, and to who may only write."""

REPLACED = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
UNCONDITIONAL = frozenset({"NotImplemented", "InvalidArgument", "501"})
"""What endpoints answer that do not know a condition."""
STRANGER = "Somebody else replaced {key} while it was checked. It will be tried again."


def marks(upload: Upload) -> dict[str, str]:
    """The metadata of an object that this delivery sends."""
    return {DELIVERY: quote(upload.key), SHA256: upload.sha256}


def marks_of(head: dict[str, Any]) -> dict[str, str]:
    """Our metadata on an object. Some servers capitalise its names."""
    told = {name.lower(): value for name, value in head.get("Metadata", {}).items()}
    return {name: told[name] for name in (DELIVERY, SHA256) if name in told}


def _clock(response: Any) -> int:
    """The `Date` of an answer."""
    told = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    with suppress(ValueError):
        return int(parsedate_to_datetime(told).timestamp())
    return 0


def _version(told: dict[str, Any]) -> tuple[str, str]:
    """What tells one object of a key from the next one."""
    return str(told.get("ETag", "")).strip('"'), told.get("VersionId", "")


def _opaque(told: dict[str, Any]) -> bool:
    """Whether encryption makes the ETag something else than an MD5."""
    return str(told.get("ServerSideEncryption", "")).startswith("aws:kms") or "SSECustomerAlgorithm" in told


def _confirmed(told: dict[str, Any], sums: Sums) -> bool:
    """Whether an answer or a look names a checksum of the artifact.

    The CRC32 counts where the ETag cannot: some servers give back the one they were sent, and have not reckoned it.
    """
    crc32 = told.get("ChecksumCRC32", "") if _opaque(told) else ""
    return sums.confirmed_by(told.get("ETag", "")) or sums.confirmed_by_crc32(crc32)


class Bucket:
    """One bucket seen through one client. All methods raise ClientError and BotoCoreError.

    `checksums`: send and ask for the CRC32 that the endpoint keeps. `blind`: the last look was forbidden, so nothing is
    known of that key. `clock`: the endpoint's own time at the last look, in seconds; 0 where it does not say.
    """

    def __init__(self, client: Any, name: str, *, checksums: bool = False) -> None:
        self.client = client
        self.name = name
        self.checksums = checksums
        self.blind = False
        self.clock = 0
        self._mode = {"ChecksumMode": "ENABLED"} if checksums else {}

    def head(self, key: str) -> dict[str, Any] | None:
        """What has this key, None where nothing is known to have it: the write that follows decides then."""
        from botocore.exceptions import ClientError

        self.blind = False
        try:
            found: dict[str, Any] = self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in MISSING | FORBIDDEN:
                raise
            self.blind = code in FORBIDDEN
            self.clock = _clock(error.response)
            return None
        self.clock = _clock(found)
        return found

    def prove(self, upload: Upload, key: str, answer: dict[str, Any], sums: Sums) -> Receipt:
        """Compare the object with the artifact: by checksum, else by reading it back.

        `answer` is the endpoint's to the upload, empty where it was lost. It counts for keys that may not look, and
        where the object bears our marks: rclone shows another ETag later, of the whole file. Raises Transient where
        the object differs, and removes it where it is surely ours.
        """
        from botocore.exceptions import ClientError

        try:
            head = self.client.head_object(Bucket=self.name, Key=key, **self._mode)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in MISSING:
                raise Transient(f"The endpoint took {key} and does not have it now. It will be tried again.") from error
            if code not in FORBIDDEN:
                raise
            return self._unseen(upload, key, answer, sums)
        told = marks_of(head)
        if told not in ({}, marks(upload)):
            raise Transient(STRANGER.format(key=key))
        if head["ContentLength"] == upload.size:
            if _confirmed(head, sums) or (told and _confirmed(answer, sums)):
                return self.receipt(upload, key, head, verified="checksum")
            readable, same = self._read_back(upload, key)
            if same or not readable:
                return self.receipt(upload, key, head, verified="readback" if readable else "size")
        if not told and _version(head) != _version(answer):
            raise Transient(STRANGER.format(key=key))
        raise self._removed(key, head, f"{head['ContentLength']} of {upload.size}")

    def _unseen(self, upload: Upload, key: str, answer: dict[str, Any], sums: Sums) -> Receipt:
        """The receipt by the answer alone, for keys that may not look. Raises Transient where it tells of other bytes.

        Where neither checksum can be compared, the endpoint still took these bytes by their Content-MD5, and said so.
        """
        if _confirmed(answer, sums):
            return self.receipt(upload, key, answer, verified="checksum")
        if not answer or _opaque(answer):
            return self.receipt(upload, key, answer, verified="size")
        raise self._removed(key, answer, "another checksum", looked=False)

    def _removed(self, key: str, told: dict[str, Any], what: str, *, looked: bool = True) -> Transient:
        """Remove what differs; the error to raise."""
        from botocore.exceptions import ClientError

        outcome = "They were removed"
        try:
            self.delete(key, told, looked=looked)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in FORBIDDEN | UNCONDITIONAL:
                outcome = "They could not be removed"
            elif code not in MISSING | REPLACED:
                raise
        return Transient(f"The endpoint stored other bytes than were sent ({what}). {outcome}; it will be tried again.")

    def delete(self, key: str, told: dict[str, Any], *, looked: bool = True) -> None:
        """Delete the object that `told` tells of: this version, or whatever has the key while it has this ETag.

        Endpoints that do not compare are trusted where a look came just before.
        """
        from botocore.exceptions import ClientError

        where = {"Bucket": self.name, "Key": key}
        if told.get("VersionId"):
            self.client.delete_object(**where, VersionId=told["VersionId"])
            return
        try:
            self.client.delete_object(**where, IfMatch=told["ETag"])
        except ClientError as error:
            if not looked or error.response["Error"]["Code"] not in UNCONDITIONAL:
                raise
            self.client.delete_object(**where)

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
        etag, version = _version(head)
        crc32 = head.get("ChecksumCRC32", "") if _opaque(head) else ""
        shown = f"crc32:{crc32}" if crc32 else f"md5:{etag}"
        return Receipt(
            provider_id=version or etag,
            path=f"s3://{self.name}/{key}",
            url=self._url(key),
            size=head.get("ContentLength", upload.size),
            checksum=f"sha256:{upload.sha256}" if outcome["verified"] == "readback" else shown,
            extra={"bucket": self.name, "key": key, "etag": etag, "version_id": version},
            **outcome,
        )

    def _url(self, key: str) -> str:
        scheme, _, host = self.client.meta.endpoint_url.partition("://")
        if host.startswith("s3.") and ".amazonaws." in host and "." not in self.name:
            return f"{scheme}://{self.name}.{host}/{quote(key)}"
        return f"{scheme}://{host.rstrip('/')}/{self.name}/{quote(key)}"
