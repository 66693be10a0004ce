"""OneDrive and the libraries of SharePoint, by Microsoft Graph: a person's, a company's, a site's.

A small file is sent in one request, a larger one by an upload session that outlives the worker; both get their name in
a second step, which fails where the name is taken. OneDrive's own hash of every file is compared with the artifact's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails

from workers.destinations._onedrive_client import Client, Denied
from workers.destinations._onedrive_delivery import Delivery, undo
from workers.destinations._onedrive_drive import BEHAVIOR, Drive
from workers.destinations._onedrive_errors import answered, unanswered
from workers.destinations._onedrive_login import Login
from workers.destinations._onedrive_names import NAME_LIMIT, onedrive_folders
from workers.destinations._onedrive_receipt import is_still
from workers.destinations._onedrive_session import end
from workers.destinations._onedrive_wire import CLOUDS, connected
from workers.destinations.base import (
    Consent,
    Destination,
    Lifetime,
    LongshoreError,
    Permanent,
    Receipt,
    TestReport,
    Transient,
    Upload,
)

MIB = 1024 * 1024
ENTRA = "https://learn.microsoft.com/en-us/entra/identity-platform"


class OneDriveOptions(BaseModel):
    """Which drive, where in it, and as whom."""

    model_config = ConfigDict(extra="forbid")

    drive_id: str = Field("", max_length=200, pattern=r"^[A-Za-z0-9!_-]*$", description="Id of a drive or library.")
    user: str = Field("", max_length=320, description="Sign-in name or id of the person whose OneDrive it is.")
    site: str = Field("", max_length=500, description="Address or id of a SharePoint site: its main library is used.")
    folder_id: str = Field(
        "", max_length=200, pattern=r"^[A-Za-z0-9!._-]*$", description="Id of a folder; empty: root."
    )
    folder: str = Field("", max_length=1000, description="Path below it; made where it is missing.")
    shared_link: Literal["", "anonymous", "organization"] = Field(
        "", description="Who may view the file by the link in the receipt; empty: who has access to the file."
    )
    tenant: str = Field(
        "common",
        max_length=200,
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Id or domain of the organisation; `consumers` for personal accounts. Needed for an app alone.",
    )
    scope: str = Field(
        "Files.ReadWrite.All",
        max_length=500,
        pattern=r"^[A-Za-z.]+( [A-Za-z.]+)*$",
        description="Permissions that the refresh token was issued with, apart by blanks.",
    )
    cloud: Literal["global", "us", "us_dod", "china"] = Field("global", description="Microsoft's national clouds.")
    chunk_mb: int = Field(10, ge=5, le=55, multiple_of=5, description="MiB of a chunk. Held in memory.")
    endpoint_url: str = Field(
        "", max_length=500, description="Endpoint other than Microsoft's, for gateways and tests."
    )

    @field_validator("site", mode="after")
    @classmethod
    def of_address(cls, given: str) -> str:
        """The address that the browser shows, as Graph names the site."""
        parts = urlsplit(given)
        found = re.match(r"/(?:sites|teams)/[^/]+", parts.path)
        return f"{parts.netloc}:{found[0]}" if parts.scheme and found else parts.netloc or given

    @model_validator(mode="after")
    def one_drive(self) -> Self:
        """Raises ValueError where several drives are named."""
        named = [name for name in ("drive_id", "user", "site") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} name different drives. Set one of them.")
        return self


class OneDriveSecrets(BaseModel):
    """One of: an access token; a refresh token with its client id; client id and secret of an app that acts alone."""

    model_config = ConfigDict(extra="forbid")

    access_token: SecretStr | None = Field(None, min_length=1, description="Valid for an hour or so.")
    refresh_token: SecretStr | None = Field(None, min_length=1, description="Renewed at each use, and stored again.")
    client_id: SecretStr | None = Field(None, min_length=1, description="Application id of the app registration.")
    client_secret: SecretStr | None = Field(None, min_length=1, description="Its secret; none for a public client.")

    @model_validator(mode="after")
    def enough(self) -> Self:
        """Raises ValidationError, naming what is missing."""
        wanted = []
        if (self.refresh_token or self.client_secret) and not self.client_id:
            wanted = ["client_id"]
        elif not (self.access_token or self.refresh_token or self.client_secret):
            wanted = ["client_secret" if self.client_id else "access_token"]
        if wanted:
            missing = [InitErrorDetails(type="missing", loc=(name,), input=None) for name in wanted]
            raise ValidationError.from_exception_data("OneDriveSecrets", missing)
        return self


class OneDrive(Destination):
    """A folder in a drive."""

    label = "OneDrive and SharePoint"
    limits: ClassVar[dict[str, str]] = {
        "name": f'{NAME_LIMIT} bytes of UTF-8, without " * : < > ? / \\ |; `A.png` takes the name of `a.png`',
        "path": "400 characters",
        "size": "250 GB a file",
        "SharePoint": "writes the columns of a library into Office, HTML and PDF files: they are compared under another"
        " name before they get theirs; one that replaces another cannot be",
        "unfinished uploads": "are unseen, and go on for some days (the session says how long); then they start over",
        "refresh tokens": "end 90 days after their last use, or when the password changes",
    }
    features = frozenset({"resume", "conditional_create", "checksum", "link", "quota"})
    Options = OneDriveOptions
    Secrets = OneDriveSecrets
    options: OneDriveOptions
    secrets: OneDriveSecrets

    @classmethod
    def consent(cls, options: BaseModel, endpoint: str) -> Consent:
        """See base. https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow."""
        given = options if isinstance(options, OneDriveOptions) else OneDriveOptions()
        cloud = CLOUDS[given.cloud]
        base = f"{endpoint or cloud.login}/{given.tenant}/oauth2/v2.0"
        return Consent(
            provider="microsoft",
            authorize_url=f"{base}/authorize",
            token_url=f"{base}/token",
            scope=" ".join([*(f"{cloud.graph}/{one}" for one in given.scope.split()), "offline_access"]),
            parameters={"prompt": "select_account"},
        )

    @classmethod
    def lifetime(cls, secrets: frozenset[str]) -> Lifetime:
        """See base."""
        if "refresh_token" in secrets:
            note = "Ends after 90 days without use, and when the password changes."
            return Lifetime(note, f"{ENTRA}/refresh-tokens#token-lifetime", unused_days=90)
        if "access_token" in secrets:
            page = f"{ENTRA}/access-tokens#token-lifetime"
            return Lifetime("An access token lasts 60 to 90 minutes.", page, seconds=3600)
        note = "The app's secret lasts as long as was chosen when it was made, two years at most."
        return Lifetime(note, f"{ENTRA}/how-to-add-credentials")

    def test(self) -> TestReport:
        """See base."""
        try:
            with self._connected() as client:
                return self._test(self._drive(client))
        except Exception as error:
            raise self.classify(error) from error

    def upload(self, upload: Upload) -> Receipt:
        """See base. Raises LongshoreError, Denied, requests' errors, what `sent` and `save` raise."""
        state = dict(upload.checkpoint or {})
        with self._connected() as client:
            drive = self._drive(client)
            folder = drive.below(self.options.folder_id, onedrive_folders(self.options.folder, upload.folder))
            here = {"endpoint": self.options.endpoint_url, "drive": drive.id, "parent": folder.id}
            if not here.items() <= state.items():
                self._discard(client, state)
                state.clear()
                state.update(here)
            chunk, shared = self.options.chunk_mb * MIB, self.options.shared_link
            return Delivery(drive, folder, upload, state, chunk=chunk, shared=shared).run()

    def remove(self, receipt: Receipt) -> bool:
        """See base. It goes to the recycle bin. Raises Denied, requests' errors, LongshoreError."""
        if receipt.skipped or "drive_id" not in receipt.extra:
            return False
        with self._connected() as client:
            drive = self._at(client, receipt.extra["drive_id"])
            item = drive.item(receipt.provider_id)
            return item is not None and is_still(item, receipt) and drive.remove(item["id"], item.get("eTag", ""))

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """End the session and remove what was sent. Raises Denied, requests' errors, NeedsReconnect."""
        if "parent" in checkpoint:
            with self._connected() as client:
                self._discard(client, dict(checkpoint))

    def classify(self, error: Exception) -> LongshoreError:
        """See base."""
        if isinstance(error, LongshoreError):
            return error
        return answered(error) if isinstance(error, Denied) else unanswered(error)

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        given = {
            name: value.get_secret_value() for name, value in self.secrets if isinstance(value, SecretStr) and value
        }
        options, cloud = self.options, CLOUDS[self.options.cloud]
        with connected(options.endpoint_url, self.place.check_url) as http:
            login = Login(
                http, cloud, given=given, tenant=options.tenant, scope=options.scope, tokens=self.place.tokens
            )
            yield Client(http, login, cloud.graph, secure=not options.endpoint_url)

    def _drive(self, client: Client) -> Drive:
        options = self.options
        if options.drive_id:
            return Drive(client, f"/drives/{quote(options.drive_id, safe='!')}")
        if options.user:
            return Drive(client, f"/users/{quote(options.user, safe='')}/drive")
        if options.site:
            colon = ":" if ":" in options.site else ""
            return Drive(client, f"/sites/{quote(options.site, safe=':/,')}{colon}/drive")
        if client.login.app_only:
            raise Permanent("An app that acts as itself has no drive of its own. Set drive_id, user or site.")
        return Drive(client, "/me/drive")

    @staticmethod
    def _at(client: Client, drive_id: str) -> Drive:
        return Drive(client, f"/drives/{quote(drive_id, safe='!')}")

    def _discard(self, client: Client, state: dict[str, Any]) -> None:
        """What was begun at another endpoint is left: this connection's token is not for it."""
        if state.get("endpoint") != self.options.endpoint_url or "parent" not in state:
            return
        if "hidden" in state:
            undo(self._at(client, state["drive"]), state)
        elif "session" in state:
            end(client, state["session"])

    def _test(self, drive: Drive) -> TestReport:
        folder = drive.below(self.options.folder_id, onedrive_folders(self.options.folder))
        name = f".longshore-test-{uuid.uuid4().hex}"
        path = f"{drive.path(folder.id, name)}:/content"
        headers = {"Content-Type": "text/plain"}
        made = drive.client.call("PUT", path, params={BEHAVIOR: "fail"}, data=name.encode(), headers=headers)
        try:
            with drive.client.content(drive.items(made["id"])) as pieces:
                same = b"".join(pieces) == name.encode()
            shared = self.options.shared_link
            note = drive.link(made["id"], shared)[1] if shared else ""
        finally:
            drive.remove(made["id"])
        if not same:
            raise Transient("OneDrive does not give back what was written there. It will be tried again.")
        owner = drive.about.get("owner") or {}
        who = owner.get("user") or owner.get("group") or {}
        account = who.get("email") or who.get("displayName") or drive.about.get("webUrl") or drive.id
        where = {"personal": "OneDrive", "business": "OneDrive for work or school"}
        kind = where.get(str(drive.about.get("driveType")), "SharePoint library")
        return TestReport(f"{account} ({kind})", ("write", "read", "delete"), drive.free(), note)


DESTINATION = OneDrive
