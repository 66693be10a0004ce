"""What the key may do, found out with a marker: who may only write may deliver."""

from __future__ import annotations

from contextlib import closing

from workers.destinations._s3_bucket import FORBIDDEN, Bucket
from workers.destinations.base import TestReport, Transient

ARCHIVED = "InvalidObjectState"
"""What is answered for objects of an archive's storage class: they wait to be restored."""
NO_READ = "files are compared by the checksums that the endpoint answers"
NO_DELETE = "the marker {key} stays, and so does what retention or a failed comparison would remove"


def try_out(bucket: Bucket, key: str, about: dict[str, str]) -> TestReport:
    """Write a marker, read it back, delete it whatever happens. Raises Transient, ClientError, BotoCoreError."""
    where = {"Bucket": bucket.name, "Key": key}
    content = key.encode()
    bucket.client.put_object(**where, Body=content, **about)
    rights, missing, same = ["write"], [], True
    try:
        read = _read(bucket, where)
        if read is None:
            missing.append(NO_READ)
        else:
            rights.append("read")
            same = read == content
    finally:
        deleted = _delete(bucket, where)
    if not same:
        raise Transient("The bucket does not give back what was written there.")
    if deleted:
        rights.append("delete")
    else:
        missing.append(NO_DELETE.format(key=key))
    note = f"Works: {', '.join(rights)} ({'; '.join(missing)})." if missing else ""
    return TestReport(f"{bucket.name} at {bucket.client.meta.endpoint_url}", tuple(rights), note=note)


def _read(bucket: Bucket, where: dict[str, str]) -> bytes | None:
    """None where the key may not read it."""
    from botocore.exceptions import ClientError

    try:
        with closing(bucket.client.get_object(**where)["Body"]) as body:
            return bytes(body.read())
    except ClientError as error:
        if error.response["Error"]["Code"] not in FORBIDDEN | {ARCHIVED}:
            raise
        return None


def _delete(bucket: Bucket, where: dict[str, str]) -> bool:
    """Whether the key may."""
    from botocore.exceptions import ClientError

    try:
        bucket.client.delete_object(**where)
    except ClientError as error:
        if error.response["Error"]["Code"] not in FORBIDDEN:
            raise
        return False
    return True
