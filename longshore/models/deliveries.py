"""Connections, deliveries and receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base
from longshore.models.rows import ID, Lease, new_id

OPEN = text("state in ('pending', 'uploading', 'retrying')")
"""Deliveries that have not ended: the few rows that are looked at all the time."""


class Connection(Base):
    """Credentials for one provider. `secret` is an envelope of `longshore.vault`; `one_off` came with an export.

    `oauth`: its refresh token was issued to the operator's own OAuth client, whose id and secret are in the settings.
    Deliveries of one that is not `enabled` wait. `seen` is what its last successful test saw; `expires_at` is when its
    secrets end by what is known of them. `retention` is a list of
    `longshore.retention.Rule`s, applied at `retained_at`.

    `token` is the access token that all workers use, an envelope too; until `renewing_until` one of them has the right
    to renew it. `edition` counts what the user changed of `options` and `secret`: a token belongs to one.

    `uploads`: how many at once, where not as many as the settings say. `bandwidth` is a `longshore.bandwidth`
    timetable in the zone `bandwidth_timezone`. The circuit is `longshore.circuit`'s: `failures` in a row since
    `failing_since`; while it is `open`, nothing is sent until `circuit_until`; `trips` counts openings in a row.
    """

    __tablename__ = "connections"
    __table_args__ = (Index("ix_connections_owner", "owner", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    destination: Mapped[str] = mapped_column(String(32))
    options: Mapped[dict[str, Any]]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    renewing_until: Mapped[datetime | None]
    edition: Mapped[int] = mapped_column(default=0, server_default="0")
    one_off: Mapped[bool]
    oauth: Mapped[bool] = mapped_column(default=False, server_default=false())
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    health: Mapped[str] = mapped_column(String(16), default="untested")
    last_error: Mapped[str | None] = mapped_column(Text)
    last_tested_at: Mapped[datetime | None]
    seen: Mapped[dict[str, Any] | None]
    expires_at: Mapped[datetime | None]
    retention: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    retained_at: Mapped[datetime | None]
    uploads: Mapped[int | None]
    bandwidth: Mapped[str] = mapped_column(Text, default="", server_default="")
    bandwidth_timezone: Mapped[str] = mapped_column(String(50), default="UTC", server_default="UTC")
    circuit: Mapped[str] = mapped_column(String(16), default="closed", server_default="closed")
    circuit_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    trips: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Delivery(Lease, Base):
    """One artifact to one connection, folder and name. `checkpoint` is an envelope: it may hold a capability.

    `folder` and `name` are as they were asked for, with fields in them; `final_folder` and `final_name` are what the
    first attempt made of them, for every later one. `packing` is a `longshore.packing.Packing`; the `packed_` columns
    tell of the bytes that it made, from before they are written until the delivery needs them no more. `cleared_at`:
    its owner does not want to see it in the queue any more.

    `tries` is how many attempts the user allows, each time that the delivery is put in line; `max_attempts` counts from
    the first one. `parked` says why it waits without a message: `slot` or `circuit`. `rate` is in bytes a second.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_owner_created", "owner", "created_at"),
        Index("ix_deliveries_open", "state", "lease_until"),
        Index("ix_deliveries_at_work", "connection_id", "state", "parked", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), index=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"), index=True)
    destination: Mapped[str] = mapped_column(String(32))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int | None]
    parked: Mapped[str] = mapped_column(String(8), default="", server_default="")
    bytes_sent: Mapped[int] = mapped_column(BigInteger, default=0)
    rate: Mapped[float | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    checkpoint: Mapped[bytes | None] = mapped_column(LargeBinary)
    final_folder: Mapped[str | None] = mapped_column(Text)
    final_name: Mapped[str | None] = mapped_column(Text)
    packing: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    packed_key: Mapped[str | None] = mapped_column(String(255))
    packed_size: Mapped[int | None] = mapped_column(BigInteger)
    packed_sha256: Mapped[str | None] = mapped_column(String(64))
    cleared_at: Mapped[datetime | None]


class Leftover(Base):
    """What a deleted delivery may have left at its provider: its checkpoint, until somebody has removed that there."""

    __tablename__ = "leftovers"

    delivery_id: Mapped[str] = mapped_column(ID, primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    checkpoint: Mapped[bytes] = mapped_column(LargeBinary)
    not_before: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Reservation(Base):
    """The delivery that is about to take a name at a provider; `key` is a hash of place and name.

    It counts while the delivery has its lease, see `workers/reservations.py`.
    """

    __tablename__ = "reservations"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ID)
    created_at: Mapped[datetime]


class Receipt(Base):
    """What the provider confirmed about a delivery, beside the SHA-256 of the artifact and of the bytes as sent.

    `signed` is the receipt as `longshore.receipts` signed it. `removed_at`: a rule of the connection removed the file;
    `let_go_at`: it would have, but at the provider it was no longer what was delivered.
    """

    __tablename__ = "receipts"

    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    provider_id: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    checksum: Mapped[str] = mapped_column(String(200))
    verified: Mapped[str] = mapped_column(String(16))
    skipped: Mapped[bool]
    extra: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    sent_sha256: Mapped[str] = mapped_column(String(64), default="", server_default="")
    signed: Mapped[str | None] = mapped_column(Text)
    removed_at: Mapped[datetime | None]
    let_go_at: Mapped[datetime | None]
