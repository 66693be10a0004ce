"""What to do about S3's errors, by code first and by HTTP status where the code is unknown or missing (HEAD)."""

from __future__ import annotations

from typing import Any

from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Transient

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
        "OperationAborted", "RequestTimeout", "RequestTimeTooSkewed", "ServiceUnavailable", "SlowDown", "Throttling",
        "ThrottlingException", "TooManyRequests", "XAmzContentSHA256Mismatch",
    }
)  # fmt: skip
BUSY = frozenset({"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "ServiceUnavailable"})
BUSY_RETRY = 5.0
"""Seconds after an answer that asks to slow down without naming a time."""
LASTING = {
    "NoSuchBucket": "The bucket {bucket} does not exist there. Create it, or correct bucket_name, region or endpoint.",
    "InvalidBucketName": "{bucket} is no valid bucket name. Correct bucket_name.",
    "PermanentRedirect": "The bucket {bucket} is in another region{region}. Correct the region of the connection.",
    "AuthorizationHeaderMalformed": "The endpoint expects another region{region}. Correct the region.",
    "IllegalLocationConstraintException": "The bucket {bucket} is in another region{region}. Correct the region.",
    "EntityTooSmall": "The endpoint takes no parts so small. Raise part_size_mb.",
    "EntityTooLarge": "The file is larger than the endpoint takes at once. Lower part_size_mb, or send a smaller file.",
    "KeyTooLongError": "The folder and name are longer than the 1024 bytes S3 takes. Shorten them.",
    "InvalidStorageClass": "The endpoint does not know the storage class of the connection. Correct storage_class.",
    "NotImplemented": "The endpoint lacks something that this connection asks for. Try checksums `when_required`, and"
    " leave acl, sse and storage_class empty.",
    "MissingContentLength": "The endpoint does not take this kind of upload. Set checksums to `when_required`.",
    "QuotaExceeded": "The quota of the bucket {bucket} is used up. Make room, then retry.",
}  # fmt: skip
SERVER_ERROR = 500


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
            " give them the right to write, read and delete objects there.",
            detail=detail,
        )
    if code == "RequestTimeTooSkewed":
        return Transient("The clock of this machine is wrong by minutes. Set it right.", retry_after=60, detail=detail)
    if code in PASSING or status >= SERVER_ERROR or status == 429:  # noqa: PLR2004 - RFC 6585: too many requests
        return Transient(
            f"The endpoint cannot take the file now ({code or status}). It will be tried again.",
            retry_after=_retry_after(headers, code),
            detail=detail,
        )
    if status in {401, 403}:
        return NeedsReconnect(f"The endpoint refuses these credentials ({code}). Renew the connection.", detail=detail)
    return Permanent(
        f"The endpoint refuses the request ({code or status}). Check the options of the connection.", detail=detail
    )


def _retry_after(headers: dict[str, str], code: str) -> float | None:
    named = headers.get("retry-after", "").strip()
    if named.isdigit():
        return float(named)
    return BUSY_RETRY if code in BUSY else None


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
