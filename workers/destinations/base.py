"""How to write a destination: the whole manual.

A destination is one module in `workers/destinations/` whose file name is its name in the API. It defines:

    class Options(BaseModel)    what is not secret: endpoint, bucket, folder ... (field descriptions become the docs)
    class Secrets(BaseModel)    what is: SecretStr fields, encrypted at rest, write-only, never logged
    class S3(Destination)       with `options`, `secrets`, `test`, `upload`, `discard`, `remove` and `classify`
    DESTINATION = S3

Rules:
- Import this module and the provider's SDK; nothing else of ours. Import the SDK inside the methods: the declaration
  is read by processes that never upload.
- `upload` streams: constant memory at any size. Read from `upload.source(held)`, and say how much of it the provider
  has already: what comes after that waits for the limits of bandwidth. Call `upload.sent(total)` at least once a chunk;
  it raises `Cancelled` when the user stopped the delivery or another worker took it over: let it through, do not catch
  it. It may come out of any line, as KeyboardInterrupt does, so that a chunk on a slow line stops, too: what must be
  undone is undone in a `finally`. `discard` then removes the object, too, if it became visible in that moment.
- Save a checkpoint with `upload.save()` after every chunk the provider acknowledged. The next attempt gets it in
  `upload.checkpoint`, asks the provider what it really has, and sends only the rest. A checkpoint is bound to the
  artifact: it is handed back only for the same SHA-256 and size.
- An upload that finished but was never recorded (the worker died in between) is recognised and not sent twice:
  whatever the name that was chosen, keep it in the checkpoint before the object becomes visible.
- Conflict policy `rename` asks `next_free` for a number: a folder may hold thousands of the same name. Keep the number
  in the checkpoint before the object becomes visible, since the next attempt may skip it.
- Conflict policy `version` never loses what had the name: copy it, or move it, to its `dated` name, and only then take
  its place, by a request that fails where somebody else took it meanwhile. Whatever breaks in between, both are there.
  `remove_aside` finds the old one again, so keep in the checkpoint where it went if its id does not say.
- Compare what the provider has with the artifact after the upload. A mismatch removes the bad object and raises
  Transient.
- Where access tokens are had by a login, get them from `place.tokens`: it signs in once for all workers. Have a token
  that was refused replaced there, once for each request, and give up a login after 50 seconds.
- Where people can connect in a browser, `consent` says how; where credentials end, `lifetime` says when. Both are class
  methods, and the operator's OAuth client is filled into the secrets by whoever opens the connection.
- `classify` turns every error of the SDK into Transient, Permanent or NeedsReconnect, with a message that is safe to
  show and says what to do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Literal

from pydantic import BaseModel

from longshore.errors import Cancelled, Conflict, LongshoreError, NeedsReconnect, Permanent, Refused, Transient
from longshore.retry_after import retry_after
from workers.destinations._names import dated, folders, next_free, numbered, safe_name
from workers.destinations._tokens import Grant, SignIn, Tokens

__all__ = [
    "Cancelled",
    "Conflict",
    "ConflictPolicy",
    "Consent",
    "Destination",
    "Grant",
    "Lifetime",
    "LongshoreError",
    "NeedsReconnect",
    "Permanent",
    "Place",
    "Receipt",
    "Refused",
    "Reserve",
    "SignIn",
    "TestReport",
    "Tokens",
    "Transient",
    "Upload",
    "Verified",
    "dated",
    "folders",
    "next_free",
    "numbered",
    "retry_after",
    "safe_name",
]

ConflictPolicy = Literal["overwrite", "rename", "version", "skip", "fail"]
"""What to do when the name is taken: replace it; add " (2)" before the extension; take the name, and keep the old one
beside it under its date; keep the old one and send nothing (the receipt says so); or fail with `Permanent`."""

Verified = Literal["checksum", "readback", "size"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider confirmed.

    `path` is where the file is, in the provider's terms; `skipped`: the name was taken and nothing was sent.
    """

    provider_id: str
    path: str
    url: str
    size: int
    checksum: str
    verified: Verified
    skipped: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestReport:
    """What `test()` saw: who we are there, what we may do. `rights` holds `write`, `read`, `delete`."""

    __test__ = False

    account: str
    rights: tuple[str, ...]
    free_bytes: int | None = None
    note: str = ""


@dataclass(slots=True)
class Upload:
    """One attempt to deliver one artifact.

    `key` is the same in every attempt of a delivery: use it in temporary names. Read by `source`; `open` and `held` are
    what that is made of. `note` is `save` for what only this attempt needs: it survives no crash.

    `reserve` is for places that cannot take a name in one step. It is told place and name, and False where another
    delivery is about to take that; True holds it until this attempt ends. Look afterwards whether the name is free.
    """

    key: str
    open: Callable[[], BinaryIO]
    size: int
    sha256: str
    media_type: str
    folder: str
    name: str
    conflict: ConflictPolicy
    save: Callable[[dict[str, Any]], None]
    sent: Callable[[int], None]
    checkpoint: dict[str, Any] | None = None
    note: Callable[[dict[str, Any]], None] = lambda _: None
    reserve: Callable[[str], bool] = lambda _: True
    held: Callable[[int], None] = lambda _: None

    def source(self, held: int = 0) -> BinaryIO:
        """A new reader at byte 0, which may give less than it is asked for.

        Its first `held` bytes are read for their sums alone, since the provider has them: no limit of bandwidth holds
        them up. Whatever comes after them is sent as it is read.
        """
        self.held(held)
        return self.open()


