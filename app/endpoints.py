"""Endpoints that clients name: what the operator's rules forbid is refused with the request, not only at its use.

Names are looked up before any transaction begins, since that may take seconds.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import structlog
from flask import g, has_app_context
from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from longshore import egress
from longshore.errors import Refused, Transient
from longshore.settings import settings

PATIENCE = 5.0
"""Seconds that one request may wait for name servers; what is not known by then is checked at its use."""

log = structlog.get_logger(__name__)


def check(options: dict[str, Any]) -> None:
    """Raises Refused for an `endpoint_url` that may not be reached. It is checked at each use as well.

    A name that has no address just now may have one when it is used.
    """
    url = options.get("endpoint_url")
    if not isinstance(url, str) or not url:
        return
    began = time.monotonic()
    try:
        egress.check_url(url, allow_private=settings().allow_private_networks, resolver=_resolve)
    except Transient as error:
        log.info("endpoint_unknown", detail=error.detail)
    finally:
        if has_app_context():
            g.looked_up = g.get("looked_up", 0.0) + time.monotonic() - began


def _resolve(host: str, port: int) -> list[str]:
    """Raises OSError, also where this request has waited long enough."""
    if has_app_context() and g.get("looked_up", 0.0) > PATIENCE:
        raise OSError("This request has waited long enough for name servers.")
    return egress.resolve(host, port)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    try:
        check(options)
    except Refused as error:
        told = PydanticCustomError("refused", "{why}", {"why": error.message})
        at = InitErrorDetails(type=told, loc=("endpoint_url",), input=None)
        raise ValidationError.from_exception_data("endpoint", [at]) from error
    return options


Inline = Annotated[dict[str, Any], AfterValidator(_checked)]
"""Settings of a destination, sent with a request: `destination_config`."""
