"""Every error of ours, named for what happens next.

LongshoreError
├── Transient            try again by itself, after `retry_after` seconds if the other side named them
├── Permanent            trying again cannot help: the user changes something, then asks again
│   ├── BadDocument      the source cannot be read as the kind it claims to be
│   ├── Unavailable      this machine lacks a program or an asset; the message says how to get it
│   └── Refused          forbidden by the operator's rules (an address, a path, a size)
├── NeedsReconnect       the provider no longer accepts the credentials of the connection
├── NotFound             no such row, or it belongs to somebody else
├── Conflict             the row is in a state that does not allow this, or the key was used already
├── Invalid              a request that cannot be meant as it is; `field` names the culprit
└── Cancelled            the user stopped it, or another worker owns the row now

`message` is safe to show to the user and says what to do. `detail` is for the log only.
"""

from __future__ import annotations

from longshore.redaction import redacted

LONGEST_WAIT = 3600.0
"""Seconds of the longest `retry_after`: a header may name years, and nothing is lost by asking again after an hour."""


class LongshoreError(Exception):
    """Base of all; `message` is safe to show, `detail` goes to the log and nowhere else."""

    code = "error"

    def __init__(self, message: str, *, detail: str = "") -> None:
        self.message = redacted(message)
        self.detail = redacted(detail)
        super().__init__(self.message)


class Transient(LongshoreError):
    """May pass by itself. `retry_after` is in seconds, up to LONGEST_WAIT; None where nobody named a time."""

    code = "transient"

    def __init__(self, message: str, *, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        named = retry_after is not None and retry_after >= 0  # a number that is none is not
        self.retry_after = min(retry_after, LONGEST_WAIT) if named and retry_after is not None else None


class Permanent(LongshoreError):
    """Will fail again however often it is tried."""

    code = "permanent"


class BadDocument(Permanent):
    """The source is broken or not of its kind."""

    code = "bad_document"


class Unavailable(Permanent):
    """Something that this machine lacks; the message names the command that mends it."""

    code = "unavailable"


class Refused(Permanent):
    """Forbidden by a rule of the operator, not by a fault."""

    code = "refused"


class NeedsReconnect(LongshoreError):
    """The provider refuses the stored credentials; only the user can renew them."""

    code = "needs_reconnect"


class NotFound(LongshoreError):
    """Missing or somebody else's: the two are not told apart."""

    code = "not_found"


class Conflict(LongshoreError):
    """The present state forbids the request."""

    code = "conflict"


class Invalid(LongshoreError):
    """A field whose value cannot be meant; `field` is its path in the request body."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.field = field


class Cancelled(LongshoreError):
    """Stop now, clean up, change nothing else."""

    code = "cancelled"
