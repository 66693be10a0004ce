"""Amazon S3, and everything that speaks it: MinIO, Cloudflare R2, Backblaze B2, Wasabi, Ceph, Garage, rclone ...

A small file is one request; a larger one goes in parts, and what the endpoint lists as received is the truth about
them. Names are taken by conditional requests (`If-None-Match`), after a look for endpoints that ignore the condition.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from workers.destinations import _s3_versions as versions
from workers.destinations._s3_bucket import DELIVERY, Bucket, marks, marks_of
from workers.destinations._s3_client import connect
from workers.destinations._s3_errors import answered, unanswered
from workers.destinations._s3_multipart import MIB, Multipart, abort, part_size_for, send
from workers.destinations._s3_parts import Source, Sums
from workers.destinations.base import (
    Destination,
    Lifetime,
    LongshoreError,
    Permanent,
    Receipt,
    TestReport,
    Transient,
    Upload,
    folders,
    numbered,
    safe_name,
)

NAME_LIMIT = 240
"""Bytes of a name: servers that keep objects as files take 255, the rest is room for the number of `rename`."""
TAKEN = frozenset({"412", "PreconditionFailed"})
ROUNDS = 8
"""How often policy `version` looks again because somebody else took the name meanwhile."""


class S3Options(BaseModel):
    """Where, and how to speak to it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    bucket_name: str = Field(
        validation_alias=AliasChoices("bucket_name", "bucket"), min_length=3, max_length=255, description="The bucket."
    )
    region: str = Field("us-east-1", pattern=r"^[A-Za-z0-9-]{1,63}$", description="Region of the bucket.")
    folder: str = Field("", max_length=700, description="Prefix of every key.")
    endpoint_url: str = Field("", max_length=500, description="Endpoint of a service other than Amazon's.")
    addressing_style: Literal["auto", "path", "virtual"] = Field("auto", description="Bucket in the path or the host.")
    storage_class: str = Field("", max_length=40, description="As STANDARD_IA; empty: the bucket's default.")
    sse: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = Field("", description="Encryption at rest.")
    sse_kms_key_id: str = Field("", max_length=2048, description="Key of `aws:kms`; empty: the account's.")
    acl: str = Field("", max_length=40, description="Canned ACL, as bucket-owner-full-control; empty: none.")
    checksums: Literal["when_supported", "when_required"] = Field(
        "when_supported", description="`when_required` for endpoints that refuse x-amz-checksum headers."
    )
    part_size_mb: int = Field(8, ge=5, le=1024, description="MiB of a part; a smaller file is one request.")


TEMPORARY = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"


class S3Secrets(BaseModel):
    """Keys, as the provider issues them."""

    model_config = ConfigDict(extra="forbid")

    access_key_id: SecretStr = Field(min_length=1, description="Access key id.")
    secret_access_key: SecretStr = Field(min_length=1, description="Secret access key.")
    session_token: SecretStr | None = Field(None, description="Of temporary credentials.")


