"""API keys of the caller's owner."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import select

from app import rows
from app.api.schemas import Message
from app.api.schemas_connection import KeyIn, KeyList, KeyOut, NewKey
from app.auth import create_key, owner
from longshore.db import clock, reading, transaction
from longshore.models import ApiKey

blueprint = APIBlueprint("keys", __name__, url_prefix="/keys", tag="Keys")


@blueprint.post("")
@blueprint.input(KeyIn, arg_name="body")
@blueprint.output(NewKey, 201)
def make_key(body: KeyIn) -> Any:
    """Make an API key. Its token is in this answer and nowhere else."""
    with transaction() as session:
        row, token = create_key(session, owner(), body.name, body.scopes, clock(session))
    return NewKey(**KeyOut.of(row).model_dump(), token=token), 201


@blueprint.get("")
@blueprint.output(KeyList)
def list_keys() -> Any:
    """List the API keys, the newest first."""
    query = select(ApiKey).where(ApiKey.owner == owner()).order_by(ApiKey.created_at.desc(), ApiKey.id)
    with reading() as session:
        return KeyList(keys=[KeyOut.of(row) for row in session.scalars(query)])


@blueprint.delete("/<uuid:key_id>")
@blueprint.output(Message)
def revoke_key(key_id: uuid.UUID) -> Any:
    """Revoke an API key, at once and for good."""
    with transaction() as session:
        row = rows.find(session, ApiKey, owner(), key_id, lock=True)
        row.revoked_at = row.revoked_at or clock(session)
    return Message(message="API key revoked successfully")
