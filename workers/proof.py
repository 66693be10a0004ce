"""The signed receipt of a delivery that has arrived, from its rows and what the provider confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from longshore import receipts
from longshore.models import Artifact, Delivery, Export, File, FileVersion
from longshore.packing import Packing
from longshore.signing import keyring
from workers.destinations.base import Receipt
from workers.pack import Content


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the document: its hash is None where an old artifact is delivered after its deletion."""

    name: str | None = None
    sha256: str | None = None


def sources(session: Session, exports: Sequence[Export]) -> dict[str, Source]:
    """The documents of exports, by the exports' ids."""
    query = (
        select(Export.id, File.name, FileVersion.sha256)
        .outerjoin(File, File.id == Export.file_id)
        .outerjoin(FileVersion, and_(FileVersion.file_id == File.id, FileVersion.version == Export.file_version))
        .where(Export.id.in_([one.id for one in exports]))
    )
    return {export_id: Source(name, sha256) for export_id, name, sha256 in session.execute(query)}


def signed(
    delivery: Delivery, export: Export, artifact: Artifact, source: Source, sent: Content, got: Receipt, now: datetime
) -> str:
    """The receipt, signed with this installation's key."""
    return receipts.sign(
        {
            "delivery_id": delivery.id,
            "export_id": export.id,
            "schedule": _schedule(export),
            "source": _source(export, source),
            "artifact": {
                "filename": artifact.filename,
                "format": export.format,
                "media_type": artifact.media_type,
                "size": artifact.size,
                "sha256": artifact.sha256,
            },
            "sent": {
                "folder": delivery.final_folder,
                "name": delivery.final_name,
                "media_type": sent.media_type,
                "size": sent.size,
                "sha256": sent.sha256,
                "compress": Packing.of(delivery.packing).compress,
                "encrypt_to": list(Packing.of(delivery.packing).encrypt_to),
            },
            "arrived": {
                "destination": delivery.destination,
                "connection_id": delivery.connection_id,
                "provider_id": got.provider_id,
                "path": got.path,
                "url": receipts.public_url(got.url),
                "size": got.size,
                "checksum": got.checksum,
                "verified": got.verified,
                "skipped": got.skipped,
            },
            "times": {
                "submitted": receipts.instant(export.created_at),
                "rendered": receipts.instant(artifact.created_at),
                "delivered": receipts.instant(now),
            },
        },
        keyring(),
    )


def _schedule(export: Export) -> dict[str, Any] | None:
    if export.schedule_id is None:
        return None
    slot = receipts.instant(export.slot)
    return {"id": export.schedule_id, "type": export.schedule, "slot": slot, "timezone": export.timezone}


def _source(export: Export, known: Source) -> dict[str, Any]:
    return {
        "file_id": export.file_id,
        "name": known.name,
        "kind": export.kind,
        "version": export.file_version,
        "sha256": known.sha256,
    }
