"""What to do about rclone's errors.

They come as text only, without types: the words are those of rclone 1.75, of Go's network library and of the servers
behind them. The first rule that fits counts. What nobody here has seen may pass by itself, and is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workers.destinations._rclone_guard import NOT_ALLOWED_TEXT
from workers.destinations.base import LongshoreError, NeedsReconnect, Permanent, Refused, Transient

FULL_RETRY = 300.0
"""Seconds until a full account is tried again: people, not machines, make room."""
BUSY_RETRY = 10.0
"""Seconds after an answer that asks to slow down, where the text does not tell for how long."""
MOST_RETRY = 3600.0
"""What is believed of a text at most: it may tell of days."""
AFTER = re.compile(
    r"(?:retry|try(?:ing)? again)[- _]?(?:after|in)\W{0,3}(?:\d{4}-\d\d-\d\dT\S+ \()?"
    r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?) ?(ms|s\b|sec|$|(?=\D)))?",
    re.IGNORECASE,
)
"""`try again after 2030-01-21T14:03:05Z (1m30s)`, as rclone says it; `Retry-After: 30`, as servers do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`words` are regular expressions, regardless of case; `retry_after` is for Transient."""

    kind: type[LongshoreError]
    message: str
    words: tuple[str, ...]
    retry_after: float | None = None


RULES = (
    Rule(
        Refused,
        "The server leads to a network that may not be reached. If it is a service of your own, the operator can"
        " allow its network with LONGSHORE_ALLOW_PRIVATE_NETWORKS.",
        (NOT_ALLOWED_TEXT,),
    ),
    Rule(
        NeedsReconnect,
        "The server's key is none of the connection's host_keys. If it was changed on purpose, put the new one there;"
        " if not, somebody may be in between.",
        (r"host.key", "knownhosts"),
    ),
    Rule(
        Permanent,
        "The certificate of the server is not trusted. Give the workers its authority's certificate in SSL_CERT_FILE.",
        ("x509:", "failed to verify certificate"),
    ),
    Rule(
        Transient,
        "The account or disk at the provider is full. Make room; the delivery goes on by itself.",
        (
            r"insufficient.?(storage|space|quota)",
            r"quota.?(exceeded|reached)",
            r"over.?quota",
            r"storage.?(limit|quota)",
            "disk full",
            "no space left",
            r"not enough (space|quota)",
            r"\b507\b",
            r"\b552\b",
        ),
        FULL_RETRY,
    ),
    Rule(
        Transient,
        "The provider asks to slow down. It will be tried again.",
        (r"\b429\b", "too many requests", r"rate.?limit", r"slow.?down", "too many connections", r"\b421\b"),
        BUSY_RETRY,
    ),
    Rule(
        NeedsReconnect,
        "The provider no longer accepts the credentials of the connection. Put in valid ones, then test it.",
        (
            "unable to authenticate",
            "no supported methods remain",
            r"\b401\b",
            "unauthorized",
            r"\b530\b",
            "login incorrect",
            r"log.?on.is.invalid",
            "logon_failure",
            r"failed to log.?in",
            r"log in failed",
            r"authori[sz]ation failed",
            "authenticationfailed",
            r"invalid_(grant|client|access_token)",
            r"(bad|expired)_auth_token",
            r"token (has )?(been )?(expired|revoked)",
            r"(invalid|expired)token",
            r"invalid (user|email|password|login|credentials)",
            "wrong password",
            "invalidaccesskeyid",
            "signaturedoesnotmatch",
            r"(decode|parse) private key",
            "no key found",
            "private key is passphrase",
        ),
    ),
    Rule(
        Permanent,
        "There is no such bucket, container, share or library. Make it, or name another.",
        (
            r"bucket (does not|doesn't) exist",
            r"no ?such ?bucket",
            r"container ?not ?found",
            "specified container",
            r"bad.network.name",
            r"couldn't find.*(bucket|library)",
            r"library .*not ",
        ),
    ),
    Rule(
        Permanent,
        "The provider does not allow this connection to write there. Give its user the right, or choose another"
        " folder.",
        ("permission denied", r"access.?denied", r"\b403\b", "forbidden", r"\b55[03]\b", r"read.?only file ?system"),
    ),
    Rule(
        Permanent,
        "A folder has this name already, or a part of the folder's path is a file. Choose another name or folder.",
        ("is a directory", "not a directory", "is a file", r"\b409\b"),
    ),
    Rule(
        Permanent,
        "The provider does not take this name. Choose another name or folder.",
        (r"name (is )?too long", r"\b414\b", r"invalid (file ?)?name", "invalid character", "illegal"),
    ),
    Rule(
        Permanent,
        "The provider does not take files of this size or kind.",
        (r"\b413\b", r"(file|entity).?(is )?too.?large", r"\b(415|501|505)\b"),
    ),
)


def classified(text: str, secrets: Iterable[str]) -> LongshoreError:
    """What an error's text means; the text goes to the log, without the secrets."""
    detail = text
    for secret in secrets:
        detail = detail.replace(secret, "***")
    for rule in RULES:
        if re.search("|".join(rule.words), detail, re.IGNORECASE):
            if rule.kind is Transient:
                return Transient(rule.message, retry_after=_asked(detail) or rule.retry_after, detail=detail)
            return rule.kind(rule.message, detail=detail)
    return Transient("The provider could not take the file. It will be tried again.", detail=detail)


def _asked(text: str) -> float | None:
    """The seconds that the text asks to wait."""
    for hours, minutes, seconds, unit in AFTER.findall(text):
        told = 3600.0 * int(hours or 0) + 60 * int(minutes or 0)
        told += float(seconds or 0) / (1000 if unit.lower() == "ms" else 1)
        if told:
            return min(told, MOST_RETRY)
    return None
