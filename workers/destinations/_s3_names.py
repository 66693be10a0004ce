"""Who may take a key: at endpoints that may ignore `If-None-Match`, one delivery of ours at a time."""

from __future__ import annotations

from urllib.parse import urlsplit

from workers.destinations.base import Transient, Upload

HONOURING = (".amazonaws.com", ".r2.cloudflarestorage.com")
"""Endpoints whose providers document the condition; where none is named it is Amazon's."""
RETRY = 5.0


def exclusive(endpoint_url: str) -> bool:
    """Whether the endpoint is one that gives a name to one alone, by `If-None-Match`."""
    return not endpoint_url or (urlsplit(endpoint_url).hostname or "").endswith(HONOURING)


def place(endpoint_url: str, bucket: str, key: str) -> str:
    """A key as it is reserved."""
    return f"{endpoint_url} {bucket} {key}"


def held(upload: Upload, endpoint_url: str, bucket: str, key: str) -> bool:
    """Whether another delivery is about to take the key; else nobody does until this attempt ends."""
    if upload.conflict == "overwrite" or exclusive(endpoint_url):
        return False
    return not upload.reserve(place(endpoint_url, bucket, key))


def may_take(upload: Upload, key: str, *, held: bool) -> bool:
    """Whether nobody holds the key. Raises Transient where somebody does, but for `rename`, which takes the next."""
    if held and upload.conflict != "rename":
        message = f"Another delivery is about to take the name {key}. It will be tried again."
        raise Transient(message, retry_after=RETRY)
    return not held
