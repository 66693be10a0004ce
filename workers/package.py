"""One ZIP of the artifacts of a batch: the same artifacts give the same bytes, in constant memory.

Its document is JSON: `members`, the exports in their order; `manifest`, whether to add one; `whole`, whether every
member must be there.
"""

from __future__ import annotations

import hashlib
import json
import time
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from longshore.artifacts import CHUNK, store
from longshore.db import reading
from longshore.errors import Permanent, Transient
from longshore.models import Artifact, Export
from longshore.names import extension_of
from workers.make import Made, Order, pieces, since

MANIFEST = "manifest.json"
LEVEL = 6
"""zlib's default, said here so that the same files give the same archive."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can name."""
PLAIN_FILE = 0o100644 << 16
UNIX = 3
"""Says that the rights above are Unix's (APPNOTE.TXT, 4.4.2)."""
PACKED = frozenset({"png", "jpg", "webp", "avif", "pdf", "xlsx", "zip", "gz", "zst", "mp4", "docx", "pptx"})
"""Extensions of what does not get smaller."""
GONE = "It was deleted, or its artifact has expired."


@dataclass(frozen=True, slots=True)
class Member:
    """One export of the batch with its artifact, or with why there is none."""

    title: str
    format: str
    artifact: Artifact | None
    error: str = ""


def pack_members(order: Order, source: Path, folder: Path, key: str, alive: Callable[[], None]) -> Made:
    """Write the ZIP to the artifact store. `alive` raises Cancelled where the row is lost.

    Raises Permanent where nothing or, if it must be whole, not everything is there, and Transient for a damaged store.
    """
    began = time.monotonic()
    asked = json.loads(source.read_bytes())
    members = [_member(export_id) for export_id in asked["members"]]
    missing = [one for one in members if one.artifact is None]
    lines = [f"{one.title} ({one.format or 'deleted'}): {one.error}" for one in missing]
    if len(missing) == len(members) or (missing and asked["whole"]):
        raise Permanent(f"{len(missing)} of {len(members)} files are missing. {' '.join(lines[:5])}")
    target = folder / "package.zip"
    listed = _write(target, members, alive, order, manifest=asked["manifest"])
    _look_again(target, listed)
    warnings = [f"Not in the package: {line}" for line in lines]
    report = {"warnings": warnings, "render_ms": since(began), "not_drawn": {}, "files": len(listed)}
    return Made(store().write(key, pieces(target)), report, "")


def _member(export_id: str) -> Member:
    with reading() as session:
        export = session.get(Export, export_id)
        if export is None:
            return Member(export_id, "", None, GONE)
        artifact = session.scalar(select(Artifact).where(Artifact.export_id == export.id))
        return Member(export.name, export.format, artifact, "" if artifact else export.error_message or GONE)


def _write(
    target: Path, members: list[Member], alive: Callable[[], None], order: Order, *, manifest: bool
) -> list[dict[str, Any]]:
    """The archive; what is in it, in order."""
    taken = {MANIFEST} if manifest else set()
    listed: list[dict[str, Any]] = []
    store_all = order.settings.get("compression") == "store"
    ends = time.monotonic() + order.deadline
    with zipfile.ZipFile(target, "w", compresslevel=LEVEL) as archive:
        for one in members:
            if one.artifact is None:
                continue
            name = _unique(one.artifact.filename, taken)
            plain = store_all or extension_of(name).lower() in PACKED
            entry = _entry(name, one.artifact.size, zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED)
            _copy(archive, entry, one.artifact, alive, ends)
            about = {"name": name, "size": one.artifact.size, "sha256": one.artifact.sha256}
            listed.append(about | {"media_type": one.artifact.media_type, "format": one.format})
        if manifest:
            missing = [{"title": one.title, "format": one.format, "error": one.error} for one in members if one.error]
            told = {"type": "longshore-package", "version": 1, "files": listed, "missing": missing}
            text = json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n"
            archive.writestr(_entry(MANIFEST, len(text), zipfile.ZIP_DEFLATED), text)
            return [*listed, {"name": MANIFEST, "size": len(text)}]
    return listed


def _entry(name: str, size: int, compress_type: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.create_system, entry.external_attr = UNIX, PLAIN_FILE
    entry.file_size, entry.compress_type = size, compress_type  # beyond 2 GiB the archive becomes ZIP64
    return entry


def _copy(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, artifact: Artifact, alive: Callable[[], None], ends: float
) -> None:
    """Raises Transient where the store no longer has what was made, Permanent where the time is up."""
    digest = hashlib.sha256()
    with store().open(artifact.key) as reader, archive.open(entry, "w") as writer:
        while chunk := reader.read(CHUNK):
            alive()
            if time.monotonic() > ends:
                raise Permanent("Packing took longer than an hour. Ask for fewer or smaller files in one batch.")
            digest.update(chunk)
            writer.write(chunk)
    if digest.hexdigest() != artifact.sha256:
        raise Transient("The artifact store has other bytes than were made.", detail=artifact.key)


def _unique(name: str, taken: set[str]) -> str:
    """The name, with a number where another has it already, on systems too that tell no case apart."""
    extension = extension_of(name)
    stem = name.removesuffix(f".{extension}") if extension else name
    ending = f".{extension}" if extension else ""
    number, found = 1, unicodedata.normalize("NFC", name)
    while _key(found) in taken:
        number += 1
        found = unicodedata.normalize("NFC", f"{stem} ({number}){ending}")
    taken.add(_key(found))
    return found


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _look_again(target: Path, listed: list[dict[str, Any]]) -> None:
    """Raises Transient where the archive does not open as what was written into it."""
    with zipfile.ZipFile(target) as archive:
        found = [(one.filename, one.file_size) for one in archive.infolist()]
    if found != [(one["name"], one["size"]) for one in listed]:
        raise Transient("The package is damaged: free space in LONGSHORE_HOME?")
