"""Download links that work without a key: signed, bound to one export, and good until they expire."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from flask import Request
from werkzeug.exceptions import Forbidden, Gone

from longshore.settings import settings
from longshore.vault import vault

LIFETIME = timedelta(hours=1)
"""How long a link works; every look at the export gives a fresh one."""
PURPOSE = "download-links"


def base_url(request: Request) -> str:
    """Where clients reach the API, without a slash at the end."""
    return (settings().public_url or request.url_root).rstrip("/")


def sign(request: Request, export_id: str, *, now: datetime, until: datetime) -> tuple[str, datetime]:
    """A link to the artifact of an export, and when it expires: in an hour, or with the artifact if that is sooner."""
    expires = int(min(now + LIFETIME, until).timestamp())
    signature = _signature(vault().derive(PURPOSE)[0], export_id, str(expires))
    path = f"/api/export/{export_id}/download?expires={expires}&signature={signature}"
    return base_url(request) + path, datetime.fromtimestamp(expires, now.tzinfo)


def check(export_id: str, expires: str, signature: str, *, now: datetime) -> None:
    """Raises Forbidden for a signature that is not ours, Gone for a link that has expired."""
    expected = [_signature(key, export_id, expires) for key in vault().derive(PURPOSE)]
    given = signature.encode("utf-8", "replace")
    if not any([hmac.compare_digest(one.encode(), given) for one in expected]):  # noqa: C419 - every key is compared
        raise Forbidden("The signature of this link is not valid. Ask for the export again to get a new link.")
    if int(expires) <= now.timestamp():
        raise Gone("This link has expired. Ask for the export again to get a new link.")


def _signature(key: bytes, export_id: str, expires: str) -> str:
    return hmac.new(key, f"{export_id}\n{expires}".encode(), hashlib.sha256).hexdigest()
