"""How a request's body is read: JSON by its content type only, strictly, and never larger than the operator allows."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, Any

import flask
import orjson
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

SPOOL = 1024 * 1024
"""Bytes of a raw body that are kept in memory; the rest goes to a temporary file."""


class Request(flask.Request):
    """Flask's request with a strict reading of JSON, and of bodies whose length nobody announced."""

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:  # noqa: FBT001, FBT002 - Flask's signature
        """The whole body. Raises RequestEntityTooLarge, also where a chunked body would be cut at the limit."""
        data = super().get_data(cache, as_text=False, parse_form_data=parse_form_data)
        limit = self.max_content_length
        if self.content_length is None and limit is not None and len(data) >= limit:
            raise RequestEntityTooLarge
        return data.decode(errors="replace") if as_text else data

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002, FBT001, FBT002 - Flask's signature; a body is never guessed at
        """The JSON body. Raises UnsupportedMediaType for another content type, BadRequest for broken JSON."""
        if not self.is_json:
            raise UnsupportedMediaType("Send JSON with the header `Content-Type: application/json`.")
        try:
            return orjson.loads(self.get_data())
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error


def spooled(request: flask.Request) -> IO[bytes]:
    """The whole body as a file at its beginning, in constant memory; closed with the answer.

    Raises RequestEntityTooLarge.
    """
    file = SpooledTemporaryFile(SPOOL)  # noqa: SIM115 - it lives as long as the request

    @flask.after_this_request
    def close(answer: flask.Response) -> flask.Response:
        file.close()
        return answer

    # Until nothing comes: a body beyond the limit is told by the read after it.
    while chunk := request.stream.read(SPOOL):
        file.write(chunk)
    file.seek(0)
    return file