Reserve = Callable[[Mapping[str, str]], set[str]]
"""`Upload.reserve` for several: it is told names by the uploads' keys, and which of these have theirs."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the operator allows: the only folders that may be written, and the check of every endpoint URL.

    `check_url` raises Refused where the address may not be reached. `tokens` keeps the access token that logins give,
    for every worker, with the secrets that the provider replaced: sign in through it.

    `folder_root` is one owner's alone. `shared_root`, above it, is where the files of all owners were before each had
    one: only what a receipt or a checkpoint tells of may be touched there.
    """

    folder_root: str
    check_url: Callable[[str], None]
    tokens: Tokens = field(default_factory=Tokens)
    shared_root: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """How a person connects an account in a browser (OAuth 2 with PKCE; RFC 6749, RFC 7636).

    `provider` is the operator's OAuth client, by its settings: `google` for LONGSHORE_GOOGLE_CLIENT_ID. `client` are
    the names of its id and its secret in `Secrets`. `parameters` go into the authorization's address besides the usual.
    """

    provider: str
    authorize_url: str
    token_url: str
    scope: str
    parameters: dict[str, str] = field(default_factory=dict)
    client: tuple[str, str] = ("client_id", "client_secret")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long credentials last, in words, and the page that says so.

    `seconds` count from when they were stored, `unused_days` from their last use; neither: until they are revoked.
    """

    note: str
    source: str
    seconds: int | None = None
    unused_days: int | None = None


class Destination(ABC):
    """One connection to one provider. It may serve many uploads, one after the other; never shared between threads."""

    label: ClassVar[str]
    """The provider's name for people."""
    limits: ClassVar[dict[str, str]] = {}
    """Limits of the provider with their reasons, shown by `GET /api/destinations`."""
    features: ClassVar[frozenset[str]] = frozenset()
    """Of `resume`, `conditional_create`, `checksum`, `link`, `quota`."""
    together: ClassVar[int] = 1
    """How many small files one worker is given at once; more than one asks for `upload_together`."""
    Options: ClassVar[type[BaseModel]]
    Secrets: ClassVar[type[BaseModel]]

    def __init__(self, options: BaseModel, secrets: BaseModel, place: Place) -> None:
        self.options = options
        self.secrets = secrets
        self.place = place

    @classmethod
    def consent(cls, _options: BaseModel, _endpoint: str) -> Consent | None:
        """How to connect in a browser with these options, at the operator's endpoint if there is one; None: not so."""
        return None

    @classmethod
    def lifetime(cls, _secrets: frozenset[str]) -> Lifetime | None:
        """How long credentials of these names last; None where nothing is known."""
        return None

    @abstractmethod
    def test(self) -> TestReport:
        """Write a marker, read it back, delete it. Raises what `classify` returns."""

    @abstractmethod
    def upload(self, upload: Upload) -> Receipt:
        """Deliver the artifact. Raises any error of the SDK; the caller hands it to `classify`."""

    def upload_together(self, uploads: Sequence[Upload], _reserve: Reserve) -> Iterator[Receipt | None]:
        """Deliver small artifacts that were never tried, in order, by the cheapest way there is: a receipt, or None.

        None leaves one to `upload`, which is asked later and recognises what was sent: only what is certain, and costs
        no question, is done here. An error leaves all the rest to it.
        """
        return iter([None] * len(uploads))

    @abstractmethod
    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Remove what an unfinished upload left at the provider. Quiet where nothing is left."""

    @abstractmethod
    def remove(self, receipt: Receipt) -> bool:
        """Delete the object that this receipt confirms, if it is still that one; whether it was deleted.

        False where it is gone or no longer what we put there (its id, revision, ETag, checksum or size differ), and
        for a receipt that says `skipped`: nothing is touched then. Raises any error of the SDK, as `upload` does.
        """

    def remove_aside(self, receipt: Receipt, successor: Receipt) -> bool:
        """Delete the object that this receipt confirms under the dated name that it has since `successor` arrived.

        As `remove`, which it is where a file keeps its id under another name; elsewhere the receipt of the successor
        tells in `extra["previous"]` what became of the old one.
        """
        del successor
        return self.remove(receipt)

    @abstractmethod
    def classify(self, error: Exception) -> LongshoreError:
        """What to do about an error of any of the others. A LongshoreError is returned as it is."""
