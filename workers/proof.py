"""The signed receipt of a delivery that has arrived, from its rows and what the provider confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore import receipts
from longshore.models import Artifact, Delivery, Export, File, FileVersion
from longshore.packing import Packing
from longshore.signing import keyring
from workers.destinations.base import Receipt
from workers.pack import Content


def signed(
    session: Session, delivery: Delivery, export: Export, artifact: Artifact, sent: Content, got: Receipt, now: datetime
) -> str:
    """The receipt, signed with this installation's key."""
    return receipts.sign(
        {
            "delivery_id": delivery.id,
            "export_id": export.id,
            "schedule": _schedule(export),
            "source": _source(session, export),
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


def _source(session: Session, export: Export) -> dict[str, Any]:
    """The document; its hash is null where an old artifact is delivered after its document was deleted."""
    version = select(FileVersion.sha256).where(
        FileVersion.file_id == export.file_id, FileVersion.version == export.file_version
    )
    return {
        "file_id": export.file_id,
        "name": session.scalar(select(File.name).where(File.id == export.file_id)),
        "kind": export.kind,
        "version": export.file_version,
        "sha256": session.scalar(version),
    }
