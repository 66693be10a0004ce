"""The digest of a meaning: SHA-256 over one canonical form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.errors import BadDocument


@dataclass(frozen=True, slots=True)
class Meaning:
    """`digest`: SHA-256, the same for documents that mean the same. `empty`: there is nothing in it to be seen."""

    digest: str
    empty: bool


def of_value(value: Any, *, empty: bool) -> Meaning:
    """The meaning of JSON: the order of keys does not count, nor whether a whole number is written 1 or 1.0.

    Raises BadDocument where the value is nested too deeply.
    """
    try:
        text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except RecursionError as error:
        raise BadDocument("The document is nested too deeply to be compared.") from error
    return of_bytes(text.encode(), empty=empty)


def of_bytes(content: bytes, *, empty: bool) -> Meaning:
    """The meaning of bytes that are in a canonical form already."""
    return Meaning(hashlib.sha256(content).hexdigest(), empty)


def of_file(path: Path) -> Meaning:
    """The meaning of a file of which nothing is known: its bytes, read in constant memory."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Meaning(digest, path.stat().st_size == 0)


def without(record: Any, *noise: str) -> Any:
    """A mapping less some keys; anything else as it is."""
    return {key: value for key, value in record.items() if key not in noise} if isinstance(record, Mapping) else record


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
