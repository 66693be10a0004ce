"""How a delivery is packed before it is sent: compressed, then encrypted to age recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from longshore.errors import Invalid

Compress = Literal["none", "gzip", "zstd"]
MOST_RECIPIENTS = 20
"""Each adds a stanza of about 200 bytes to the file."""

ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
MEDIA_TYPES = {"gzip": "application/gzip", "zstd": "application/zstd"}
"""RFC 6713, RFC 8878."""
ENCRYPTED = "application/octet-stream"
"""age has no registered media type."""

SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how one begins
WANTED = "age1… as `age-keygen` prints it, or ssh-ed25519 …"


@dataclass(frozen=True, slots=True)
class Packing:
    """Compression, and the public keys that may open it: `age1…` (X25519) or `ssh-ed25519 …`."""

    compress: Compress = "none"
    encrypt_to: tuple[str, ...] = ()

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """As a row has it."""
        return cls(stored.get("compress", "none"), tuple(stored.get("encrypt_to", ())))

    @classmethod
    def checked(cls, compress: Compress, encrypt_to: Sequence[str], field: str) -> Self:
        """As a client asks for it. Raises Invalid, with a path below `field`, for what is no public key."""
        prefix = f"{field}." if field else ""
        return cls(compress, tuple(recipient(one, f"{prefix}encrypt_to.{i}") for i, one in enumerate(encrypt_to)))

    def stored(self) -> dict[str, Any]:
        """For a row; empty where nothing is done."""
        given = {"compress": self.compress if self.compress != "none" else None, "encrypt_to": list(self.encrypt_to)}
        return {name: value for name, value in given.items() if value}

    @property
    def endings(self) -> str:
        """What is added to the name: `.zst.age`."""
        return ENDINGS.get(self.compress, "") + (".age" if self.encrypt_to else "")

    def media_type(self, of_artifact: str) -> str:
        """The media type of what is sent."""
        return ENCRYPTED if self.encrypt_to else MEDIA_TYPES.get(self.compress, of_artifact)


def recipient(text: str, field: str) -> str:
    """A public key without its comment. Raises Invalid; nothing of what was sent is repeated."""
    if text.strip().upper().startswith(SECRET):
        raise Invalid("This is a secret key. Keep it, and send its public one: age-keygen -y", field=field)
    key = " ".join(text.split()[:2])
    parse(key, field)
    return key


def parse(key: str, field: str = "encrypt_to") -> Any:
    """The key as pyrage has it. Raises Invalid."""
    import pyrage

    kinds = {"age1": pyrage.x25519.Recipient, "ssh-ed25519 ": pyrage.ssh.Recipient}
    for start, kind in kinds.items():
        if key.startswith(start):
            try:
                return kind.from_str(key)
            except pyrage.RecipientError as error:
                raise Invalid(f"This is not a whole public key. Send {WANTED}", field=field) from error
    raise Invalid(f"This is not a public key that files can be encrypted to. Send {WANTED}", field=field)
