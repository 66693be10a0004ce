"""Signed receipts, and the keys to check them with."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from app import rows
from app.api.schemas import Json
from app.auth import owner
from longshore.db import reading
from longshore.errors import NotFound
from longshore.models import Delivery, Receipt
from longshore.signing import keyring

blueprint = APIBlueprint("receipts", __name__, tag="Deliveries")

NONE_YET = "There is no signed receipt: the delivery is {}."
KEYS_FOR = 3600
"""Seconds that a cache may keep the keys: a new one is there before its first receipt is checked by anybody."""


class SignedReceipt(BaseModel):
    """What arrived where and when. The signature is Ed25519 over the canonical form (RFC 8785) of `receipt`."""

    receipt: Json
    signature: str = Field(description="base64url")


class Key(BaseModel):
    """A public key as JSON Web Key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str = Field(description="The `key_id` of receipts; the key's thumbprint (RFC 7638).")
    use: str
    alg: str


class KeySet(BaseModel):
    """A JWK set; the first key signs, the others have signed."""

    keys: list[Key]


@blueprint.get("/deliveries/<uuid:delivery_id>/receipt")
@blueprint.output(SignedReceipt)
def get_receipt(delivery_id: uuid.UUID) -> Any:
    """Get the signed receipt of a delivery, as the upload worker signed it when the file had arrived.

    Check it with `longshore verify RECEIPT FILE`, which needs no server and no network.
    """
    with reading() as session:
        delivery = rows.find(session, Delivery, owner(), delivery_id)
        found = session.get(Receipt, delivery.id)
    if found is None or found.signed is None:
        raise NotFound(NONE_YET.format(delivery.state))
    name = f'attachment; filename="receipt-{delivery.id}.json"'
    return Response(found.signed, mimetype="application/json", headers={"Content-Disposition": name})


@blueprint.get("/receipt-keys")
@blueprint.output(KeySet)
@blueprint.doc(security=[{}])
def list_receipt_keys() -> Any:
    """List the public keys that receipts are signed with. Needs no key: whoever is shown a receipt may check it."""
    return keyring().jwks(), 200, {"Cache-Control": f"public, max-age={KEYS_FOR}"}
