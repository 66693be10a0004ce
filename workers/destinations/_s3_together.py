"""Small objects one after the other, over the wire alone: which keys are free, their sending, and what came of it.

Both looks are a listing of each folder, which stands for as many questions as it has answers: a question costs what
sending a small file costs. What it does not reach is asked for by itself.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from workers.destinations._s3_bucket import DELIVERY, Bucket, marks, marks_of
from workers.destinations._s3_parts import shown
from workers.destinations._s3_wire import OK, Wire
from workers.destinations.base import Receipt, Upload

MISSING = 404
FEW = 4
"""Keys of a folder up to which each is asked for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the endpoint said yes to; `told` is its answer."""

    upload: Upload
    md5: str
    told: dict[str, Any]


def send_together(
    bucket: Bucket, wire: Wire, uploads: Mapping[str, Upload], about: dict[str, str], *, endpoint: str, look: bool
) -> dict[str, Receipt]:
    """Send artifacts to their keys: receipts by key, of the objects that have the artifact's MD5.

    `look`: ask first which keys are free, of endpoints that may ignore `If-None-Match`. What comes after a request that
    broke off is not sent. Raises BotoCoreError, what `Upload.open` raises, and Cancelled.
    """
    from botocore.exceptions import BotoCoreError

    taken = _taken(wire, [key for key, upload in uploads.items() if look and upload.conflict != "overwrite"])
    sent: dict[str, Sent] = {}
    for key, upload in uploads.items():
        state = {"bucket": bucket.name, "endpoint": endpoint, "key": key, "number": 1}
        try:
            done = None if key in taken else _put(wire, upload, state, about, checksum=bucket.checksums)
        except BotoCoreError:
            break  # what was sent can still be proved; the others tell by their own uploads what is wrong
        if done is not None:
            sent[key] = done
    known = _listed(wire, sent)
    proofs = {key: _proof(wire, key, one, known.get(key)) for key, one in sent.items()}
    return {
        key: bucket.receipt(sent[key].upload, key, sent[key].told | proof, verified="checksum")
        for key, proof in proofs.items()
        if proof is not None
    }


def _taken(wire: Wire, keys: Collection[str]) -> set[str]:
    known = _listed(wire, keys)
    return {key for key in keys if (known[key] if key in known else wire.head(key).status != MISSING)}


def _put(wire: Wire, upload: Upload, state: dict[str, Any], about: dict[str, str], *, checksum: bool) -> Sent | None:
    """Send one; `state` is its checkpoint. None where the endpoint refuses, or the artifact is not what it was."""
    with closing(upload.source()) as reader:
        content = _whole(reader, upload.size)
    if hashlib.sha256(content).hexdigest() != upload.sha256:
        return None
    mine, overwrites = marks(upload), upload.conflict == "overwrite"
    upload.note(state | {"mark": mine[DELIVERY], "replaces": overwrites})
    more = about | ({} if overwrites else {"IfNoneMatch": "*"})
    if checksum:
        more["ChecksumCRC32"] = shown(zlib.crc32(content))
    answer = wire.put(state["key"], content, mine, ContentType=upload.media_type, **more)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Sent(upload, md5, answer.told | {"ContentLength": upload.size}) if answer.status == OK else None


def _proof(wire: Wire, key: str, sent: Sent, listed: dict[str, Any] | None) -> dict[str, Any] | None:
    """What affirms that the object is there: the listing, or a look at it, which must show our marks; None if neither.

    An object of another delivery with the same bytes would be listed alike. That has been ruled out where `Sent` is an
    answer to `If-None-Match`, or its key was reserved; a user who overwrites asked for whichever comes last.
    """
    if listed is not None and _same(listed, sent):
        return listed
    found = wire.head(key)
    told = found.told
    right = found.status == OK and marks_of(told) == marks(sent.upload) and _same(told, sent)
    return told if right else None


def _same(told: dict[str, Any], sent: Sent) -> bool:
    etag = str(told.get("ETag", "")).strip('"').lower()
    return (etag, told["ContentLength"]) == (sent.md5, sent.upload.size)


def _listed(wire: Wire, keys: Collection[str]) -> dict[str, dict[str, Any] | None]:
    """What has these keys, None where nothing has; without those of which no listing tells."""
    folders: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        folders[key.rpartition("/")[0]].append(key)
    known: dict[str, dict[str, Any] | None] = {}
    for folder, its in folders.items():
        if len(its) <= FEW:
            continue
        whole, first = f"{folder}/" if folder else "", min(its, key=str.encode)
        alike = commonprefix(its)  # noqa: RUF071 - of their characters: a prefix of S3 may end within a name
        listing = wire.listing(alike, first)
        if listing is None and alike != whole:  # a policy of the bucket may allow to list folders alone
            listing = wire.listing(whole, first)
        if listing is not None:
            known |= {key: listing.objects.get(key) for key in its if key != first and listing.reaches(key)}
    return known


def _whole(reader: Any, size: int) -> bytes:
    """All that a reader has, a byte more than `size` at most: it may give less than it is asked for."""
    pieces, left = [], size + 1
    while left > 0 and (piece := reader.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
