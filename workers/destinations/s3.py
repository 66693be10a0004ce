"""Amazon S3, and everything that speaks it: MinIO, Cloudflare R2, Backblaze B2, Wasabi, Ceph, Garage, rclone ...

A small file is one request; a larger one goes in parts, and what the endpoint lists as received is the truth about
them. Names are taken by conditional requests (`If-None-Match`), after a look for endpoints that ignore the condition.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from workers.destinations import _s3_names as names
from workers.destinations import _s3_versions as versions
from workers.destinations._s3_bucket import DELIVERY, Bucket, marks, marks_of
from workers.destinations._s3_client import Http, connect
from workers.destinations._s3_errors import answered, unanswered
from workers.destinations._s3_multipart import MIB, Multipart, abort, forget_opened, part_size_for
from workers.destinations._s3_options import S3Options, S3Secrets
from workers.destinations._s3_parts import Sums, sums_of
from workers.destinations._s3_rights import try_out
from workers.destinations._s3_single import TAKEN, put
from workers.destinations._s3_together import send_together
from workers.destinations._s3_wire import Wire
from workers.destinations.base import (
    Destination,
    Lifetime,
    LongshoreError,
    Permanent,
    Receipt,
    Reserve,
    TestReport,
    Transient,
    Upload,
    folders,
    next_free,
    numbered,
    safe_name,
)

NAME_LIMIT = 240
"""Bytes of a name: servers that keep objects as files take 255, the rest is room for the number of `rename`."""
TEMPORARY = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"
ROUNDS = 8
"""How often policy `version` looks again because somebody else took the name meanwhile."""
FEW = 10
"""Numbers that are tried one after the other where nobody may look."""
UNSEEN = (
    "{key} exists already, or an earlier attempt made it: this connection may not look. Give it the right to read"
    " objects, or choose another name, or the policy rename or overwrite."
)


class S3(Destination):
    """A bucket."""

    label = "Amazon S3 or compatible"
    together = 100
    limits: ClassVar[dict[str, str]] = {
        "parts": "10,000 at most: larger files get larger parts",
        "unfinished parts": "are removed by the next attempt, or after a cancellation; those of a worker killed in the"
        " first second may stay where the connection may not list uploads: let a lifecycle rule"
        " (AbortIncompleteMultipartUpload) remove them",
        "conflict policies": "free of races with other programs only where the endpoint honours If-None-Match",
    }
    features = frozenset({"resume", "conditional_create", "checksum", "link"})
    Options = S3Options
    Secrets = S3Secrets
    options: S3Options
    secrets: S3Secrets

    @classmethod
    def lifetime(cls, secrets: frozenset[str]) -> Lifetime:
        """See base. 36 hours are the longest that AWS STS gives."""
        if "session_token" in secrets:
            return Lifetime("Temporary keys end after 36 hours at most.", TEMPORARY, seconds=36 * 3600)
        return Lifetime("Keys last until they are deleted.", TEMPORARY)

    @property
    def client(self) -> Any:
        """botocore's; its methods are made at run time, so there is no type to name. Raises Refused."""
        return self._connected[0]

    @cached_property
    def _connected(self) -> tuple[Any, Http]:
        return connect(
            endpoint_url=self.options.endpoint_url,
            region=self.options.region,
            addressing_style=self.options.addressing_style,
            keys=self.secrets.keys,
            check=self.place.check_url,
        )

    @cached_property
    def wire(self) -> Wire:
        """The bucket, for what is sent in great numbers. Raises Refused."""
        client, http = self._connected
        return Wire(client, http, self.bucket.name, self.secrets.keys)

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket of the connection."""
        return Bucket(self.client, self.options.bucket_name, checksums=self._checksum)

    def test(self) -> TestReport:
        """See base. Who may only write may deliver: what else is missing is reported and no error."""
        marker = f".longshore-test-{uuid.uuid4().hex}"
        key = "/".join((*folders(self.options.folder), marker))
        try:
            return try_out(self.bucket, key, self.options.about)
        except Exception as error:
            raise self.classify(error) from error

    def upload(self, upload: Upload) -> Receipt:
        """Take a name, send, compare. Raises LongshoreError, ClientError, BotoCoreError, what `sent` raises."""
        state = self._known(upload)
        number, rounds = int(state.get("number", 1)), 0
        while True:
            key = self._key(upload, number)
            if state.get("key") != key:
                self._drop(state)
                state = {"bucket": self.bucket.name, "endpoint": self.options.endpoint_url, "key": key}
                state |= {"number": number, "mark": marks(upload)[DELIVERY], "replaces": upload.conflict == "overwrite"}
                if number > 1:
                    upload.save(dict(state))  # the next attempt may come past without a look at this key
            held = names.held(upload, self.options.endpoint_url, self.bucket.name, key)
            head = self.bucket.head(key)
            if head and marks_of(head) == marks(upload):
                return self._recognised(upload, state, head)
            if (head is None or upload.conflict in {"overwrite", "version"}) and names.may_take(upload, key, held=held):
                receipt = self._send(upload, state)
                if receipt:
                    return receipt
            if upload.conflict == "version" and rounds < ROUNDS and not self.bucket.blind:
                rounds += 1
                continue
            self._drop(state)
            if upload.conflict != "rename":
                return self._taken(upload, key, head)
            number = self._next(upload, number)

    def _next(self, upload: Upload, number: int) -> int:
        """The number for policy `rename` after one that is taken. Who may not look tries larger and larger ones."""
        if self.bucket.blind:
            return number + 1 if number < FEW else 2 * number
        return next_free(lambda one: self.bucket.head(self._key(upload, one)) is not None, number)

    def upload_together(self, uploads: Sequence[Upload], reserve: Reserve) -> Iterator[Receipt | None]:
        """See base. What is encrypted by a key of KMS has no ETag that could be compared: it goes alone."""
        if self.options.sse.startswith("aws:kms") or self.options.sse_kms_key_id:
            yield from [None] * len(uploads)
            return
        endpoint, look = self.options.endpoint_url, not names.exclusive(self.options.endpoint_url)
        mine: dict[str, Upload] = {}
        for upload in uploads:
            mine.setdefault(self._key(upload, 1), upload)  # another one of the same key comes after it
        if look and (taking := {u.key: key for key, u in mine.items() if u.conflict != "overwrite"}):
            free = reserve({one: names.place(endpoint, self.bucket.name, key) for one, key in taking.items()})
            mine = {key: upload for key, upload in mine.items() if upload.key in free or upload.key not in taking}
        about = self.options.about
        receipts = send_together(self.bucket, self.wire, mine, about, endpoint=endpoint, look=look)
        done = {mine[key].key: receipt for key, receipt in receipts.items()}
        yield from (done.get(upload.key) for upload in uploads)

    def _taken(self, upload: Upload, key: str, head: dict[str, Any] | None) -> Receipt:
        """The receipt of policy `skip`. Raises Permanent or Transient for any other."""
        if upload.conflict == "skip":
            head = head or self.bucket.head(key) or {}
            return self.bucket.receipt(upload, key, head, verified="size", skipped=True)
        if self.bucket.blind:
            raise Permanent(UNSEEN.format(key=key))
        if upload.conflict == "version":
            raise Transient(f"Others keep replacing {key} at the same moment. It will be tried again.")
        raise Permanent(f"{key} exists already. Choose another name, or the policy rename, version or overwrite.")

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Drop the parts of an unfinished upload, and the object if it is there. Raises ClientError, BotoCoreError."""
        here = (checkpoint.get("endpoint"), checkpoint.get("bucket")) == (self.options.endpoint_url, self.bucket.name)
        self._drop(checkpoint)
        if here and "mark" in checkpoint and not checkpoint.get("replaces"):
            versions.remove_marked(self.bucket, checkpoint["key"], checkpoint["mark"])

    def _drop(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint.get("endpoint") != self.options.endpoint_url:
            return
        if "opening" in checkpoint:
            forget_opened(self.client, dict(checkpoint))
        if "upload_id" in checkpoint:
            abort(
                self.client,
                upload_id=checkpoint["upload_id"],
                Bucket=checkpoint["bucket"],
                Key=checkpoint["key"],
            )

    def remove(self, receipt: Receipt) -> bool:
        """See base. Where the bucket keeps versions, the delivered one goes for good, and an older one shows again."""
        return versions.remove(self.bucket, receipt)

    def remove_aside(self, receipt: Receipt, successor: Receipt) -> bool:
        """See base. The copy goes; of a bucket that keeps versions, the one under the old name stays."""
        return versions.remove_aside(self.bucket, receipt, successor)

    def classify(self, error: Exception) -> LongshoreError:
        """See base."""
        from botocore.exceptions import ClientError

        if isinstance(error, LongshoreError):
            return error
        refused = getattr(error, "kwargs", {}).get("error")
        if isinstance(refused, LongshoreError):
            return refused
        return answered(error, self.options.bucket_name) if isinstance(error, ClientError) else unanswered(error)

    def _known(self, upload: Upload) -> dict[str, Any]:
        """The checkpoint, where it is of this bucket and not of one the connection had before."""
        known = dict(upload.checkpoint or {})
        here = (self.options.bucket_name, self.options.endpoint_url)
        return known if (known.get("bucket"), known.get("endpoint")) == here and "key" in known else {}

    def _key(self, upload: Upload, number: int) -> str:
        name = safe_name(upload.name, limit=NAME_LIMIT)
        return "/".join((*folders(self.options.folder, upload.folder), name if number == 1 else numbered(name, number)))

    def _recognised(self, upload: Upload, state: dict[str, Any], head: dict[str, Any]) -> Receipt:
        """The receipt for an object that an earlier attempt finished and did not record. Nothing is sent."""
        wanted = state.get("part_size") or part_size_for(upload.size, self.options.part_size_mb * MIB)
        sums = sums_of(upload, wanted)
        upload.sent(upload.size)
        return self._proven(upload, state, head, sums)

    def _proven(self, upload: Upload, state: dict[str, Any], answer: dict[str, Any], sums: Sums) -> Receipt:
        """The receipt, with what was kept of those that had the name before."""
        receipt = self.bucket.prove(upload, state["key"], answer, sums)
        previous = state.get("previous")
        return replace(receipt, extra={**receipt.extra, "previous": previous}) if previous else receipt

    def _send(self, upload: Upload, state: dict[str, Any]) -> Receipt | None:
        """Send the bytes and prove them; None where the name was taken in the meantime."""
        from botocore.exceptions import ClientError

        about = {**self.options.about, "ContentType": upload.media_type, "Metadata": marks(upload)}
        part_size = self.options.part_size_mb * MIB

        def condition() -> dict[str, str]:
            return self._condition(upload, state)

        try:
            if upload.size > part_size:
                answer, sums = self._multipart(upload, state).run(about, condition)
            else:
                answer, sums = put(
                    self.bucket, upload, state, about, condition, part_size=part_size, checksum=self._checksum
                )
        except ClientError as error:
            code, head = error.response["Error"]["Code"], None
            if code in TAKEN or code == "NoSuchUpload":
                head = self.bucket.head(state["key"])
            if head and marks_of(head) == marks(upload):
                return self._recognised(upload, state, head)
            if code in TAKEN and upload.conflict != "overwrite":
                return None
            raise
        return self._proven(upload, state, answer, sums)

    def _condition(self, upload: Upload, state: dict[str, Any]) -> dict[str, str]:
        """What must be true of the key when the object becomes visible, asked for and prepared just before."""
        key = state["key"]
        if upload.conflict == "overwrite":
            return {}
        head = self.bucket.head(key) if upload.conflict == "version" else None
        if head is None:
            return {"IfNoneMatch": "*"}
        kept = versions.keep(self.bucket, key, head, self.options.stored)
        if kept not in state.setdefault("previous", []):
            state["previous"].append(kept)
            upload.save(dict(state))
        return {"IfMatch": head["ETag"]}

    def _multipart(self, upload: Upload, state: dict[str, Any]) -> Multipart:
        return Multipart(
            self.client,
            self._connected[1].hang_up,
            upload,
            state,
            part_size=self.options.part_size_mb * MIB,
            checksum=self._checksum,
            opaque=self.options.sse.startswith("aws:kms"),
            blind=self.bucket.blind,
            clock=self.bucket.clock,
        )

    @property
    def _checksum(self) -> bool:
        return self.options.checksums == "when_supported"


DESTINATION = S3
