"""File names that every system accepts."""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 200
"""Below the 255 bytes of most file systems, with room for ` (12)`, an extension and a temporary suffix."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
_EXTENSION = re.compile(r"(?<=.)\.((?:tar\.)?(?=\d*[a-z])[a-z0-9]{1,8})$", re.IGNORECASE)
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def clean(name: str, fallback: str = "export") -> str:
    """A safe base name: no separators, control or direction characters, no reserved Windows name, at most MAX_BYTES."""
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    if _RESERVED.match(text):
        text = f"_{text}"
    text = text.encode()[:MAX_BYTES].decode(errors="ignore").strip(" .")
    return text or fallback


def extension_of(name: str) -> str:
    """The extension without its dot, `tar.gz` as one; empty where there is none."""
    found = _EXTENSION.search(name)
    return found[1] if found else ""


def like(name: str, source: str) -> str:
    """The cleaned name, ending as the file it came from where it has no extension of its own (`1.5` is none)."""
    text = clean(name)
    return text if extension_of(text) else with_extension(text, extension_of(source))


def with_extension(name: str, extension: str) -> str:
    """The cleaned name, ending in the extension: one that is there is not doubled, an empty one adds nothing."""
    text = clean(name)
    if not extension:
        return text
    ending = f".{extension}"
    if text.lower().endswith(ending.lower()) and len(text) > len(ending):
        return text
    return f"{text}{ending}"
