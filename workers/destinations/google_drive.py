"""Google Drive: a person's, or a shared drive.

Files go in chunks through a session that outlives the worker, under an id that Drive gave beforehand, so that no lost
answer can make a second file. Drive compares nothing by name and knows no conditional create: names are looked up
before and after.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails

from workers.destinations._google_drive_client import NOT_FOUND, TOKENS, Client, Denied, connect
from workers.destinations._google_drive_delivery import NAME_LIMIT, Delivery
from workers.destinations._google_drive_errors import answered, unanswered
from workers.destinations._google_drive_files import Files, Folder, same, step_back
from workers.destinations._google_drive_login import RENEWING, SCOPE, Login
from workers.destinations._google_drive_session import end
from workers.destinations.base import (
    Consent,
    Destination,
    Lifetime,
    LongshoreError,
    Receipt,
    TestReport,
    Transient,
    Upload,
    folders,
)

MIB = 1024 * 1024
EXPIRATION = "https://developers.google.com/identity/protocols/oauth2#expiration"
LOOKS = 3
"""How often a folder or file that vanished under an upload is looked for again."""


class DriveOptions(BaseModel):
    """Where, and as whom."""

    model_config = ConfigDict(extra="forbid")

    folder_id: str = Field(
        "",
        max_length=200,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="Id or address of a folder, or of a shared drive; empty: My Drive.",
    )
    folder: str = Field("", max_length=1000, description="Path below it; made where it is missing.")
    subject: str = Field("", max_length=320, description="Whom a service account acts for (domain-wide delegation).")
    chunk_size_mb: int = Field(8, ge=1, le=1024, description="MiB of a chunk: what a broken connection may cost.")
    endpoint_url: str = Field("", max_length=500, description="Endpoint other than Google's, for gateways and tests.")

    @field_validator("folder_id", mode="before")
    @classmethod
    def of_address(cls, given: Any) -> Any:
        """The id in the address that the browser shows."""
        found = re.match(r"https://drive\.google\.com/[^?#]*folders/([A-Za-z0-9_-]+)", str(given))
        return found[1] if found else given


class DriveSecrets(BaseModel):
    """One of: an access token; a refresh token with its client; the key of a service account."""

    model_config = ConfigDict(extra="forbid")

    access_token: SecretStr | None = Field(None, description="Valid for an hour; renewed by the refresh token.")
    refresh_token: SecretStr | None = Field(None, description="Of the scope drive or drive.file.")
    client_id: SecretStr | None = Field(None, description="Of the OAuth client that the refresh token was issued to.")
    client_secret: SecretStr | None = Field(None, description="Of the same client.")
    service_account: SecretStr | None = Field(None, description="JSON file of a service account's key, as text.")

    @field_validator("service_account", mode="before")
    @classmethod
    def of_object(cls, given: Any) -> Any:
        """The key as text, also where it came as an object. Raises ValueError where it is no such key."""
        if not isinstance(given, (str, dict)):
            return given
        try:
            key = json.loads(given) if isinstance(given, str) else given
        except ValueError as error:
            raise ValueError("is no JSON. Send the key file of the service account as Google gave it.") from error
        if not isinstance(key, dict) or not {"client_email", "private_key"} <= key.keys():
            raise ValueError("is no key of a service account: client_email or private_key is missing.")
        return json.dumps(key)

    @model_validator(mode="after")
    def enough(self) -> Self:
        """Raises ValidationError, naming what is missing."""
        if self.access_token or self.service_account:
            return self
        wanted = [name for name in RENEWING if not getattr(self, name)] if self.refresh_token else ["access_token"]
        if wanted:
            missing = [InitErrorDetails(type="missing", loc=(name,), input=None) for name in wanted]
            raise ValidationError.from_exception_data("DriveSecrets", missing)
        return self


class GoogleDrive(Destination):
    """A folder in Drive."""

    label = "Google Drive"
    limits: ClassVar[dict[str, str]] = {
        "name": f"{NAME_LIMIT} bytes of UTF-8: the file systems that Drive is synchronised to take 255",
        "size": "5 TB a file, and 750 GB a day for each account",
        "conflict policies": "Drive allows two files of one name and has no conditional create: names are looked up"
        " before and after, and whoever meets another steps back",
        "unfinished uploads": "whose address got lost with an answer stay, unseen, until Google drops them in a week",
        "service accounts": "have no storage of their own: give them a folder in a shared drive, or set subject",
        "scope drive.file": "shows the connection only what it made itself: conflicts with other files go unseen",
    }
    features = frozenset({"resume", "checksum", "link", "quota"})
    Options = DriveOptions
    Secrets = DriveSecrets
    options: DriveOptions
    secrets: DriveSecrets

    @classmethod
    def consent(cls, options: BaseModel, endpoint: str) -> Consent:
        """See base. The scope is drive.file; a folder that somebody else made can only be written with drive.

        https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient
        """
        wide = isinstance(options, DriveOptions) and options.folder_id
        return Consent(
            provider="google",
            authorize_url=f"{endpoint or 'https://accounts.google.com'}/o/oauth2/v2/auth",
            token_url=f"{endpoint}/token" if endpoint else TOKENS,
            scope=SCOPE if wide else f"{SCOPE}.file",
            # without prompt=consent a second connection of the same account gets no refresh token
            parameters={"access_type": "offline", "prompt": "consent"},
        )

    @classmethod
    def lifetime(cls, secrets: frozenset[str]) -> Lifetime:
        """See base."""
        if "service_account" in secrets:
            note = "The key lasts until it is deleted, unless the organisation lets its keys expire."
            return Lifetime(note, "https://cloud.google.com/iam/docs/keys-create-delete#expiry")
        if "refresh_token" in secrets:
            note = "Ends after six months without use; after 7 days where the consent screen is in Testing."
            return Lifetime(note, EXPIRATION, unused_days=180)
        return Lifetime("An access token lasts an hour.", EXPIRATION, seconds=3600)

    def test(self) -> TestReport:
        """See base."""
        try:
            with self._connected() as client:
                return self._test(Files(client))
        except Exception as error:
            raise self.classify(error) from error

    def upload(self, upload: Upload) -> Receipt:
        """See base. Raises LongshoreError, Denied, httpx.TransportError, what `sent` and `save` raise."""
        state, number = dict(upload.checkpoint or {}), 0
        with self._connected() as client:
            while True:
                try:
                    return self._deliver(client, upload, state)
                except Denied as error:
                    if error.status != NOT_FOUND or number == LOOKS:
                        raise
                step_back(number)
                number += 1

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """End the session and remove the file. Raises Denied, httpx.TransportError, NeedsReconnect."""
        if "id" in checkpoint:
            with self._connected() as client:
                self._discard(client, checkpoint)

    def remove(self, receipt: Receipt) -> bool:
        """See base. Drive cannot compare and delete in one step: it is looked at just before."""
        if receipt.skipped:
            return False
        with self._connected() as client:
            files = Files(client)
            there = files.get(receipt.provider_id)
            if there is None or not same(there, receipt):
                return False
            files.remove(receipt.provider_id)
            return True

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

        def login(http: Any, url: str) -> Login:
            return Login(http, url, given=given, tokens=self.place.tokens, subject=self.options.subject)

        with connect(self.options.endpoint_url, self.place.check_url, login) as client:
            yield client

    def _folder(self, files: Files, below: str = "") -> Folder:
        path = folders(self.options.folder, below)
        return files.below(files.top(self.options.folder_id), path)

    def _deliver(self, client: Client, upload: Upload, state: dict[str, Any]) -> Receipt:
        """One look at what is there, and the delivery by it. `state` grows into the checkpoint."""
        files = Files(client)
        folder = self._folder(files, upload.folder)
        here = {"endpoint": self.options.endpoint_url, "parent": folder.id}
        if not here.items() <= state.items():
            self._discard(client, state)
            state.clear()
            state.update(here)
        return Delivery(files, folder, upload, state, self.options.chunk_size_mb * MIB).run()

    def _discard(self, client: Client, checkpoint: dict[str, Any]) -> None:
        """What was begun at another endpoint is left: this connection's token is not for it."""
        if checkpoint.get("endpoint") != self.options.endpoint_url:
            return
        if session := checkpoint.get("session"):
            end(client, session)
        if "id" in checkpoint and not checkpoint.get("update"):
            Files(client).remove(checkpoint["id"])

    def _test(self, files: Files) -> TestReport:
        client, folder, marker = files.client, self._folder(files), f".longshore-test-{uuid.uuid4().hex}"
        file_id = files.new_id()
        about = {"id": file_id, "name": marker, "parents": [folder.id], "mimeType": "text/plain"}
        params = {"uploadType": "resumable", "supportsAllDrives": "true"}
        opened = client.send("POST", f"{client.root}/upload/drive/v3/files", params=params, json=about)
        try:
            client.put(opened.headers.get("location", ""), marker.encode(), {"Content-Type": "text/plain"})
            with client.content(file_id) as pieces:
                same = b"".join(pieces) == marker.encode()
        finally:
            deleted = files.remove(file_id)
        if not same:
            raise Transient("Google Drive does not give back what was written there.")
        account = client.call("GET", "about", fields="user(displayName,emailAddress),storageQuota(limit,usage)")
        user, quota = account.get("user", {}), account.get("storageQuota", {})
        limited = "limit" in quota and not folder.drive
        return TestReport(
            f"{user.get('emailAddress') or user.get('displayName', 'unknown')} in {folder.path}",
            ("write", "read", "delete") if deleted else ("write", "read"),
            max(0, int(quota["limit"]) - int(quota.get("usage", 0))) if limited else None,
            note="" if deleted else "This account may only move files to the bin here: what was cancelled goes there.",
        )


DESTINATION = GoogleDrive
