"""The document of an export on this worker's disk: the stored version, or what its URL has at the time of rendering."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select

from longshore import files
from longshore.artifacts import CHUNK, store
from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled, NotFound
from longshore.models import Export, File, FileVersion
from longshore.settings import settings
from workers.lease import hold


def version_of(export_id: str, fence: int, scratch: Path, alive: Callable[[], None]) -> FileVersion:
    """The version to render. A document behind a URL is fetched once: what came becomes the version, for good.

    Exports of one document into several formats share it, so all of them show the same. Raises Cancelled where the row
    is lost, NotFound where the document was deleted, and what `fetch` raises.
    """
    with reading() as session:
        export = session.get(Export, export_id)
        if export is None:
            raise Cancelled("Stopped.")
        if export.file_version:
            return files.version_of(session, export.file_id, export.file_version)
        file = session.get(File, export.file_id)
        url = export.source_url or ""
        fetched = file is not None and file.version > 0
    target = scratch / "fetched"
    if not fetched:
        from workers.fetch import fetch  # an HTTP client: upload workers, whose tasks share this module, need none

        config = settings()
        fetch(url, target, max_bytes=config.max_body, allow_private=config.allow_private_networks, alive=alive)
    with transaction() as session:
        file = session.scalar(select(File).where(File.id == export.file_id).with_for_update())
        if file is None or file.deleted_at is not None:
            raise NotFound("The document of this export was deleted.")
        if file.version:
            version = files.version_of(session, file.id, file.version)
        else:
            version = files.new_version(session, file, _pieces(target), now=clock(session))
        if not hold(session, Export, export_id, fence, file_version=version.version):
            raise Cancelled("Stopped.")
        return version


def copy_to(version: FileVersion, target: Path) -> None:
    """Write a version's content to a file. Raises as the artifact store does."""
    with store().open(version.key) as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, CHUNK)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
