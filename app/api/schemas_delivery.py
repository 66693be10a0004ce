"""Shapes of deliveries and of the queue."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import Fault, FileName, FolderPath, Id, Json, Lenient, Page, PublicKeys, Strict, Text, fault
from longshore.models import Connection, Delivery, Receipt
from longshore.packing import Compress, Packing
from longshore.progress import eta
from longshore.states import DeliveryState

WAITING = frozenset({DeliveryState.PENDING, DeliveryState.RETRYING})
SWITCHED_OFF = "Its connection is switched off. It goes on with POST /api/connections/{connection_id}/enable."
BROKEN = "Deliveries with its connection failed in a row. It goes on by itself when one that tries arrives{until}."
BUSY = "As many deliveries of its connection as may run at once are running. It goes on by itself."


class ReceiptOut(BaseModel):
    """What the provider confirmed."""

    provider_id: str
    path: str
    url: str
    size: int
    sha256: str = Field(description="Of the artifact.")
    sent_sha256: str = Field(description="Of the bytes as they were sent: another one where they were packed.")
    checksum: str = Field(description="What the provider says of what it has.")
    verified: str
    skipped: bool
    extra: Json
    created_at: datetime
    removed_at: datetime | None = Field(description="When a rule of the connection removed the file again.")
    let_go_at: datetime | None = Field(description="When it would have, but it was no longer what was delivered.")

    @classmethod
    def of(cls, row: Receipt) -> ReceiptOut:
        """The row as an answer."""
        return cls.model_validate(row, from_attributes=True)


class DeliveryOut(BaseModel):
    """One artifact on its way to one place."""

    id: str
    export_id: str
    connection_id: str
    destination: str
    folder: str
    name: str
    final_folder: str | None = Field(description="The folder with its fields filled in, from the first attempt on.")
    final_name: str | None = Field(description="The name with its fields filled in, and its extension.")
    conflict: str
    compress: str
    encrypt_to: list[str]
    state: str
    attempt: int
    max_attempts: int
    bytes_sent: int
    size: int | None
    percent: float
    rate: float | None = Field(description="Bytes a second, smoothed, while it is sent.")
    eta_seconds: int | None = Field(description="Seconds until it is sent at this rate.")
    error: Fault | None
    waits_for: str | None = Field(description="Why it is not being sent now, beside `not_before`.")
    not_before: datetime | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cleared_at: datetime | None = Field(description="When it was cleared out of the queue.")
    receipt: ReceiptOut | None
    links: dict[str, str] = Field(description="`receipt` is the signed receipt, once there is one.")

    @classmethod
    def of(cls, row: Delivery, receipt: Receipt | None, connection: Connection) -> DeliveryOut:
        """The rows as an answer."""
        same = {name: getattr(row, name) for name in cls.model_fields.keys() & row.__mapper__.columns.keys()}
        return cls(
            **same,
            **asdict(Packing.of(row.packing)),
            percent=percent(row.bytes_sent, row.size),
            error=fault(row.error_code, row.error_message),
            eta_seconds=eta(row.bytes_sent, row.size, row.rate),
            waits_for=_waits_for(row, connection),
            receipt=ReceiptOut.of(receipt) if receipt else None,
            links=_links(row, receipt),
        )


def _waits_for(row: Delivery, connection: Connection) -> str | None:
    if row.state not in WAITING:
        return None
    if not connection.enabled:
        return SWITCHED_OFF
    if row.parked == "circuit":
        until = connection.circuit_until
        return BROKEN.format(until=f", from {until:%H:%M:%S} UTC on" if until else "")
    return BUSY if row.parked else None


class NamesIn(Strict):
    """A folder and a name to try out. What is not known before an export is made is shown as zeros."""

    folder: FolderPath = ""
    name: FileName | None = Field(None, validation_alias=AliasChoices("name", "file_name"))
    file_id: Id | None = Field(None, description="The document that `{name}`, `{kind}` and `{version}` tell of.")
    format: Text = Field("pdf", validation_alias=AliasChoices("format", "export_format"))
    schedule: Text = Field("", description="A schedule's type, for `{schedule}`.")
    timezone: Text = Field("UTC", description="IANA name, as Europe/London.")
    at: datetime | None = Field(None, description="With its offset from UTC; now, where left out.")
    compress: Compress = "none"
    encrypt_to: PublicKeys = Field(default_factory=list)


class NamesOut(BaseModel):
    """What a delivery would be called. `fields` are all that a template may hold."""

    folder: str
    name: str
    path: str
    fields: list[str]


class DeliveryQuery(Page):
    """Filters of the list."""

    state: Text | None = Field(None, description="One state, or several separated by commas.")
    destination: Text | None = None
    connection_id: Id | None = None
    export_id: Id | None = None
    cleared: bool = Field(default=False, description="Show what was cleared away, too.")


class DeliveryList(BaseModel):
    """One page of deliveries, the newest first."""

    deliveries: list[DeliveryOut]
    total: int
    limit: int
    offset: int


class Retried(BaseModel):
    """How many deliveries are in line again."""

    retried: int


class ClearQuery(Lenient):
    """What to clear away."""

    state: Text = Field("completed,failed,cancelled", description="One finished state, or several with commas.")


class Cleared(BaseModel):
    """How many deliveries the queue shows no more."""

    cleared: int


class QueuePart(BaseModel):
    """Deliveries by state, and the bytes of those on their way: `pending`, `uploading` or `retrying`."""

    deliveries: dict[str, int]
    bytes_sent: int
    bytes_total: int
    percent: float


class QueueOut(QueuePart):
    """The caller's queue at a glance. Deliveries that were cleared away are not counted."""

    exports: dict[str, int]
    destinations: dict[str, QueuePart] = Field(description="The same for each destination that has deliveries.")
    oldest_waiting_seconds: float | None


def _links(row: Delivery, receipt: Receipt | None) -> dict[str, str]:
    here = f"/api/deliveries/{row.id}"
    return {"self": here} | ({"receipt": f"{here}/receipt"} if receipt and receipt.signed else {})


def percent(done: int, total: int | None) -> float:
    """0 to 100; nothing is known before the size is."""
    return round(min(100.0, 100 * done / total), 1) if total else 0.0
