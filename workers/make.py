"""Make the object of an artifact: a copy of one that would come out the same, else what rendering makes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.artifacts import CHUNK, Stored, store
from longshore.db import clock, reading
from workers import reuse
from workers.convert import convert


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made: kind, format, name without extension, settings as they were given, seconds it may take."""

    owner: str
    kind: str
    format: str
    name: str
    settings: dict[str, Any]
    deadline: float


@dataclass(frozen=True, slots=True)
class Made:
    """An artifact whose object is written. `outcome` is the attempt's, `report` is for the user.

    `fetched` is a digest of the pictures that lie elsewhere and were asked for; empty where there were none.
    """

    stored: Stored
    report: dict[str, Any]
    fingerprint: str
    outcome: str = "completed"
    fetched: str = ""


def earlier(order: Order, sha256: str, key: str) -> tuple[str, Made | None]:
    """The fingerprint of the work on a document with this SHA-256, and a copy of its result if it was done before."""
    began = time.monotonic()
    mark = reuse.fingerprint(sha256, order.kind, order.format, order.settings, order.name)
    with reading() as session:
        found = reuse.find(session, order.owner, mark, now=clock(session))
    if found is None or not reuse.copy(found, key):
        return mark, None
    return mark, Made(found.stored, found.report | {"render_ms": since(began)}, mark, "reused")


def make(order: Order, mark: str, source: Path, folder: Path, key: str) -> Made:
    """Convert the source in a scratch folder and write the object. Raises LongshoreError and OSError."""
    output = folder / "output"
    output.mkdir()
    began = time.monotonic()
    document, render = convert(
        source,
        order.kind,
        order.format,
        title=order.name,
        given=order.settings,
        folder=output,
        seconds=order.deadline,
    )
    report = {"warnings": render.warnings, "render_ms": since(began), "not_drawn": render.not_drawn}
    # what was fetched may be another picture tomorrow
    stored = store().write(key, pieces(document.path))
    return Made(stored, report, "" if render.fetched else mark, fetched=_digest(render.fetched))


def _digest(fetched: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(fetched.items())).encode()).hexdigest() if fetched else ""


def since(began: float) -> float:
    """Milliseconds since a `time.monotonic()` instant."""
    return round(1000 * (time.monotonic() - began), 1)


def pieces(path: Path) -> Iterator[bytes]:
    """The content of a file, a chunk at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
