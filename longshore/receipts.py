"""Signed receipts: what arrived where, and when, as JSON that anybody can check without us.

A receipt is `{"receipt": {…}, "signature": "…"}`. The signature is Ed25519 over the canonical form (RFC 8785) of
`receipt`, which names its type and the key. Pure: rows, files and keys are given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from longshore.signing import Keyring, decode, encode

TYPE = "longshore-receipt/1"
LONGEST = 1024 * 1024
"""Bytes of a receipt that is looked at; one has two to six thousand."""

SKIPPED = " But nothing was sent: the name was taken, and the delivery was to leave what is there."

Finding = Literal["genuine", "malformed", "unknown_key", "changed", "other_file"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check: the finding, in words too, and the receipt where it is genuine."""

    finding: Finding
    message: str
    receipt: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that was checked holds."""
        return self.finding == "genuine"


def sign(receipt: dict[str, Any], keys: Keyring) -> str:
    """The receipt with its type, key and signature, as one line of canonical JSON."""
    whole = receipt | {"type": TYPE, "key_id": keys.key_id}
    signed = rfc8785.dumps(whole)
    # canonical as well: its two names are in order, and a signature has nothing to escape
    return f'{{"receipt":{signed.decode()},"signature":"{encode(keys.signs.sign(signed))}"}}'


def verify(text: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Verdict:
    """Hold a receipt against the keys that may have signed it."""
    try:
        receipt, signature, signed = _read(text)
    except (ValueError, RecursionError) as error:
        return Verdict("malformed", f"This is not a receipt of Longshore: {error}.")
    key = keys.get(receipt["key_id"])
    if key is None:
        return Verdict("unknown_key", f"The receipt names the key {receipt['key_id']}, which is not among those given.")
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        message = "The signature does not fit: the receipt was changed after it was signed, or was not signed by us."
        return Verdict("changed", message)
    return Verdict("genuine", f"The receipt is genuine.{SKIPPED if _skipped(receipt) else ''}", receipt)


def verify_file(genuine: Verdict, size: int, sha256: str) -> Verdict:
    """Hold a file against a genuine receipt: it may be the artifact, or the bytes as they were sent."""
    receipt = genuine.receipt or {}
    for part, words in (("sent", "the file as it was sent"), ("artifact", "the artifact, before it was packed")):
        if (receipt[part]["size"], receipt[part]["sha256"]) == (size, sha256):
            note = SKIPPED if _skipped(receipt) else ""
            return Verdict("genuine", f"The receipt is genuine, and this is {words}.{note}", receipt)
    message = f"The receipt is genuine, but this is another file: {size} bytes with the SHA-256 {sha256}."
    return Verdict("other_file", message, receipt)


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def public_url(url: str) -> str:
    """An address without its query, fragment and user: a link may hold what opens it, and receipts are shown around."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _skipped(receipt: dict[str, Any]) -> bool:
    return bool(receipt["arrived"]["skipped"])


def _read(text: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """Receipt, signature and the bytes that were signed. Raises ValueError, RecursionError.

    A name that comes twice, a fraction or anything beside the two members is refused: two programs might read two
    receipts in it.
    """
    if len(text) > LONGEST:
        raise ValueError("it is too long")
    whole = json.loads(text.decode(), object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse)
    if not isinstance(whole, dict) or whole.keys() != {"receipt", "signature"}:
        raise ValueError("it must hold `receipt` and `signature`, and nothing else")
    receipt, signature = whole["receipt"], whole["signature"]
    if not isinstance(receipt, dict) or receipt.get("type") != TYPE or not isinstance(receipt.get("key_id"), str):
        raise ValueError(f"its type is not {TYPE}")
    if not isinstance(signature, str):
        raise ValueError("its signature is not a text")  # noqa: TRY004 - all that is wrong with it is one error
    return receipt, decode(signature), rfc8785.dumps(receipt)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in it")
    return found


def _refuse(number: str) -> None:
    raise ValueError(f"it holds the number {number}")
