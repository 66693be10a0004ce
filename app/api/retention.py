"""What the rules of a connection would remove."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from app import retention, rows
from app.api.schemas import Strict
from app.api.schemas_connection import RuleIn, Rules
from app.auth import owner
from longshore.arrived import judged
from longshore.db import clock, reading
from longshore.models import Connection
from longshore.retention import Decision, Rule

blueprint = APIBlueprint("retention", __name__, url_prefix="/connections", tag="Connections")

MOST_SHOWN = 1000
"""Files in one answer; what would be removed comes first, and the counts are of all."""


class RetentionIn(Strict):
    """Rules to try out."""

    retention: Rules | None = Field(None, description="Instead of the connection's own.")


class Fate(BaseModel):
    """What would become of one file, and why."""

    delivery_id: str
    path: str = Field(description="Where it was delivered to.")
    moved_aside: bool = Field(description="A later delivery moved it to its dated name, by conflict policy `version`.")
    folder: str
    document: str
    schedule_id: str | None
    size: int
    arrived_at: datetime
    action: str = Field(description="`keep` or `remove`.")
    why: str
    rule: int = Field(description="The number of the rule that decided, from 0.")

    @classmethod
    def of(cls, decision: Decision) -> Fate:
        """The decision as an answer."""
        file = decision.file
        return cls(
            delivery_id=file.delivery_id,
            path=file.path,
            moved_aside=bool(decision.successor),
            folder=file.folder,
            document=file.document_name,
            schedule_id=file.schedule_id,
            size=file.size,
            arrived_at=file.at,
            action="keep" if decision.keep else "remove",
            why=decision.why,
            rule=decision.rule,
        )


class RetentionOut(BaseModel):
    """What the rules would keep and remove, what would go first; files that no rule covers are not told."""

    rules: list[RuleIn]
    keep: int
    remove: int
    bytes_removed: int
    files: list[Fate]


@blueprint.post("/<uuid:connection_id>/retention/preview")
@blueprint.input(RetentionIn, arg_name="body")
@blueprint.output(RetentionOut)
def preview_retention(connection_id: uuid.UUID, body: RetentionIn) -> Any:
    """Say which delivered files the rules of a connection, or other rules, would remove, and why. Removes nothing."""
    with reading() as session:
        row = rows.find(session, Connection, owner(), connection_id)
        rules = [Rule.of(one) for one in row.retention]
        if body.retention is not None:
            rules = retention.checked(body.retention)
        decisions = judged(session, row, rules, now=clock(session))
    going = [one for one in decisions if not one.keep]
    shown = [*going, *(one for one in decisions if one.keep)][:MOST_SHOWN]
    return RetentionOut(
        rules=[RuleIn.model_validate(one.stored()) for one in rules],
        keep=len(decisions) - len(going),
        remove=len(going),
        bytes_removed=sum(one.file.size for one in going),
        files=[Fate.of(one) for one in shown],
    )
