"""What the destinations' contract needs to know of a provider's local server, and one delivery over its attempts."""

from __future__ import annotations

import hashlib
import io
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.contracts.stalling import Line
from workers.destinations.base import Destination, Receipt, Upload


class Killed(BaseException):
    """Stands for kill -9: no `except Exception` sees it."""


class Site(ABC):
    """One provider, as its own calls show it. `part` is the most that an acknowledged step of an upload may hold."""

    part: int
    atomic = True
    """Whether the server takes names in one step."""
    atomic_copy = True
    """Whether a copy that names the version it is made of fails where that was replaced."""
    settles = 0.0
    """Seconds until the server has noticed that a line broke, and has put away what came over it."""
    apart = 0.0
    """Seconds that must be between two deliveries of equal bytes, for their files to be told apart."""
    atomic_remove = True
    """Whether the server compares and deletes in one step."""
    crowd = 100
    """How many files of one name a test puts there: fewer where each takes long."""
    resumes = True
    """Whether an upload goes on where it was broken off; else it begins again, and may leave nothing behind."""

    @abstractmethod
    def destination(self) -> Destination:
        """A new connection."""

    @abstractmethod
    def read(self, receipt: Receipt) -> bytes:
        """What the provider has at the receipt's path."""

    @abstractmethod
    def visible(self) -> list[str]:
        """Paths of all that the provider shows."""

    @abstractmethod
    def contents(self) -> dict[str, bytes]:
        """All that the provider shows, by its paths."""

    @abstractmethod
    def unfinished(self) -> list[str]:
        """What unfinished uploads left."""

    asked: tuple[Any, str]
    """What the destination asks who has a name: an object and its method."""

    def put(self, name: str) -> None:
        """As somebody else: a file of this name, in the folder that a delivery has been to."""
        Job(self, b"theirs", name=name, key=name).run()

    @abstractmethod
    def stalling(self, **when: Any) -> AbstractContextManager[tuple[Destination, Line]]:
        """A connection over a line that stops moving, see `Line`."""

    @abstractmethod
    def received(self) -> int:
        """Payload bytes that came to the provider since the site was made."""


class ServerSite(Site):
    """A provider's server on this machine."""

    @abstractmethod
    def backend(self) -> int:
        """The port of the server."""

    def through(self, port: int) -> Destination:
        """A connection that reaches the server by way of another port."""
        return self.destination(endpoint_url=f"http://127.0.0.1:{port}")  # type: ignore[call-arg]

    @contextmanager
    def stalling(self, **when: Any) -> Iterator[tuple[Destination, Line]]:
        """See Site."""
        with Line(self.backend(), **when).running() as line:
            yield self.through(line.port), line


HOLDERS: dict[str, Job] = {}
"""Which job has reserved a name at its provider, as a table of the database says for deliveries."""


class Job:
    """One delivery over all its attempts; keeps what a database would.

    `paced` bytes were read beyond what the destination said is `held`: a limit of bandwidth would make them wait.
    """

    def __init__(self, site: Site, content: bytes, *, name: str = "file.bin", conflict: Any = "fail", key: str = "job"):
        self.site = site
        self.content = content
        self.checkpoint: dict[str, Any] | None = None
        self.progress: list[int] = []
        self.stop_at: int | None = None
        self.stop_at_save: int | None = None
        self.stop: BaseException = Killed()
        self.folder, self.name, self.conflict, self.key = "reports/2026", name, conflict, key
        self.reader: Any = io.BytesIO
        self.reserved: list[str] = []
        self.held = self.paced = 0

    def run(self, destination: Destination | None = None) -> Receipt:
        try:
            return (destination or self.site.destination()).upload(self.attempt())
        finally:
            for name in self.reserved:
                HOLDERS.pop(name, None)
            self.reserved.clear()

    def attempt(self) -> Upload:
        return Upload(
            key=self.key,
            open=lambda: Paced(self.reader(self.content), self),
            size=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
            media_type="application/octet-stream",
            folder=self.folder,
            name=self.name,
            conflict=self.conflict,
            save=self._save,
            sent=self._sent,
            reserve=self._reserve,
            held=lambda size: setattr(self, "held", size),
            checkpoint=json.loads(json.dumps(self.checkpoint)),
        )

    def _save(self, state: dict[str, Any]) -> None:
        self.checkpoint = json.loads(json.dumps(state))
        if self.stop_at_save is not None:
            self.stop_at_save -= 1
            if self.stop_at_save == 0:
                raise self.stop

    def _reserve(self, name: str) -> bool:
        mine = HOLDERS.setdefault(name, self) is self
        if mine:
            self.reserved.append(name)
        return mine

    def _sent(self, total: int) -> None:
        self.progress.append(total)
        if self.stop_at is not None and total >= self.stop_at:
            raise self.stop


class Paced:
    """A reader that counts what a limit of bandwidth would make wait."""

    def __init__(self, reader: Any, job: Job):
        self._reader, self._job = reader, job
        self._free = job.held
        self.close = reader.close

    def read(self, size: int = -1) -> bytes:
        chunk: bytes = self._reader.read(size)
        free = min(self._free, len(chunk))
        self._free -= free
        self._job.paced += len(chunk) - free
        return chunk


class Trickle(io.RawIOBase):
    """A source that cannot seek and gives less than it is asked for."""

    def __init__(self, content: bytes):
        self._file = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, 100_003) if size >= 0 else size)


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def classified(destination: Destination, job: Job) -> Exception:
    """What becomes of an upload that must fail."""
    try:
        receipt = job.run(destination)
    except Exception as error:  # noqa: BLE001 - classify takes every error
        return destination.classify(error)
    pytest.fail(f"the upload succeeded: {receipt}")
