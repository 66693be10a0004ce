"""An object sent in one request, and what became of it where the answer was lost and the key may not look.

An object that an earlier attempt made is known by its marks. Who may not look sees only that the name is taken, by that
attempt or by somebody else. So the checkpoint says beforehand that the object was asked for, and a name that is taken
afterwards is asked for once more, on condition that what has it is the artifact (`If-Match`). Where
that is refused, too, ours is what was sent to its last byte: a name that is taken is refused before the body, which
waits for the endpoint's `100 Continue`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from workers.destinations._s3_bucket import MISSING, Bucket
from workers.destinations._s3_multipart import send
from workers.destinations._s3_parts import Part, Source, Sums
from workers.destinations.base import Upload

TAKEN = frozenset({"412", "PreconditionFailed"})
BEGUN, SENT = "begun", "sent"
"""What the checkpoint says of an object that was asked for: nothing more is known, or its last byte had left."""


def put(
    bucket: Bucket,
    upload: Upload,
    state: dict[str, Any],
    about: dict[str, Any],
    condition: Callable[[], dict[str, str]],
    *,
    part_size: int,
    checksum: bool,
) -> tuple[dict[str, Any], Sums]:
    """Send the artifact; the answer, empty where it was lost, and the sums of what was read.

    Raises ClientError (412 where the name is taken, by others as far as can be known), BotoCoreError, Transient, and
    what `sent` raises.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    where = {"Bucket": state["bucket"], "Key": state["key"], **about}
    with closing(Source(upload, part_size)) as source:
        part = source.next()
        sums = source.sums()
        asked = condition()
        before = state.get("asked", "")
        unseen = bucket.blind and bool(asked)
        if unseen:
            state["asked"] = before or BEGUN
            upload.save(dict(state))
        else:
            upload.note(dict(state))  # the marks on the object tell the next attempt as much
        try:
            answer = send(part, bucket.client.put_object, checksum=checksum, **where, **asked)
        except ClientError as error:
            if not before or not unseen or error.response["Error"]["Code"] not in TAKEN:
                raise
            found = _ours(bucket, part, where, sums, before, checksum=checksum)
            if found is None:
                raise
            answer = found
        except BotoCoreError:
            if unseen and part.gone.done():
                state["asked"] = SENT
                upload.save(dict(state))
            raise
    upload.sent(upload.size)
    return answer, sums


def _ours(
    bucket: Bucket, part: Part, where: dict[str, Any], sums: Sums, before: str, *, checksum: bool
) -> dict[str, Any] | None:
    """The answer, empty where none is to be had, if what has the name is the artifact; None where it is not."""
    from botocore.exceptions import ClientError

    if where.get("ServerSideEncryption", "").startswith("aws:kms"):  # whose ETags nobody knows beforehand
        return {} if before == SENT else None
    part.seek(0)
    try:
        return send(part, bucket.client.put_object, checksum=checksum, **where, IfMatch=f'"{sums.md5}"')
    except ClientError as error:
        if error.response["Error"]["Code"] in TAKEN | MISSING:
            return None
        return {} if before == SENT else None
