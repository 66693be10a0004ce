"""Identical work is done once: an artifact that would come out the same is copied instead of rendered again.

Never across owners: how fast an answer comes must not tell what somebody else has exported.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore import VERSION
from longshore.artifacts import Stored, store
from longshore.errors import NotFound, Permanent, Transient
from longshore.models import Artifact, Export
from longshore.settings import settings
from workers import fonts
from workers.gate.size import PIXELS
from workers.needs import browser_path

NAMELESS = PIXELS
"""Formats in whose bytes the export's name is not: it stands in no picture."""

HERE = Path(__file__).parent
MADE_BY = ("renderers", "scene", "browser", "gate", "accepted.py", "convert.py", "fonts.py", "inspect.py", "plan.py")
"""The modules that decide on an artifact's bytes and warnings."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An artifact that is there already, and what was said about it."""

    key: str
    stored: Stored
    report: dict[str, Any]


@cache
def release() -> str:
    """What draws in this process, as a digest: our code, every installed library, the bundles, browser and fonts."""
    digest = hashlib.sha256(f"{VERSION} {sys.version}\n{libraries()}\n".encode())
    for name in MADE_BY:
        for path in sorted((HERE / name).rglob("*.py")) or [HERE / name]:
            digest.update(path.read_bytes())
    manifest = settings().assets / "manifest.json"
    digest.update(manifest.read_bytes() if manifest.is_file() else b"")
    program = browser_path(settings())
    if program:
        known = program.resolve().stat()
        digest.update(f"{program.resolve()} {known.st_size} {known.st_mtime_ns}".encode())
    digest.update(fonts.installed().encode())
    return digest.hexdigest()


def libraries() -> str:
    """Every installed distribution with its version: which of them has a part in a picture, nobody has to keep up."""
    return "\n".join(sorted(f"{one.name}=={one.version}" for one in distributions()))


def fingerprint(source: str, kind: str, form: str, given: dict[str, Any], name: str) -> str:
    """What an artifact's bytes depend on, as a digest; `source` is the SHA-256 of the document. Empty: not reusable.

    Settings count as they were given: some conversions tell a default from the same value asked for.
    """
    config = settings()
    if not config.reuse:
        return ""
    parts = [release(), config.remote_images, source, kind, form, given, "" if form in NAMELESS else name]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def find(session: Session, owner: str, mark: str, *, now: datetime) -> Earlier | None:
    """The newest artifact of this owner with this fingerprint whose time is not up."""
    if not mark:
        return None
    query = select(Artifact, Export.report).join(Export, Export.id == Artifact.export_id)
    same = query.where(Artifact.owner == owner, Artifact.fingerprint == mark, Artifact.expires_at > now)
    found = session.execute(same.order_by(Artifact.expires_at.desc()).limit(1)).one_or_none()
    if found is None:
        return None
    artifact, report = found
    return Earlier(artifact.key, Stored(artifact.size, artifact.sha256), report)


def copy(earlier: Earlier, key: str) -> bool:
    """Give a new artifact its own object; False where that failed, and rendering is the way."""
    try:
        store().copy(earlier.key, key)
    except (NotFound, Transient, Permanent) as error:
        log.info("not_reused", key=earlier.key, message=error.message, detail=error.detail)
        return False
    return True
