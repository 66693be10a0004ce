"""Source documents: content goes to the artifact store first, then the row points at it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore.artifacts import store
from longshore.errors import NotFound
from longshore.models import File, FileVersion, new_id


def create(
    session: Session,
    *,
    owner: str,
    name: str,
    kind: str,
    content: Iterable[bytes],
    now: datetime,
    listed: bool = True,
) -> File:
    """A new file with its first version. `listed=False` for a document that came with an export and goes with it."""
    file = File(
        owner=owner, name=name, kind=kind, version=0, listed=listed, created_at=now, updated_at=now, deleted_at=None
    )
    session.add(file)
    session.flush()
    new_version(session, file, content, now=now)
    return file


def awaited(session: Session, *, owner: str, name: str, kind: str, now: datetime) -> File:
    """A file that has no content yet: a worker fetches it, and it goes with the exports that it is made for."""
    file = File(
        owner=owner, name=name, kind=kind, version=0, listed=False, created_at=now, updated_at=now, deleted_at=None
    )
    session.add(file)
    session.flush()
    return file


def new_version(session: Session, file: File, content: Iterable[bytes], *, now: datetime) -> FileVersion:
    """Store new content and make it the newest version; older exports keep the one they were made of."""
    # The id in the key keeps two writers of the same version number from writing the same object.
    key = f"files/{file.id}/{new_id()}"
    stored = store().write(key, content)
    file.version += 1
    file.updated_at = now
    version = FileVersion(
        file_id=file.id, version=file.version, key=key, size=stored.size, sha256=stored.sha256, created_at=now
    )
    session.add(version)
    session.flush()
    return version


def version_of(session: Session, file_id: str, version: int) -> FileVersion:
    """One version of a file. Raises NotFound."""
    query = select(FileVersion).where(FileVersion.file_id == file_id, FileVersion.version == version)
    found = session.scalar(query)
    if found is None:
        raise NotFound("The document of this export was deleted.")
    return found
