"""What to do about Graph's errors, by its own words first and by HTTP status where it gave none.

https://learn.microsoft.com/en-us/graph/errors
https://learn.microsoft.com/en-us/onedrive/developer/rest-api/concepts/errors
"""

from __future__ import annotations

from workers.destinations._onedrive_client import CONFLICT, FULL, NOT_FOUND, PRECONDITION, RANGE, UNAUTHORIZED, Denied
from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Transient

BAD_REQUEST, FORBIDDEN, TOO_LARGE, LOCKED, TOO_MANY, SERVER_ERROR = 400, 403, 413, 423, 429, 500
PASSING = frozenset({NOT_FOUND, CONFLICT, PRECONDITION, RANGE})
FULL_RETRY = 300.0
"""Seconds until a full drive is tried again: people, not machines, make room."""
LOCKED_RETRY = 60.0
"""Seconds until a file that somebody edits is tried again."""
BUSY_RETRY = 5.0
"""Seconds after an answer that asks to slow down without naming a time."""
FULL_CODES = frozenset({"quotaLimitReached", "insufficientStorage", "insufficientSpaceAvailable"})
ROOM = "The OneDrive is full. Make room; the delivery goes on by itself where it stopped."
FOLDER_TAKES = "A folder has this name already. Choose another name."
LASTING = {
    "pathIsTooLong": "The path is longer than the 400 characters that OneDrive takes. Choose a shorter folder or name.",
    "pathIsTooDeep": "The folder is deeper than OneDrive takes. Choose a flatter one.",
    "maxFileSizeExceeded": "The file is larger than OneDrive takes. Send a smaller one.",
    "malwareDetected": "OneDrive takes the file for malware and refuses it.",
    "virusSuspicious": "OneDrive takes the file for malware and refuses it.",
    "childItemCountExceeded": "The folder holds as many files as OneDrive allows. Choose another folder.",
    "maxItemCountExceeded": "The drive holds as many files as OneDrive allows. Remove some, then retry.",
    "serviceReadOnly": "The drive is read-only. Ask the administrator, or choose another drive.",
    "accessRestricted": "The administrator does not allow apps to reach this drive. Ask them to, or choose another.",
    "notAllowed": "OneDrive does not allow this here. Choose another folder.",
    "nameAlreadyExists": "Something has this name already. Choose another name, or the policy overwrite or rename.",
}  # fmt: skip


def answered(error: Denied) -> LongshoreError:
    """For what Graph refused."""
    detail = str(error)
    if error.status == FULL or FULL_CODES & set(error.codes):
        return Transient(ROOM, retry_after=FULL_RETRY, detail=detail)
    if error.status == LOCKED:
        return Transient(
            "Somebody is editing the file of this name. It will be tried again.",
            retry_after=LOCKED_RETRY,
            detail=detail,
        )
    for code in reversed(error.codes):
        if code in LASTING:
            return Permanent(LASTING[code], detail=detail)
    if error.status == TOO_MANY or error.status >= SERVER_ERROR:
        pause = BUSY_RETRY if error.status == TOO_MANY else None
        return Transient(
            f"OneDrive cannot take the file now ({error.status}). It will be tried again.",
            retry_after=error.retry_after if error.retry_after is not None else pause,
            detail=detail,
        )
    return _refused(error, error.codes[-1] if error.codes else str(error.status), detail)


def _refused(error: Denied, said: str, detail: str) -> LongshoreError:
    if error.status == UNAUTHORIZED:
        return NeedsReconnect(
            f"Microsoft refuses the access token ({said}). Connect the account again, with the permission"
            " Files.ReadWrite.All.",
            detail=detail,
        )
    if error.status == FORBIDDEN:
        return Permanent(
            "The account or app may not write there. Share the folder with it for editing, or give the app the"
            f" permission Files.ReadWrite.All, or Sites.ReadWrite.All where it acts as itself ({said}).",
            detail=detail,
        )
    if error.status < BAD_REQUEST:
        return Transient("Microsoft sent the request elsewhere. It will be tried again.", detail=detail)
    if error.status in PASSING:
        return Transient("A file or folder changed in OneDrive meanwhile. It will be tried again.", detail=detail)
    if error.status == TOO_LARGE:
        return Permanent(LASTING["maxFileSizeExceeded"], detail=detail)
    return Permanent(
        f"OneDrive refuses the request ({said}). Check the options of the connection and the name.", detail=detail
    )


def unanswered(error: Exception) -> LongshoreError:
    """For everything else: nothing answered, or not in Graph's way."""
    import requests

    detail = f"{type(error).__name__}: {_without_address(error)}"
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Permanent(
            "The certificate of the server is not trusted. Give the workers its authority's certificate in"
            " REQUESTS_CA_BUNDLE.",
            detail=detail,
        )
    return Transient("The connection to OneDrive broke. It will be tried again.", detail=detail)


def _without_address(error: Exception) -> str:
    """What requests says of an error often holds the whole address, which is a capability at upload sessions."""
    cause: BaseException = error
    while cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    reason = getattr(cause, "reason", None)
    return f"{type(cause).__name__} {type(reason).__name__ if reason else ''}".strip()
