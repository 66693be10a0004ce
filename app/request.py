"""How a request's body is read: JSON by its content type only, strictly, and never larger than the operator allows."""

from __future__ import annotations

from typing import Any

import flask
import orjson
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


class Request(flask.Request):
    """Flask's request with a strict reading of JSON."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002, FBT001, FBT002 - Flask's signature; a body is never guessed at
        """The JSON body. Raises UnsupportedMediaType for another content type, BadRequest for broken JSON."""
        if not self.is_json:
            raise UnsupportedMediaType("Send JSON with the header `Content-Type: application/json`.")
        try:
            return orjson.loads(self.get_data())
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error
