"""Secrets at rest: envelope encryption with keys that can be rotated.

Each secret has a random data key of its own (AES-256-GCM, bound to owner, row and purpose as associated data), wrapped
by the vault's Fernet keys. The first key wraps; every key unwraps. To rotate: put a new key first, run `longshore vault
rotate`, remove the old one.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from longshore.errors import Permanent
from longshore.keyfile import read_or_make
from longshore.settings import Settings, SettingsError, settings

NONCE = 12
"""Bytes of an AES-GCM nonce (NIST SP 800-38D); the data key is used once, so a random one cannot repeat."""


class Vault:
    """Seals and opens JSON values under a list of Fernet keys. Raises SettingsError for a key that is not one."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._wrap = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsError(
                "LONGSHORE_VAULT_KEYS: not a Fernet key (make one with `longshore vault key`)"
            ) from error
        self._keys = keys

    def seal(self, value: dict[str, Any], *bound_to: str) -> bytes:
        """An envelope that opens only with the same `bound_to` (owner, row id, purpose)."""
        data_key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        sealed = AESGCM(data_key).encrypt(nonce, orjson.dumps(value), _associated(bound_to))
        parts = {"v": 1, "key": self._wrap.encrypt(data_key).decode(), "nonce": nonce, "sealed": sealed}
        return orjson.dumps(parts, default=lambda raw: base64.b64encode(raw).decode())

    def open(self, envelope: bytes, *bound_to: str) -> dict[str, Any]:
        """The value. Raises Permanent where no key opens it or it was moved to another row."""
        try:
            parts = orjson.loads(envelope)
            data_key = self._wrap.decrypt(parts["key"])
            nonce, sealed = base64.b64decode(parts["nonce"]), base64.b64decode(parts["sealed"])
            value: dict[str, Any] = orjson.loads(AESGCM(data_key).decrypt(nonce, sealed, _associated(bound_to)))
        except (InvalidToken, InvalidTag, KeyError, ValueError) as error:
            message = "A stored secret cannot be decrypted: its vault key was removed. Enter the credentials again."
            raise Permanent(message, detail=type(error).__name__) from error
        return value

    def rewrap(self, envelope: bytes) -> bytes:
        """The same envelope with its data key under the first vault key. Raises Permanent where no key opens it."""
        parts = orjson.loads(envelope)
        try:
            parts["key"] = self._wrap.rotate(parts["key"]).decode()
        except InvalidToken as error:
            raise Permanent("A stored secret cannot be decrypted: its vault key was removed.") from error
        return orjson.dumps(parts)

    def derive(self, purpose: str) -> list[bytes]:
        """A 32-byte key for another purpose from each vault key, newest first (HKDF, RFC 5869)."""
        return [HKDF(hashes.SHA256(), 32, None, purpose.encode()).derive(key.encode()) for key in self._keys]


def _associated(bound_to: tuple[str, ...]) -> bytes:
    return "|".join(bound_to).encode()


@cache
def vault() -> Vault:
    """The vault of this process."""
    return Vault(read_keys(settings()))


def read_keys(config: Settings, make: Callable[[], bytes] = Fernet.generate_key) -> list[str]:
    """The vault's keys: from the settings, else from `vault.key` in the home, which is made at the first call."""
    given = [part.strip() for part in config.vault_keys.get_secret_value().split(",") if part.strip()]
    return given or [read_or_make(config.home / "vault.key", make)]