class S3(Destination):
    """A bucket."""

    label = "Amazon S3 or compatible"
    limits: ClassVar[dict[str, str]] = {
        "parts": "10,000 at most: larger files get larger parts",
        "unfinished parts": "of a worker killed in the first second of an upload may stay: let a lifecycle rule"
        " (AbortIncompleteMultipartUpload) remove them",
        "conflict policies": "free of races only where the endpoint honours If-None-Match; others are asked first",
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

    @cached_property
    def client(self) -> Any:
        """The connection; its methods are made at run time, so there is no type to name. Raises Refused."""
        token = self.secrets.session_token
        return connect(
            endpoint_url=self.options.endpoint_url,
            region=self.options.region,
            addressing_style=self.options.addressing_style,
            keys=(
                self.secrets.access_key_id.get_secret_value(),
                self.secrets.secret_access_key.get_secret_value(),
                token.get_secret_value() if token else None,
            ),
            check=self.place.check_url,
        )

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket of the connection."""
        return Bucket(self.client, self.options.bucket_name)

    def test(self) -> TestReport:
        """See base."""
        marker = f".longshore-test-{uuid.uuid4().hex}"
        where = {"Bucket": self.options.bucket_name, "Key": "/".join((*folders(self.options.folder), marker))}
        try:
            self.client.put_object(**where, Body=marker.encode(), **self._stored())
            with closing(self.client.get_object(**where)["Body"]) as body:
                same = body.read() == marker.encode()
            self.client.delete_object(**where)
        except Exception as error:
            raise self.classify(error) from error
        if not same:
            raise Transient("The bucket does not give back what was written there.")
        return TestReport(f"{self.options.bucket_name} at {self.client.meta.endpoint_url}", ("write", "read", "delete"))

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
            head = self.bucket.head(key)
            if head and marks_of(head) == marks(upload):
                return self._recognised(upload, state, head)
            if head is None or upload.conflict in {"overwrite", "version"}:
                receipt = self._send(upload, state)
                if receipt:
                    return receipt
            if upload.conflict == "version" and rounds < ROUNDS:
                rounds += 1
                continue
            self._drop(state)
            if upload.conflict == "version":
                raise Transient(f"Others keep replacing {key} at the same moment. It will be tried again.")
            if upload.conflict == "skip":
                head = head or self.bucket.head(key) or {}
                return self.bucket.receipt(upload, key, head, verified="size", skipped=True)
            if upload.conflict != "rename":
                raise Permanent(
                    f"{key} exists already. Choose another name, or the policy rename, version or overwrite."
                )
            number += 1

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Drop the parts of an unfinished upload, and the object if it is there. Raises ClientError, BotoCoreError."""
        here = (checkpoint.get("endpoint"), checkpoint.get("bucket")) == (self.options.endpoint_url, self.bucket.name)
        self._drop(checkpoint)
        if here and "mark" in checkpoint and not checkpoint.get("replaces"):
            versions.remove_marked(self.bucket, checkpoint["key"], checkpoint["mark"])

    def _drop(self, checkpoint: dict[str, Any]) -> None:
        if "upload_id" in checkpoint and checkpoint.get("endpoint") == self.options.endpoint_url:
            abort(
                self.client,
                upload_id=checkpoint["upload_id"],
                Bucket=checkpoint["bucket"],
                Key=checkpoint["key"],
            )

    def remove(self, receipt: Receipt) -> bool:
        """See base. Where the bucket keeps versions, the delivered one goes for good, and an older one shows again."""
        return versions.remove(self.bucket, receipt)

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

    def _stored(self) -> dict[str, str]:
        wanted = {
            "ACL": self.options.acl,
            "StorageClass": self.options.storage_class,
            "ServerSideEncryption": self.options.sse,
            "SSEKMSKeyId": self.options.sse_kms_key_id,
        }
        return {name: value for name, value in wanted.items() if value}

    def _recognised(self, upload: Upload, state: dict[str, Any], head: dict[str, Any]) -> Receipt:
        """The receipt for an object that an earlier attempt finished and did not record. Nothing is sent."""
        wanted = state.get("part_size") or part_size_for(upload.size, self.options.part_size_mb * MIB)
        with closing(Source(upload, wanted, whole=True)) as source:
            while source.next().size:
                pass
            sums = source.sums()
        upload.sent(upload.size)
        return self.bucket.prove(upload, state["key"], head["ETag"], sums)

    def _send(self, upload: Upload, state: dict[str, Any]) -> Receipt | None:
        """Send the bytes and prove them; None where the name was taken in the meantime."""
        from botocore.exceptions import ClientError

        about = {**self._stored(), "ContentType": upload.media_type, "Metadata": marks(upload)}

        def condition() -> dict[str, str]:
            return self._condition(upload, state["key"])

        try:
            if upload.size > self.options.part_size_mb * MIB:
                etag, sums = self._multipart(upload, state).run(about, condition)
            else:
                etag, sums = self._put(upload, state, about, condition)
        except ClientError as error:
            code, head = error.response["Error"]["Code"], None
            if code in TAKEN or code == "NoSuchUpload":
                head = self.bucket.head(state["key"])
            if head and marks_of(head) == marks(upload):
                return self._recognised(upload, state, head)
            if code in TAKEN and upload.conflict != "overwrite":
                return None
            raise
        return self.bucket.prove(upload, state["key"], etag, sums)

    def _condition(self, upload: Upload, key: str) -> dict[str, str]:
        """What must be true of the key when the object becomes visible, asked for and prepared just before."""
        if upload.conflict == "overwrite":
            return {}
        head = self.bucket.head(key) if upload.conflict == "version" else None
        if head is None:
            return {"IfNoneMatch": "*"}
        versions.keep(self.bucket, key, head, self._stored())
        return {"IfMatch": head["ETag"]}

    def _put(
        self, upload: Upload, state: dict[str, Any], about: dict[str, Any], condition: Callable[[], dict[str, str]]
    ) -> tuple[str, Sums]:
        """The whole artifact in one request; the ETag of the answer, and the sums of what was read."""
        upload.note(dict(state))  # the marks on the object tell the next attempt as much
        with closing(Source(upload, self.options.part_size_mb * MIB)) as source:
            part = source.next()
            sums = source.sums()
            answer = send(
                part,
                self.client.put_object,
                checksum=self._checksum,
                Bucket=state["bucket"],
                Key=state["key"],
                **about,
                **condition(),
            )
        upload.sent(upload.size)
        return answer["ETag"], sums

    def _multipart(self, upload: Upload, state: dict[str, Any]) -> Multipart:
        return Multipart(
            self.client,
            upload,
            state,
            part_size=self.options.part_size_mb * MIB,
            checksum=self._checksum,
            opaque=self.options.sse.startswith("aws:kms"),
        )

    @property
    def _checksum(self) -> bool:
        return self.options.checksums == "when_supported"


DESTINATION = S3
