"""The keys that sign receipts: Ed25519 (RFC 8032), shown as JSON Web Keys (RFC 8037), known by their thumbprints.

`LONGSHORE_SIGNING_KEYS` is a list: the first key signs, and what any of them signed can be verified. To rotate, put a
new key first and leave the old one in the list, as itself or as its public half (`pub_…`): receipts are for years.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from longshore.keyfile import read_or_make
from longshore.settings import Settings, SettingsError, settings

PUBLIC = "pub_"
SIZE = 32
"""Bytes of a key, private or public (RFC 8032 section 5.1.5)."""
WHERE = "LONGSHORE_SIGNING_KEYS"


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key that signs and every key that verifies, by its id."""

    signs: Ed25519PrivateKey
    verify: dict[str, Ed25519PublicKey]

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        return key_id(self.signs.public_key())

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517), the one that signs first."""
        return {"keys": [jwk(one) for one in self.verify.values()]}


def new_key() -> str:
    """A new private key, as the setting takes it."""
    return encode(os.urandom(SIZE))


def encode(raw: bytes) -> str:
    """base64url without padding, as JSON Web Keys have it."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError for anything but the one way to write these bytes; padding may be there."""
    bare = text.rstrip("=")
    try:
        raw = urlsafe_b64decode(bare.encode("ascii") + b"=" * (-len(bare) % 4))
    except ValueError as error:
        raise ValueError("not base64url") from error
    if encode(raw) != bare:
        raise ValueError("not base64url")
    return raw


def public_key(text: str) -> Ed25519PublicKey:
    """From `pub_…` or the `x` of a JWK. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(decode(text.removeprefix(PUBLIC)))


def public_text(key: Ed25519PublicKey) -> str:
    """As `public_key` reads it."""
    return PUBLIC + encode(key.public_bytes_raw())


def key_id(key: Ed25519PublicKey) -> str:
    """The thumbprint of RFC 7638."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": encode(key.public_bytes_raw())}
    return encode(hashlib.sha256(rfc8785.dumps(members)).digest())


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """A public key as JSON Web Key."""
    x = encode(key.public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key_id(key), "use": "sig", "alg": "EdDSA"}


@cache
def keyring() -> Keyring:
    """The keys of this process. Raises SettingsError for what is no key."""
    return read_keyring(settings())


def read_keyring(config: Settings) -> Keyring:
    """The keys of the settings, else the one in `signing.key` in the home, which is made at the first call."""
    given = [part.strip() for part in config.signing_keys.get_secret_value().split(",") if part.strip()]
    if not given:
        given = [read_or_make(config.home / "signing.key", lambda: new_key().encode())]
    try:
        if given[0].startswith(PUBLIC):
            raise SettingsError(f"{WHERE}: the first key must be a private one; it signs (`longshore receipt key`)")
        private = Ed25519PrivateKey.from_private_bytes(decode(given[0]))
        known = [private.public_key(), *map(_verifies, given[1:])]
    except ValueError as error:
        raise SettingsError(f"{WHERE}: not an Ed25519 key (make one with `longshore receipt key`)") from error
    return Keyring(private, {key_id(one): one for one in known})


def _verifies(text: str) -> Ed25519PublicKey:
    if text.startswith(PUBLIC):
        return public_key(text)
    return Ed25519PrivateKey.from_private_bytes(decode(text)).public_key()
