"""An object sent in parts, resumably: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from typing import Any

from workers.destinations._s3_line import Line
from workers.destinations._s3_parts import Part, Source, Sums, sums_of
from workers.destinations.base import Transient, Upload

MIB = 1024 * 1024
SERVER_ERROR = 500
PASSING = frozenset({429, 500, 502, 503, 504})
MOST_PARTS = 10_000
"""S3's limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""


def part_size_for(size: int, wanted: int) -> int:
    """Bytes of a part: the wanted ones, or in whole MiB as many more as the largest number of parts asks for."""
    return max(wanted, -(-size // MOST_PARTS // MIB) * MIB)


def send(part: Part, call: Callable[..., dict[str, Any]], *, checksum: bool, **parameters: Any) -> dict[str, Any]:
    """One request with the part as its body, its MD5 and, where wanted, its CRC32.

    They are computed here: botocore's own would come as a trailer, which some endpoints refuse. Raises ClientError,
    BotoCoreError, and what `Upload.sent` raises.
    """
    if checksum:
        parameters["ChecksumCRC32"] = part.crc32
    try:
        return call(Body=part, ContentMD5=part.content_md5, **parameters)
    except Exception:
        if part.stopped:
            raise part.stopped from None
        raise


class Multipart:
    """One object in parts. `state` is the checkpoint; the endpoint's list of parts decides what of it still holds.

    `blind`: the key may not look at the object, so an upload that is gone after its completion was asked for has become
    it. `clock` is the endpoint's time: the checkpoint keeps as `opening` when an upload was asked for whose id is not
    known yet, since a worker that dies in this moment leaves one that nobody else could find. `hang_up` ends the
    client's connections.
    """

    def __init__(
        self,
        client: Any,
        hang_up: Callable[[], None],
        upload: Upload,
        state: dict[str, Any],
        *,
        part_size: int,
        checksum: bool,
        opaque: bool,
        blind: bool,
        clock: int,
    ) -> None:
        self.client = client
        self.hang_up = hang_up
        self.blind = blind
        self.clock = clock
        self.upload = upload
        self.state = state
        self.where = {"Bucket": state["bucket"], "Key": state["key"]}
        self.checksum = checksum
        self.state.setdefault("part_size", part_size_for(upload.size, part_size))
        self.state.setdefault("opaque", opaque)

    def run(self, create: dict[str, Any], complete: Callable[[], dict[str, str]]) -> tuple[dict[str, Any], Sums]:
        """Send what is missing and complete; the answer, empty where it was lost, and the sums of what was read.

        Raises ClientError (412 where `complete`, asked at last, gives a condition that does not hold), Transient, and
        what `sent` raises.
        """
        there = self._there()
        if there is None and self.blind and self.state.get("completing"):
            return {}, sums_of(self.upload, self.state["part_size"])
        if there is None:
            self._start(create)
            there = {}
        first = next(number for number in range(1, MOST_PARTS + 2) if number not in there)
        held = min((first - 1) * self.state["part_size"], self.upload.size)
        with closing(Source(self.upload, self.state["part_size"], held=held)) as source:
            parts = self._parts(source, there)
            try:
                sums = source.sums()
            except Transient:
                self.abort()
                raise
        return self._complete(parts, complete), sums

    def _parts(self, source: Source, there: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
        """Send what the endpoint does not have; all parts as the completion names them. Raises as `run` does."""
        answers: list[dict[str, Any] | Future[dict[str, Any]]] = []
        with Line(self.hang_up) as line:
            opaque = self.state["opaque"]
            while (part := source.next()).size:
                number = len(answers) + 1
                held = there.get(number)
                if held is None:
                    answers.append(line.send(part, partial(self._put, number, part)))
                elif part.held(held, opaque=opaque):
                    answers.append(held)
                    self.upload.sent(part.end)
                else:
                    line.settle()
                    self.abort()
                    raise Transient("The endpoint holds other parts than were sent. All will be sent again.")
                if self.state["opaque"] != opaque:
                    opaque = True
                    self.upload.save(dict(self.state))
            line.settle()
        told = [one.result() if isinstance(one, Future) else one for one in answers]
        return [_named(number, one, checksum=self.checksum) for number, one in enumerate(told, 1)]

    def _complete(self, parts: list[dict[str, Any]], complete: Callable[[], dict[str, str]]) -> dict[str, Any]:
        """Raises ClientError; where that is a clear no, the checkpoint does not say any more that it was asked for."""
        from botocore.exceptions import ClientError

        self.state["completing"] = True
        self.upload.save(dict(self.state))
        try:
            answer: dict[str, Any] = self.client.complete_multipart_upload(
                **self.where, UploadId=self.state["upload_id"], MultipartUpload={"Parts": parts}, **complete()
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < SERVER_ERROR:
                del self.state["completing"]
                self.upload.save(dict(self.state))
            raise
        return answer

    def abort(self) -> None:
        """Drop the parts at the endpoint and from the checkpoint. Quiet where they are gone already."""
        upload_id = self.state.pop("upload_id", None)
        if upload_id:
            abort(self.client, upload_id=upload_id, **self.where)
        self.upload.save(dict(self.state))

    def _start(self, create: dict[str, Any]) -> None:
        if self.checksum:
            create = {**create, "ChecksumAlgorithm": "CRC32"}
        self.state.pop("completing", None)
        forget_opened(self.client, self.state)
        if self.clock:
            self.state["opening"] = self.clock
            self.upload.save(dict(self.state))
        self.state["upload_id"] = self.client.create_multipart_upload(**self.where, **create)["UploadId"]
        self.state.pop("opening", None)
        self.upload.save(dict(self.state))

    def _there(self) -> dict[int, dict[str, Any]] | None:
        """The parts that the endpoint has, by number; None where there is no upload to go on with."""
        from botocore.exceptions import ClientError

        if "upload_id" not in self.state:
            return None
        pages = self.client.get_paginator("list_parts").paginate(**self.where, UploadId=self.state["upload_id"])
        try:
            return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
            return None

    def _put(self, number: int, part: Part) -> dict[str, Any]:
        answer = send(
            part,
            self.client.upload_part,
            checksum=self.checksum,
            **self.where,
            UploadId=self.state["upload_id"],
            PartNumber=number,
        )
        if answer["ETag"].strip('"') != part.md5:
            self.state["opaque"] = True
        return answer  # which parts there are, the endpoint knows best: they need no checkpoint each


def _named(number: int, answer: dict[str, Any], *, checksum: bool) -> dict[str, Any]:
    """A part as the completion names it, from the answer to its sending or from the list."""
    named = {"PartNumber": number, "ETag": answer["ETag"]}
    if checksum and "ChecksumCRC32" in answer:
        named["ChecksumCRC32"] = answer["ChecksumCRC32"]
    return named


def abort(client: Any, *, upload_id: str, **where: Any) -> None:
    """Drop the parts of an unfinished upload. Quiet where they are gone. Raises ClientError, BotoCoreError."""
    from botocore.exceptions import ClientError

    try:
        client.abort_multipart_upload(**where, UploadId=upload_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchUpload", "404", "NoSuchBucket", "NoSuchKey"}:
            raise


def forget_opened(client: Any, state: dict[str, Any]) -> None:
    """Drop what a worker opened that died before it could note its id: uploads of this key, from that second on.

    Older ones, and those of other keys, are not ours. Where another delivery opened one of the same key meanwhile, that
    begins again: the id alone does not say whose an upload is. Quiet where the endpoint does not list uploads, or not
    for this connection. Raises BotoCoreError, and ClientError of a fault that passes.
    """
    from botocore.exceptions import ClientError

    since, where = state.pop("opening", 0), {"Bucket": state["bucket"], "Key": state["key"]}
    if not since:
        return
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=where["Bucket"], Prefix=where["Key"])
    try:
        found = [one for page in pages for one in page.get("Uploads", ()) if one["Key"] == where["Key"]]
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in PASSING:
            raise
        return
    for one in found:
        if one["Initiated"].timestamp() >= since:
            abort(client, upload_id=one["UploadId"], **where)
