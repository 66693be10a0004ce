"""What to do about Drive's errors, by its own word first and by HTTP status where it gave none.

https://developers.google.com/workspace/drive/api/guides/handle-errors
"""

from __future__ import annotations

import ssl

from workers.destinations._google_drive_client import FORBIDDEN, NOT_FOUND, SERVER_ERROR, TOO_MANY, UNAUTHORIZED, Denied
from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Transient

SLOWER = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "RESOURCE_EXHAUSTED"})
SLOWER_RETRY = 5.0
"""Seconds after an answer that asks to slow down without naming a time."""
DAILY = frozenset({"dailyLimitExceeded", "quotaExceeded"})
DAILY_RETRY = 3600.0
RECONNECT = frozenset({"authError", "insufficientPermissions", "PERMISSION_DENIED", "UNAUTHENTICATED"})
LASTING = {
    "storageQuotaExceeded": "The storage of this Google account is full. Make room there, then retry. A service account"
    " has none of its own: give it a folder in a shared drive, or set subject.",
    "teamDriveFileLimitExceeded": "The shared drive holds as many files as Google allows. Remove some, then retry.",
    "numChildrenInNonRootLimitExceeded": "The folder holds as many files as Google allows. Choose another folder.",
    "teamDriveHierarchyTooDeep": "The shared drive takes no folders as deep as this one. Choose a flatter folder.",
    "insufficientFilePermissions": "The account may not write in this folder. Share the folder with it as an editor.",
    "insufficientParentPermissions": "The account may not write in this folder. Share the folder with it as an editor.",
    "teamDrivesFolderSharingNotSupported": "The account may not write in this shared drive. Make it a member there.",
    "appNotAuthorizedToFile": "The connection's client may only reach files that it made (scope drive.file). Connect"
    " with the scope drive, or leave folder_id empty.",
    "domainPolicy": "The administrator of this Google domain does not allow apps to use Drive. Ask them to.",
    "accessNotConfigured": "The Google Drive API is not enabled in the project of the connection's client. Enable it in"
    " the Google Cloud console.",
    "uploadTooLarge": "The file is larger than Google Drive takes. Send a smaller one.",
}  # fmt: skip


def answered(error: Denied) -> LongshoreError:
    """For what Drive refused."""
    detail = str(error)
    if error.reason in LASTING:
        return Permanent(LASTING[error.reason], detail=detail)
    slower = error.reason in SLOWER or error.status == TOO_MANY
    if slower or error.reason in DAILY or error.status >= SERVER_ERROR:
        pause = DAILY_RETRY if error.reason in DAILY else SLOWER_RETRY if slower else None
        return Transient(
            f"Google Drive cannot take the file now ({error.reason or error.status}). It will be tried again.",
            retry_after=error.retry_after if error.retry_after is not None else pause,
            detail=detail,
        )
    if error.status == UNAUTHORIZED or error.reason in RECONNECT:
        return NeedsReconnect(
            f"Google refuses the access token ({error.reason or error.status}). Connect the account again, with the"
            " scope drive or drive.file.",
            detail=detail,
        )
    if error.status == FORBIDDEN:
        return Permanent(
            f"Google Drive does not allow this to the account ({error.reason or error.status}). Share the folder with"
            " it as an editor, or choose another.",
            detail=detail,
        )
    if error.status == NOT_FOUND:
        return Transient(
            "A file or folder vanished from Google Drive meanwhile. It will be tried again.", detail=detail
        )
    return Permanent(
        f"Google Drive refuses the request ({error.reason or error.status}). Check the options of the connection.",
        detail=detail,
    )


def unanswered(error: Exception) -> LongshoreError:
    """For everything else: nothing answered, or not in Drive's way."""
    detail = f"{type(error).__name__}: {error}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Permanent(
                "The TLS certificate of Google Drive is not trusted here. Give the workers its authority's certificate"
                " in SSL_CERT_FILE.",
                detail=detail,
            )
        cause = cause.__cause__ or cause.__context__
    return Transient("The connection to Google Drive broke. It will be tried again.", detail=detail)
