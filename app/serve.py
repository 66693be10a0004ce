"""Stored bytes as an answer: streamed, resumable by range, and harmless in a browser whatever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import quote

from flask import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header

from longshore.artifacts import CHUNK, store

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-transform",
    "Accept-Ranges": "bytes",
}


def stored(
    request: Request,
    *,
    key: str,
    size: int,
    sha256: str,
    filename: str,
    media_type: str,
    when_sent: Callable[[], None] | None = None,
) -> Response:
    """An object of the artifact store as an attachment; its entity tag is its SHA-256.

    One range is honoured, several are answered with the whole, as RFC 9110 allows. `when_sent` is called after the
    server took the last byte of the whole, or of a range that goes on from some byte without naming an end: so asks who
    takes up a download that broke off. One that names its end is a part among others, and `bytes=-N` a look at the
    tail; both may come before the rest. Raises NotFound where the object is gone, RequestedRangeNotSatisfiable.
    """
    headers = {**GUARDS, "ETag": f'"{sha256}"', "Content-Disposition": disposition(filename), "X-SHA256": sha256}
    start, end, partial = 0, size, False
    if request.method in {"GET", "HEAD"}:
        if request.if_none_match.contains(sha256):
            return Response(status=304, headers=headers)
        start, end = _range(request, size, sha256)
        partial = (start, end) != (0, size) or _whole_as_range(request, size, sha256)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    # Opened before the status line goes out, so that a missing object is still a proper answer.
    reader = store().open(key)
    last = (start, end) == (0, size) or (partial and _goes_on(request))
    body = iter(()) if request.method == "HEAD" else _chunks(reader, start, end - start, when_sent if last else None)
    answer = Response(body, 206 if partial else 200, headers, content_type=media_type)
    answer.headers["Content-Length"] = str(end - start)
    answer.call_on_close(reader.close)
    return answer


def disposition(filename: str) -> str:
    """`attachment` with the name in ASCII and in full (RFC 6266, RFC 8187)."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    header = dump_options_header("attachment", {"filename": plain})
    return header if plain == filename else f"{header}; filename*=UTF-8''{quote(filename, safe='')}"


def _chunks(reader: BinaryIO, start: int, length: int, when_sent: Callable[[], None] | None) -> Iterator[bytes]:
    reader.seek(start)
    while length > 0 and (chunk := reader.read(min(CHUNK, length))):
        length -= len(chunk)
        yield chunk
    # Asked for more, so the chunk before was sent: whoever breaks off never gets here.
    if length == 0 and when_sent is not None:
        when_sent()


def _applies(request: Request, sha256: str) -> bool:
    """Whether the range is wanted: not after the content has changed (`If-Range`)."""
    condition = request.if_range
    if condition.date is not None:
        return False
    return condition.etag is None or condition.etag == sha256


def _range(request: Request, size: int, sha256: str) -> tuple[int, int]:
    """First byte and the one after the last. Raises RequestedRangeNotSatisfiable."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1 or not _applies(request, sha256):
        return 0, size
    found = wanted.range_for_length(size)
    if found is None:
        raise RequestedRangeNotSatisfiable(size, "bytes", f"The file has {size} bytes; ask for a part of them.")
    return found


def _goes_on(request: Request) -> bool:
    """Whether the one range that was asked for is `bytes=N-`."""
    wanted = request.range
    return wanted is not None and wanted.ranges[0][0] >= 0 and wanted.ranges[0][1] is None


def _whole_as_range(request: Request, size: int, sha256: str) -> bool:
    """Whether a range that happens to be everything was asked for: that is a 206, too."""
    wanted = request.range
    return bool(size and wanted and wanted.units == "bytes" and len(wanted.ranges) == 1 and _applies(request, sha256))
