"""Log lines as JSON or text, one way for every process, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from longshore.redaction import redacted
from longshore.settings import settings

_SECRET = re.compile(r"(?i)(secret|password|token|authorization|api[-_]?key|signature|credential)")
_URL_PASSWORD = re.compile(r"(\w+://[^:/@\s]*:)[^@/\s]+@")


_BEARER = re.compile(r"(?i)\b(bearer|basic)(['\"]?\s+)[\w.~+/=-]{8,}")
_PARAMETER = re.compile(
    r"(?i)\b((?:access_|refresh_)?token|client_secret|code|code_verifier|state|signature|sig|upload_id|tempauth|"
    r"x-amz-(?:signature|security-token|credential))=[^&\s'\"]+"
)


def hide_secrets(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values of secret-looking fields, secrets in URLs and all that are open become `***`."""
    for name, value in line.items():
        line[name] = "***" if _SECRET.search(name) else _hidden(value)
    return line


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        text = _URL_PASSWORD.sub(r"\1***@", redacted(value))
        return _PARAMETER.sub(r"\1=***", _BEARER.sub(r"\1\2***", text))
    if isinstance(value, dict):
        return {name: _hidden(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one) for one in value]
    return value


def configure() -> None:
    """Set up structlog, and send the standard library's loggers the same way."""
    config = settings()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if config.log_format == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    final = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=final, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level)
    for chatty in (
        "botocore",
        "boto3",
        "urllib3",
        "kombu",
        "amqp",
        "s3transfer",
        "asyncio",
        "httpx",
        "httpcore",
        "oauthlib",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
