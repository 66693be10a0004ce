"""The rows. Ids are UUID text, instants UTC, sizes bytes. States are written by `longshore.states.move` alone."""

from __future__ import annotations

from longshore.models.access import ApiKey, IdempotencyKey
from longshore.models.deliveries import Connection, Delivery, Leftover, Receipt, Reservation
from longshore.models.documents import File, FileVersion
from longshore.models.exports import Artifact, Attempt, Batch, Event, Export
from longshore.models.oauth import OAuthState
from longshore.models.orders import ScheduleDelivery
from longshore.models.presets import ExportPreset
from longshore.models.rows import ID, new_id
from longshore.models.schedules import Pulse, ScheduledExport, ScheduleRun

__all__ = [
    "ID",
    "ApiKey",
    "Artifact",
    "Attempt",
    "Batch",
    "Connection",
    "Delivery",
    "Event",
    "Export",
    "ExportPreset",
    "File",
    "FileVersion",
    "IdempotencyKey",
    "Leftover",
    "OAuthState",
    "Pulse",
    "Receipt",
    "Reservation",
    "ScheduleDelivery",
    "ScheduleRun",
    "ScheduledExport",
    "new_id",
]
