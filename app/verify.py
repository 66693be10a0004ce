"""`longshore verify`: hold a receipt, and a file, against public keys. Needs no server and no network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from longshore import signing
from longshore.artifacts import CHUNK
from longshore.errors import Invalid
from longshore.receipts import LONGEST, Finding, Verdict, verify, verify_file
from longshore.settings import Settings

EXIT: dict[Finding, int] = {"genuine": 0, "changed": 1, "malformed": 1, "other_file": 3, "unknown_key": 4}
"""Exit status by finding; 2 is a wrong command line."""

Keys = dict[str, Ed25519PublicKey]


def check(receipt: BinaryIO, file: Path | None, keys: Keys) -> Verdict:
    """The verdict on a receipt, and on a file where one is given. Raises OSError."""
    verdict = verify(receipt.read(LONGEST + 1), keys)
    if file is None or not verdict.ok:
        return verdict
    with file.open("rb") as reader:
        digest = hashlib.sha256()
        size = 0
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return verify_file(verdict, size, digest.hexdigest())


def keys_of(given: Iterable[str], config: Settings) -> Keys:
    """The keys that were named, else this machine's own; none of those is made. Raises Invalid, SettingsError."""
    named = [key for one in given for key in _named(one)]
    if named:
        return {signing.key_id(key): key for key in named}
    if config.signing_keys.get_secret_value() or (config.home / "signing.key").exists():
        return signing.read_keyring(config).verify
    raise Invalid(
        "There is no key here to check with. Name one: --key keys.json, as GET /api/receipt-keys of the server "
        "answers it, or --key pub_…"
    )


def _named(text: str) -> list[Ed25519PublicKey]:
    """One key as text, or the keys in a file: a JWK, a JWK set, or text."""
    path = Path(text)
    try:
        content = path.read_text(encoding="utf-8").strip() if path.is_file() else text
        if content.startswith("{"):
            whole = json.loads(content)
            return [_of_jwk(one) for one in whole.get("keys", [whole])]
        return [signing.public_key(content)]
    except (ValueError, OSError, AttributeError) as error:
        raise Invalid(f"--key {text[:80]}: this is no Ed25519 public key, and no file with any.") from error


def _of_jwk(key: dict[str, Any]) -> Ed25519PublicKey:
    if key.get("crv") != "Ed25519" or not isinstance(key.get("x"), str):
        raise ValueError("not an Ed25519 key")
    return signing.public_key(key["x"])


def told(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs."""
    return {"ok": verdict.ok, "finding": verdict.finding, "message": verdict.message, "receipt": verdict.receipt}


def lines(verdict: Verdict) -> list[tuple[str, str]]:
    """What a genuine receipt says, for people."""
    if verdict.receipt is None:
        return []
    sent, arrived, times = (verdict.receipt[part] for part in ("sent", "arrived", "times"))
    slot = verdict.receipt.get("schedule")
    where = f"{arrived['destination']}: {arrived['path']}"
    rows = [
        ("arrived", f"nothing was sent: the name was taken at {where}" if arrived["skipped"] else where),
        ("at", times["delivered"]),
        ("size", f"{sent['size']} bytes"),
        ("sha256", sent["sha256"]),
        ("provider", f"{arrived['checksum'] or 'no checksum'} ({arrived['verified']})"),
        ("source", str(verdict.receipt["source"]["sha256"])),
        ("delivery", verdict.receipt["delivery_id"]),
        ("key", verdict.receipt["key_id"]),
    ]
    if slot:
        rows.insert(2, ("slot", f"{slot['slot']} of the {slot['type']} schedule {slot['id']}"))
    return rows
