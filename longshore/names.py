"""File names that every system accepts."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_BYTES = 200
"""Below the 255 bytes of most file systems, with room for ` (12)`, an extension and a temporary suffix."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
_EXTENSION = re.compile(r"(?<=.)\.((?:tar\.)?(?=\d*[a-z])[a-z0-9]{1,8})$", re.IGNORECASE)
_RESERVED = re.compile(r"^(con|prn|aux|nul|(com|lpt)[\d¹²³]) *(\.|$)|^~\$|^desktop\.ini$", re.IGNORECASE)
_VTI = re.compile("_vti_", re.IGNORECASE)
"""What Windows ("Naming Files, Paths, and Namespaces") and OneDrive ("Restrictions and limitations") refuse."""
_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")


def directory_of(owner: str) -> str:
    """The name of the directory that is this owner's alone, on file systems that ignore case, too.

    The owner's own name where that is plain; else what of it is plain, and a `~`, which no plain name has, with a hash.
    """
    if _PLAIN.fullmatch(owner) and not _RESERVED.match(owner):
        return owner
    plain = re.sub("[^a-z0-9]+", "-", owner.lower())[:40].strip("-") or "owner"
    return f"{plain}~{hashlib.sha256(owner.encode(errors='surrogatepass')).hexdigest()[:16]}"


def clean(name: str, fallback: str = "export") -> str:
    """A safe base name: no separators, control or direction characters, nothing reserved, at most MAX_BYTES."""
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    text = _VTI.sub("-vti-", text).strip(" .")
    if _RESERVED.match(text):
        text = f"_{text}"
    return cut(text, MAX_BYTES) or fallback


def cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, no half characters, no blanks or dots at the end."""
    return text.encode()[:most].decode(errors="ignore").strip(" .")


def extension_of(name: str) -> str:
    """The extension without its dot, `tar.gz` as one; empty where there is none."""
    found = _EXTENSION.search(name)
    return found[1] if found else ""


def stem_of(name: str) -> str:
    """The name without its extension and the dot."""
    extension = extension_of(name)
    return name[: -len(extension) - 1] if extension else name


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
