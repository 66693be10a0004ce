"""What to do about Dropbox's errors: https://www.dropbox.com/developers/documentation/http/documentation#error-handling.

The SDK is handed in, so that this module can be read without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Transient, retry_after

FULL_RETRY = 300.0
"""Seconds until a full Dropbox is tried again: people, not machines, make room."""
TRAFFIC_RETRY = 3600.0
"""Seconds until an account that used up its traffic is tried again; Dropbox counts it by the day."""
BUSY_RETRY = 5.0
"""Seconds after an answer that asks to slow down without naming a time; the SDK's own figure."""
TOO_MANY, FORBIDDEN, SERVER_ERROR, BAD_REQUEST = 429, 403, 500, 400
TOKEN_WORDS = ("access token", "invalid_client", "invalid_request", "unauthorized_client", "Authorization")
"""What stands in answers 400 that are about the credentials, not about the request."""
SPACE = "insufficient_space"
"""The end of three tags: of one's own space, of a team's, and of a member's part in it."""
TAKEN = frozenset({"path/conflict/file", "path/conflict/folder"})
LASTING = {
    "folder": "A folder has this name already. Choose another name.",
    "file": "A file has this name already. Choose another name, or the policy rename, version or overwrite.",
    "file_ancestor": "A part of the folder's path is a file. Choose another folder.",
    "no_write_permission": "The account may not write to this folder. Choose another one, or ask its owner for access.",
    "access_restricted": "The account may not write to this folder. Choose another one, or ask its owner for access.",
    "team_folder": "This is a folder of the team, which apps may not change. Choose a folder below it.",
    "operation_suppressed": "Dropbox does not allow changes at this path. Choose another folder.",
    "disallowed_name": "Dropbox does not save files of this name. Choose another name.",
    "malformed_path": "Dropbox does not take this path. Choose another name or folder.",
    "too_large": "The file is larger than the 2 TB that Dropbox takes. Send a smaller one.",
    "payload_too_large": "Dropbox takes no chunks so large. Lower chunk_mb.",
    "restricted_content": "Dropbox has closed this file for legal reasons. Choose another name.",
    "locked": "Somebody has locked the file of this name. Choose another name, or have it unlocked.",
}
"""By the last tag of the error."""


def unwilling(status: int, headers: Mapping[str, str]) -> LongshoreError | None:
    """For answers that mean the same at every call; the SDK loses the time that a 503 names. None for all others."""
    if status == TOO_MANY or status >= SERVER_ERROR:
        named = retry_after(headers.get("Retry-After", ""), datetime.now(UTC))
        return Transient(
            f"Dropbox cannot take the file now ({status}). It will be tried again.",
            retry_after=named if named is not None else BUSY_RETRY if status == TOO_MANY else None,
            detail=_request(headers),
        )
    if status == FORBIDDEN:
        return Permanent(
            "This Dropbox account may not use what the delivery needs. Connect another account, or ask the"
            " administrator of the team.",
            detail=_request(headers),
        )
    return None


def _request(headers: Mapping[str, str]) -> str:
    return f"request {headers.get('X-Dropbox-Request-Id', '')}"


def tags(error: Any) -> str:
    """The tags of an ApiError, outermost first, as Dropbox's own `error_summary`: `path/conflict/file`."""
    found, value = [], error.error
    while getattr(value, "_tag", None):
        found.append(value._tag)  # noqa: SLF001 - the SDK has a question for each tag, and no name for the one it is
        value = value._value  # noqa: SLF001
        value = getattr(value, "reason", value)
    return "/".join(found)


def classified(error: Exception, sdk: Any) -> LongshoreError:
    """For every error that is not ours."""
    import requests

    exceptions, detail = sdk.exceptions, f"{type(error).__name__}: {error}"
    if isinstance(error, exceptions.AuthError):
        return _unauthorised(error, detail)
    if isinstance(error, exceptions.ApiError):
        return _declined(tags(error), detail)
    if isinstance(error, exceptions.HttpError):
        if error.status_code == BAD_REQUEST and any(word in str(error.body) for word in TOKEN_WORDS):
            return NeedsReconnect("Dropbox does not know this app or token. Connect the account again.", detail=detail)
        return Permanent(
            f"Dropbox refuses the request ({error.status_code}). Check the options of the connection.", detail=detail
        )
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in detail:
        return Permanent(
            "The certificate of the server is not trusted. Give the workers its authority's certificate in"
            " REQUESTS_CA_BUNDLE.",
            detail=detail,
        )
    return Transient("The connection to Dropbox broke. It will be tried again.", detail=detail)


def _unauthorised(error: Any, detail: str) -> LongshoreError:
    known = error.error
    if known is not None and known.is_missing_scope():
        scope = known.get_missing_scope().required_scope
        return NeedsReconnect(
            f"The Dropbox app lacks the permission {scope}. Add it in the app's settings, then connect again.",
            detail=detail,
        )
    if known is not None and known.is_expired_access_token():
        return NeedsReconnect(
            "The access token has expired. Connect the account again, with a refresh token to have it renewed by"
            " itself.",
            detail=detail,
        )
    if known is not None and known.is_user_suspended():
        return NeedsReconnect("The Dropbox account is suspended. Connect another one.", detail=detail)
    return NeedsReconnect(
        "Dropbox no longer accepts the connection: the token was revoked, or it is of another app. Connect the account"
        " again.",
        detail=detail,
    )


def _declined(path: str, detail: str) -> LongshoreError:
    last = path.rpartition("/")[2]
    if last in LASTING:
        return Permanent(LASTING[last], detail=detail)
    if last.endswith(SPACE):
        return Transient(
            "The Dropbox is full. Make room; the delivery goes on by itself where it stopped.",
            retry_after=FULL_RETRY,
            detail=detail,
        )
    if last == "upload_traffic_limit_reached":
        return Transient(
            "The account has used up its traffic at Dropbox. It will be tried again.",
            retry_after=TRAFFIC_RETRY,
            detail=detail,
        )
    if last == "content_hash_mismatch":
        return Transient("Bytes changed on their way to Dropbox, which refused them. They will be sent again.")
    return Transient(
        f"Dropbox cannot take the file now ({path}). It will be tried again.",
        retry_after=BUSY_RETRY if last == "too_many_write_operations" else None,
        detail=detail,
    )
