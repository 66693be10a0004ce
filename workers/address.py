"""Where a delivery goes: its folder and name, filled in at the first attempt and kept for every later one."""

from __future__ import annotations

from longshore import naming
from longshore.db import transaction
from longshore.errors import Cancelled
from longshore.models import Artifact, Delivery, Export
from longshore.names import stem_of
from longshore.packing import Packing
from workers.lease import hold


def fill_in(delivery: Delivery, export: Export, artifact: Artifact) -> None:
    """Fill in the folder and the name of a row, once. The caller writes it. Raises Invalid as `settle_address`."""
    if delivery.final_name is not None:
        return
    facts = naming.Facts(
        at=export.slot or export.created_at,
        zone=export.timezone,
        name=stem_of(artifact.filename),
        schedule=export.schedule,
        format=export.format,
        kind=export.kind,
        version=export.file_version,
        sha256=artifact.sha256,
        export_id=export.id,
    )
    delivery.final_folder, delivery.final_name = naming.address(
        delivery.folder, delivery.name, facts, artifact.filename, Packing.of(delivery.packing).endings
    )


def settle_address(delivery: Delivery, export: Export, artifact: Artifact, fence: int) -> None:
    """Fill in the folder and the name of a claimed delivery, once.

    The instant in them is the schedule's slot, else when the export was asked for. Raises Invalid for fields that do
    not exist, Cancelled where the row is lost.
    """
    if delivery.final_name is not None:
        return
    fill_in(delivery, export, artifact)
    with transaction() as session:
        final = {"final_folder": delivery.final_folder, "final_name": delivery.final_name}
        if not hold(session, Delivery, delivery.id, fence, **final):
            raise Cancelled("Stopped.")
