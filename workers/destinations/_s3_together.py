"""Small objects one after the other, over the wire alone: what a name is, its sending, and what came of it."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import closing
from typing import Any

from workers.destinations._s3_bucket import DELIVERY, Bucket, marks, marks_of
from workers.destinations._s3_parts import shown
from workers.destinations._s3_wire import Wire
from workers.destinations.base import Receipt, Upload

OK, MISSING = 200, 404


def send_small(
    bucket: Bucket, wire: Wire, upload: Upload, state: dict[str, Any], about: dict[str, str], *, look: bool
) -> Receipt | None:
    """Send the artifact and look at the object: the receipt where it has our marks and the artifact's MD5, else None.

    `state` is the checkpoint, whose `key` is to be taken. `look`: ask first whether that is free, of endpoints that may
    ignore `If-None-Match`. Raises BotoCoreError, what `Upload.open` raises, and Cancelled.
    """
    key, mine = state["key"], marks(upload)
    with closing(upload.source()) as reader:
        content = _whole(reader, upload.size)
    if hashlib.sha256(content).hexdigest() != upload.sha256:
        return None
    overwrites = upload.conflict == "overwrite"
    if look and not overwrites and wire.head(key).status != MISSING:
        return None
    upload.note(state | {"bucket": bucket.name, "mark": mine[DELIVERY], "replaces": overwrites})
    more = about | ({} if overwrites else {"IfNoneMatch": "*"})
    if bucket.checksums:
        more["ChecksumCRC32"] = shown(zlib.crc32(content))
    if wire.put(key, content, mine, ContentType=upload.media_type, **more).status != OK:
        return None
    found = wire.head(key)
    told = found.told
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    same = told.get("ETag", "").strip('"').lower() == md5 and told["ContentLength"] == upload.size
    if found.status != OK or marks_of(told) != mine or not same:
        return None
    return bucket.receipt(upload, key, told, verified="checksum")


def _whole(reader: Any, size: int) -> bytes:
    """All that a reader has, a byte more than `size` at most: it may give less than it is asked for."""
    pieces, left = [], size + 1
    while left > 0 and (piece := reader.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
