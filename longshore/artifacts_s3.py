"""The artifact store in an S3 bucket, by obstore."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from longshore.artifacts import CHUNK, Store, explained
from longshore.errors import NotFound
from longshore.settings import Settings


class BucketStore(Store):
    """Objects in a bucket, below a prefix."""

    def __init__(self, bucket: str, prefix: str, config: Settings) -> None:
        key = config.store_access_key_id.get_secret_value()
        extra: dict[str, Any] = {}
        if config.store_endpoint:
            extra = {
                "endpoint": config.store_endpoint,
                "client_options": {"allow_http": config.store_endpoint.startswith("http://")},
            }
        if key:
            extra |= {
                "access_key_id": key,
                "secret_access_key": config.store_secret_access_key.get_secret_value(),
            }
        self._backend = S3Store(bucket, prefix=prefix or None, region=config.store_region, **extra)

    def put(self, key: str, chunks: Iterator[bytes]) -> None:
        """See Store."""
        with explained(BaseError):
            obstore.put(self._backend, key, chunks, chunk_size=8 * CHUNK)

    def open(self, key: str) -> BinaryIO:
        """See Store."""
        with explained(BaseError, reading=True):
            return io.BufferedReader(_Reader(obstore.open_reader(self._backend, key, buffer_size=CHUNK)), CHUNK)

    def copy(self, key: str, to: str) -> None:
        """See Store."""
        with explained(BaseError, reading=True):
            obstore.copy(self._backend, key, to)

    def delete(self, key: str) -> None:
        """See Store."""
        try:
            with explained(BaseError, reading=True):
                obstore.delete(self._backend, key)
        except NotFound:
            return


class _Reader(io.RawIOBase):
    """The reader of obstore as a raw stream of Python's own kind."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = bytes(self._reader.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())
