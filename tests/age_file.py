"""The age format, read from its specification (C2SP, age.md) and nothing else: what our files are held against."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHUNK = 64 * 1024 + 16


def opened(sealed: bytes, identity: str) -> bytes:
    """The content of a file encrypted to an X25519 identity (`AGE-SECRET-KEY-1…`). Fails where anything is amiss."""
    secret = X25519PrivateKey.from_private_bytes(_bech32(identity))
    head, end, rest = sealed.partition(b"\n--- ")
    mac, _, payload = rest.partition(b"\n")
    lines = head.decode().split("\n")
    assert lines[0] == "age-encryption.org/v1"
    keys = [_unwrap(lines[i].split()[2], lines[i + 1], secret) for i in range(1, len(lines), 2) if "X25519" in lines[i]]
    file_key = next(key for key in keys if key)
    expected = hmac.new(_derive(file_key, b"", b"header"), head + end[:-1], hashlib.sha256).digest()
    assert hmac.compare_digest(expected, _plain(mac.decode()))
    cipher = ChaCha20Poly1305(_derive(file_key, payload[:16], b"payload"))
    body = payload[16:]
    chunks = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    last = len(chunks) - 1
    return b"".join(
        cipher.decrypt(number.to_bytes(11, "big") + bytes([number == last]), chunk, None)
        for number, chunk in enumerate(chunks)
    )


def _unwrap(share: str, body: str, secret: X25519PrivateKey) -> bytes | None:
    public = secret.public_key().public_bytes_raw()
    shared = secret.exchange(X25519PublicKey.from_public_bytes(_plain(share)))
    wrap = _derive(shared, _plain(share) + public, b"age-encryption.org/v1/X25519")
    try:
        return ChaCha20Poly1305(wrap).decrypt(bytes(12), _plain(body), None)
    except InvalidTag:
        return None


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def _plain(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _bech32(text: str) -> bytes:
    values = [ALPHABET.index(char) for char in text.lower().rpartition("1")[2]][:-6]
    bits = "".join(f"{value:05b}" for value in values)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))
