"""What to do about S3's errors, by code first and by HTTP status where the code is unknown or missing (HEAD)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Transient, retry_after

RECONNECT = frozenset(
    {
        "AccessDenied", "AccountProblem", "AllAccessDisabled", "ExpiredToken", "ExpiredTokenException", "Forbidden",
        "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "InvalidToken", "NotSignedUp",
        "SignatureDoesNotMatch", "TokenRefreshRequired", "UnauthorizedAccess", "401", "403",
    }
)  # fmt: skip
PASSING = frozenset(
    {
        "BadDigest", "ConditionalRequestConflict", "IncompleteBody", "InternalError", "NoSuchUpload",
        "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling",
        "ThrottlingException", "TooManyRequests", "XAmzContentSHA256Mismatch",
    }
)  # fmt: skip
BUSY = frozenset({"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "ServiceUnavailable"})
BUSY_RETRY = 5.0
"""Seconds after an answer that asks to slow down without naming a time."""
FULL = ("There is no room left for the bucket {bucket}. Make room, or raise its quota; it will be tried again.", 300.0)
MENDED = {
    "RequestTimeTooSkewed": ("The clock of this machine is wrong by minutes. Set it right.", 60.0),
    **dict.fromkeys(
        ("InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"), FULL
    ),
}
"""What passes when people mend it, and the seconds between two looks. No bucket of Amazon is full; others are."""
LASTING = {
    "NoSuchBucket": "The bucket {bucket} does not exist there. Create it, or correct bucket_name, region or endpoint.",
    "InvalidBucketName": "{bucket} is no valid bucket name. Correct bucket_name.",
    "PermanentRedirect": "The bucket {bucket} is in another region{region}. Correct the region of the connection.",
    "AuthorizationHeaderMalformed": "The endpoint expects another region{region}. Correct the region.",
    "IllegalLocationConstraintException": "The bucket {bucket} is in another region{region}. Correct the region.",
    "EntityTooSmall": "The endpoint takes no parts so small. Raise part_size_mb.",
    "EntityTooLarge": "The file is larger than the endpoint takes at once. Lower part_size_mb, or send a smaller file.",
    "KeyTooLongError": "The folder and name are longer than the 1024 bytes S3 takes. Shorten them.",
    "InvalidTag": "The endpoint does not take the tags of the connection. Correct tags.",
    "InvalidStorageClass": "The endpoint does not know the storage class of the connection. Correct storage_class.",
    "NotImplemented": "The endpoint lacks something that this connection asks for. Try checksums `when_required`, and"
    " leave acl, sse, storage_class and tags empty.",
    "MissingContentLength": "The endpoint does not take this kind of upload. Set checksums to `when_required`.",
}  # fmt: skip
SERVER_ERROR, NO_ROOM = 500, 507


def answered(error: Any, bucket: str) -> LongshoreError:
    """For a `ClientError`: the endpoint answered, and said no."""
    answer = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    meta = answer.get("ResponseMetadata", {})
    status, headers = int(meta.get("HTTPStatusCode", 0)), meta.get("HTTPHeaders", {})
    detail = f"{error.operation_name}: {code}, HTTP {status}, request {meta.get('RequestId', '')}"
    if code in LASTING:
        region = headers.get("x-amz-bucket-region") or answer.get("Error", {}).get("Region", "")
        return Permanent(LASTING[code].format(bucket=bucket, region=region and f" ({region})"), detail=detail)
    if code in RECONNECT:
        return NeedsReconnect(
            f"The endpoint refuses these credentials for the bucket {bucket} ({code}). Renew the connection's keys, or"
            " give them the right to write objects there.",
            detail=detail,
        )
    if code in MENDED or status == NO_ROOM:
        text, pause = MENDED.get(code, FULL)
        return Transient(text.format(bucket=bucket), retry_after=pause, detail=detail)
    if code in PASSING or status >= SERVER_ERROR or status == 429:  # noqa: PLR2004 - RFC 6585: too many requests
        named = retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        return Transient(
            f"The endpoint cannot take the file now ({code or status}). It will be tried again.",
            retry_after=named if named is not None else BUSY_RETRY if code in BUSY else None,
            detail=detail,
        )
    if status in {401, 403}:
        return NeedsReconnect(f"The endpoint refuses these credentials ({code}). Renew the connection.", detail=detail)
    return Permanent(
        f"The endpoint refuses the request ({code or status}). Check the options of the connection.", detail=detail
    )


def unanswered(error: Exception) -> LongshoreError:
    """For everything else: nothing answered, not in S3's way, or botocore refused the request before sending it."""
    from botocore.exceptions import ConnectionError as Unconnected
    from botocore.exceptions import EndpointConnectionError, InvalidRegionError, ParamValidationError, SSLError

    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, SSLError):
        return Permanent(
            "The endpoint's TLS certificate is not trusted, or it does not speak TLS. Correct endpoint_url, or give the"
            " workers its authority's certificate in AWS_CA_BUNDLE.",
            detail=detail,
        )
    if isinstance(error, (ParamValidationError, InvalidRegionError, ValueError)):
        return Permanent("The options of the connection are no valid ones for S3. Correct them.", detail=detail)
    if isinstance(error, (EndpointConnectionError, Unconnected)):
        return Transient("The endpoint cannot be reached now. It will be tried again.", detail=detail)
    return Transient("The connection to the endpoint broke. It will be tried again.", detail=detail)
