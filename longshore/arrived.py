"""The files that a connection has delivered, as `longshore.retention` judges them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from longshore.models import Connection, Delivery, Export, File, Receipt
from longshore.retention import Arrived, Decision, Rule, decide
from longshore.states import DeliveryState


def arrived(session: Session, connection: Connection) -> list[Arrived]:
    """What this connection delivered, was not skipped, and was neither removed nor let go since.

    What was, and had moved another file aside, is among them as `gone`.
    """
    query = (
        select(
            Delivery.id,
            func.coalesce(Delivery.final_folder, Delivery.folder),
            Receipt.path,
            Receipt.created_at,
            Receipt.size,
            Export.format,
            Export.schedule_id,
            Export.kind,
            File.id,
            File.name,
            File.listed,
            Delivery.conflict,
            and_(Receipt.removed_at.is_(None), Receipt.let_go_at.is_(None)),
        )
        .join(Receipt, Receipt.delivery_id == Delivery.id)
        .join(Export, Export.id == Delivery.export_id)
        .join(File, File.id == Export.file_id)
        .where(
            Delivery.connection_id == connection.id,
            Delivery.owner == connection.owner,
            Delivery.state == str(DeliveryState.COMPLETED),
            ~Receipt.skipped,
            or_(and_(Receipt.removed_at.is_(None), Receipt.let_go_at.is_(None)), Delivery.conflict == "version"),
        )
    )
    rows = session.execute(query)
    return [
        Arrived(
            delivery_id=delivery_id,
            folder=folder,
            path=path,
            at=at,
            size=size,
            format=form,
            # a document that came inline has a new id each time: its name is what makes it the same one
            document=file_id if listed else f"{kind}:{name}",
            document_name=name,
            schedule_id=schedule_id,
            conflict=conflict,
            gone=not there,
        )
        for delivery_id, folder, path, at, size, form, schedule_id, kind, file_id, name, listed, conflict, there in rows
    ]


def judged(session: Session, connection: Connection, rules: Sequence[Rule], *, now: datetime) -> list[Decision]:
    """A decision for every file that the rules cover, the newest first.

    A file whose path another connection of the owner delivered to since is theirs now, and left out, but for one that
    had been moved aside by then.
    """
    decisions = decide(rules, arrived(session, connection), now)
    if all(one.keep for one in decisions):
        return decisions
    query = (
        select(Receipt.path, func.max(Receipt.created_at))
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(
            Connection.owner == connection.owner,
            Connection.destination == connection.destination,
            Connection.id != connection.id,
            ~Receipt.skipped,
            Receipt.created_at >= min(one.file.at for one in decisions if not one.keep),
        )
        .group_by(Receipt.path)
    )
    theirs = {path: at for path, at in session.execute(query) if at is not None}
    return [
        one for one in decisions if one.keep or one.successor or theirs.get(one.file.path, one.file.at) <= one.file.at
    ]
