"""Keep what has a key under its dated one, and remove what was delivered. All raise ClientError, BotoCoreError."""

from __future__ import annotations

from typing import Any

from workers.destinations._s3_bucket import DELIVERY, MISSING, REPLACED, UNCONDITIONAL, Bucket, marks_of
from workers.destinations._s3_multipart import abort
from workers.destinations._s3_options import tagging
from workers.destinations.base import Receipt, dated, numbered

GIB = 1024**3
ONCE = 5 * GIB
"""The most that one copy takes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html."""
PIECE = GIB
KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
"""What a copy in parts does not take over by itself."""


def keep(bucket: Bucket, key: str, head: dict[str, Any], stored: dict[str, str]) -> dict[str, str]:
    """Copy the object that `head` tells of to its dated key, which nothing else has, where that was not done yet.

    Returns `key` and `etag` of the copy, and what it is `of`: the ETag that the object has itself. Raises ClientError
    with PreconditionFailed where somebody replaced the object meanwhile.
    """
    folder, slash, name = key.rpartition("/")
    first, number = dated(name, head["LastModified"]), 1
    while True:
        to = f"{folder}{slash}{first if number == 1 else numbered(first, number)}"
        there = bucket.head(to)
        etag = "" if there else _copied(bucket, key, head, to, stored)
        if there is None and not etag:
            there = bucket.head(to)
        if there is not None and _same(there, head):
            etag = there["ETag"]
        if etag:
            return {"key": to, "etag": etag.strip('"'), "of": head["ETag"].strip('"')}
        number += 1


def _copied(bucket: Bucket, key: str, head: dict[str, Any], to: str, stored: dict[str, str]) -> str:
    """Copy to a key that nothing has; the copy's ETag, empty where somebody took the key in this moment.

    Endpoints that do not know `If-None-Match` for copies copy all the same: then only the look before it stands.
    """
    from botocore.exceptions import ClientError

    for condition in ({"IfNoneMatch": "*"}, {}):
        try:
            return _copy(bucket, key, head, to, {**stored, **condition})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if condition and code in UNCONDITIONAL:
                continue
            if code in REPLACED and bucket.head(to) is not None:
                return ""
            raise
    return ""


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two objects hold the same bytes. The ETag changes where an object that was sent in parts is copied."""
    told = marks_of(one)
    equal = one["ETag"] == other["ETag"] or (bool(told) and told == marks_of(other))
    return equal and one["ContentLength"] == other["ContentLength"]


def _copy(bucket: Bucket, key: str, head: dict[str, Any], to: str, stored: dict[str, str]) -> str:
    """The copy's ETag."""
    source: dict[str, Any] = {"CopySource": {"Bucket": bucket.name, "Key": key}, "CopySourceIfMatch": head["ETag"]}
    where = {"Bucket": bucket.name, "Key": to}
    size = head["ContentLength"]
    if size <= ONCE:
        return str(bucket.client.copy_object(**where, **source, **stored)["CopyObjectResult"]["ETag"])
    once = {"IfNoneMatch": stored.pop("IfNoneMatch")} if "IfNoneMatch" in stored else {}
    about = {name: head[name] for name in KEPT if head.get(name)}
    if head.get("TagCount"):
        tags = bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]
        about["Tagging"] = tagging({one["Key"]: one["Value"] for one in tags})
    upload_id = bucket.client.create_multipart_upload(**where, **about, **stored)["UploadId"]
    try:
        parts = []
        for number, start in enumerate(range(0, size, PIECE), 1):
            piece = {"PartNumber": number, "CopySourceRange": f"bytes={start}-{min(size, start + PIECE) - 1}"}
            answer = bucket.client.upload_part_copy(**where, **source, **piece, UploadId=upload_id)
            parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
        whole = {"UploadId": upload_id, "MultipartUpload": {"Parts": parts}}
        return str(bucket.client.complete_multipart_upload(**where, **whole, **once)["ETag"])
    except BaseException:
        abort(bucket.client, upload_id=upload_id, **where)
        raise


def remove(bucket: Bucket, receipt: Receipt) -> bool:
    """Delete the object, or in a bucket that keeps versions this one version, if it is what the receipt tells of."""
    told = receipt.extra
    if told.get("bucket") != bucket.name or receipt.skipped:
        return False
    return _removed(bucket, told["key"], told["etag"], receipt.size, told.get("version_id") or "")


def remove_aside(bucket: Bucket, receipt: Receipt, successor: Receipt) -> bool:
    """Delete the copy that `keep` made of what the receipt tells of, if it is still that copy."""
    told, now = receipt.extra, successor.extra
    if (told.get("bucket"), now.get("bucket")) != (bucket.name, bucket.name) or receipt.skipped:
        return False
    copies = [one for one in now.get("previous", ()) if one["of"] == told["etag"]]
    return any(_removed(bucket, one["key"], one["etag"], receipt.size) for one in copies)


def _removed(bucket: Bucket, key: str, etag: str, size: int, version_id: str = "") -> bool:
    """Delete what has the key if it has this ETag and size; a version alone where one is named, or is what is there."""
    from botocore.exceptions import ClientError

    try:
        head = bucket.client.head_object(
            Bucket=bucket.name, Key=key, **({"VersionId": version_id} if version_id else {})
        )
        if (head["ETag"].strip('"'), head["ContentLength"]) != (etag, size):
            return False
        bucket.delete(key, {"ETag": head["ETag"], "VersionId": version_id or head.get("VersionId")})
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING | REPLACED:
            return False
        raise
    return True


def remove_marked(bucket: Bucket, key: str, mark: str) -> None:
    """Delete what has the key if the delivery of this mark sent it: it became visible when it was to be stopped."""
    from botocore.exceptions import ClientError

    head = bucket.head(key)
    if head is None or marks_of(head).get(DELIVERY) != mark:
        return
    try:
        bucket.delete(key, head)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING | REPLACED:
            raise
