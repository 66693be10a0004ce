"""Which names OneDrive takes.

https://support.microsoft.com/office/restrictions-and-limitations-in-onedrive-and-sharepoint-64883a5d-228e-48f5-b3d2-eb39e07630fa
"""

from __future__ import annotations

from workers.destinations.base import folders, safe_name

NAME_LIMIT = 220
"""Bytes of a name: OneDrive takes 255 characters; the rest is room for a number or a time."""
FORBIDDEN = str.maketrans(dict.fromkeys('"*:<>?/\\|', "_"))
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
RESERVED = frozenset({".lock", "desktop.ini"})
SHAREPOINT = "_vti_"
"""May stand nowhere in a name."""


def onedrive_name(name: str) -> str:
    """The name as OneDrive takes it: forbidden characters become `_`, reserved names get one in front."""
    clean = safe_name(name, limit=NAME_LIMIT).translate(FORBIDDEN).replace(SHAREPOINT, "_vti-").strip()
    if clean.endswith("."):
        clean = clean[:-1] + "_"
    low = clean.lower()
    if low in RESERVED or low.partition(".")[0] in DEVICES or low.startswith("~$"):
        return f"_{clean}"
    return clean


def onedrive_folders(*paths: str) -> tuple[str, ...]:
    """The components of paths below each other. Raises Refused for `..`."""
    return tuple(map(onedrive_name, folders(*paths)))
