"""What a delivery sends: the artifact, or the bytes that packing made of it, once, for all attempts.

Encryption is random, and a resumed upload must go on with the very bytes it began with: so the packed ones are kept in
the artifact store until the delivery needs them no more. Memory is constant at any size.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from longshore.artifacts import CHUNK, Stored, store
from longshore.db import reading, transaction
from longshore.errors import Cancelled, NotFound, Permanent, Transient
from longshore.models import Artifact, Delivery
from longshore.packing import Packing, parse
from longshore.states import DeliveryState
from workers.lease import hold
from workers.scratch import scratch

GZIP = 31
"""zlib's window bits for gzip: a header without name and time, so that the same bytes make the same file."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes that are sent: `key` is where the artifact store has them."""

    key: str
    size: int
    sha256: str
    media_type: str


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def content_of(delivery: Delivery, artifact: Artifact, fence: int, check: Callable[[], None]) -> Content:
    """What a claimed delivery sends; it is packed now where it has not been.

    `check` raises Cancelled where the row is lost. Raises Permanent for an artifact that is no longer what was
    rendered, Transient for a disk that is full.
    """
    packing = Packing.of(delivery.packing)
    media_type = packing.media_type(artifact.media_type)
    if not packing.endings:
        return Content(artifact.key, artifact.size, artifact.sha256, artifact.media_type)
    if delivery.packed_key and delivery.packed_sha256 and _is_there(delivery.packed_key):
        return Content(delivery.packed_key, delivery.packed_size or 0, delivery.packed_sha256, media_type)
    if delivery.packed_key:
        store().delete(delivery.packed_key)
    key = f"packed/{delivery.id}/{fence}"
    _note(delivery, fence, packed_key=key, packed_size=None, packed_sha256=None)
    try:
        made = _pack(packing, artifact, key, check)
        _note(delivery, fence, packed_key=key, packed_size=made.size, packed_sha256=made.sha256, size=made.size)
    except Cancelled:
        store().delete(key)
        raise
    return Content(key, made.size, made.sha256, media_type)


def needless() -> ColumnElement[bool]:
    """Deliveries whose packed bytes nobody needs: arrived, given up with nothing to resume, or nothing to retry."""
    ended = Delivery.state.in_([str(state) for state in (DeliveryState.FAILED, DeliveryState.CANCELLED)])
    no_artifact = ~exists().where(Artifact.export_id == Delivery.export_id)
    return and_(
        Delivery.packed_key.is_not(None),
        or_(
            Delivery.state == str(DeliveryState.COMPLETED),
            and_(ended, Delivery.checkpoint.is_(None)),
            and_(Delivery.state != str(DeliveryState.UPLOADING), no_artifact),
        ),
    )


def forget_packed(delivery_id: str) -> bool:
    """Delete the packed bytes of a delivery, if they are needless; its row is locked meanwhile. Raises Transient."""
    with transaction() as session:
        query = select(Delivery.packed_key).where(Delivery.id == delivery_id, needless())
        key = session.scalar(query.with_for_update())
        if key is None:
            return False
        store().delete(key)
        gone = {"packed_key": None, "packed_size": None, "packed_sha256": None}
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**gone))
        return True


def forget_all_packed(limit: int) -> int:
    """Delete up to `limit` packed objects that are needless; the count of them."""
    with reading() as session:
        ids = session.scalars(select(Delivery.id).where(needless()).limit(limit)).all()
    return sum(forget_packed(one) for one in ids)


def _note(delivery: Delivery, fence: int, **values: str | int | None) -> None:
    """Before bytes are written, too: what a killed worker leaves is found by its row."""
    with transaction() as session:
        if not hold(session, Delivery, delivery.id, fence, **values):
            raise Cancelled("Stopped.")
    for name, value in values.items():
        setattr(delivery, name, value)


def _is_there(key: str) -> bool:
    try:
        store().open(key).close()
    except NotFound:
        return False
    return True


def _pack(packing: Packing, artifact: Artifact, key: str, check: Callable[[], None]) -> Stored:
    plain = _compressed(_read(artifact, check), packing.compress)
    if not packing.encrypt_to:
        return store().write(key, plain)
    try:
        with scratch(f"pack-{artifact.id}-") as folder:
            sealed = folder / "sealed"
            _encrypt(plain, sealed, packing.encrypt_to)
            with sealed.open("rb") as file:
                return store().write(key, iter(lambda: file.read(CHUNK), b""))
    except OSError as error:
        raise Transient("The worker's disk refused: free space in LONGSHORE_HOME.", detail=str(error)) from error


def _read(artifact: Artifact, check: Callable[[], None]) -> Iterator[bytes]:
    """The artifact's bytes, held against its SHA-256 at their end."""
    digest = hashlib.sha256()
    for chunk in store().chunks(artifact.key):
        check()
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != artifact.sha256:
        raise Permanent("The stored artifact is not what was rendered. Make the export again.")


def _compressed(chunks: Iterator[bytes], way: str) -> Iterator[bytes]:
    if way == "none":
        yield from chunks
        return
    compressor = _compressor(way)
    for chunk in chunks:
        if some := compressor.compress(chunk):
            yield some
    yield compressor.flush()


def _compressor(way: str) -> _Compressor:
    if way == "gzip":
        return zlib.compressobj(wbits=GZIP)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})


class _Pipe:
    """Chunks as the stream that pyrage reads. It turns every error into one of its own, so ours is kept here."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._left:
                self._left = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        some, self._left = self._left[:size], self._left[size:]
        return bytes(some)


def _encrypt(chunks: Iterator[bytes], target: Path, recipients: tuple[str, ...]) -> None:
    import pyrage

    pipe = _Pipe(chunks)
    with target.open("wb") as file:
        try:
            pyrage.encrypt_io(pipe, file, [parse(one) for one in recipients])
        except pyrage.EncryptError as error:
            if pipe.error is not None:
                raise pipe.error from error
            raise Transient("The worker's disk refused: free space in LONGSHORE_HOME.", detail=str(error)) from error
