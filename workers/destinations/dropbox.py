"""Dropbox: a small file is one request, a larger one an upload session that resumes at the chunk Dropbox has reached.

Names are taken by `strict_conflict`, which fails in one step where anything has the name, in whatever case.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr

from workers.destinations._dropbox_account import STAMP, Account
from workers.destinations._dropbox_client import Wire, connect, sdk
from workers.destinations._dropbox_errors import TAKEN, classified, tags
from workers.destinations._dropbox_options import DropboxOptions, DropboxSecrets
from workers.destinations._dropbox_session import MIB, Session, Source, end, reporting
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
    folders,
    next_free,
    numbered,
    safe_name,
)

NAME_LIMIT = 240
"""Bytes of a name: Dropbox takes 255 characters, computers it syncs to 255 bytes; the rest is room for a number."""
ROUNDS = 8
"""How often policy `version` looks again because somebody else took the name meanwhile."""

OAUTH_GUIDE = "https://developers.dropbox.com/oauth-guide"


class Dropbox(Destination):
    """The files of one account, or of an app's folder in it."""

    label = "Dropbox"
    limits: ClassVar[dict[str, str]] = {
        "size": "2,199,019,061,248 bytes a file, where the account has the room",
        "names": "case is kept, and not told apart: `A.png` takes the name of `a.png`",
        "unfinished uploads": "are invisible, count to no quota, and go on for seven days; then they start over",
    }
    features = frozenset({"resume", "conditional_create", "checksum", "link", "quota"})
    Options = DropboxOptions
    Secrets = DropboxSecrets
    options: DropboxOptions
    secrets: DropboxSecrets

    @classmethod
    def consent(cls, _options: BaseModel, endpoint: str) -> Consent:
        """See base. The scopes are those that the app was given in Dropbox's console."""
        return Consent(
            provider="dropbox",
            authorize_url=f"{endpoint or 'https://www.dropbox.com'}/oauth2/authorize",
            token_url=f"{endpoint or 'https://api.dropboxapi.com'}/oauth2/token",
            scope="",
            parameters={"token_access_type": "offline"},
            client=("app_key", "app_secret"),
        )

    @classmethod
    def lifetime(cls, secrets: frozenset[str]) -> Lifetime:
        """See base."""
        if "refresh_token" in secrets:
            return Lifetime("Lasts until somebody disconnects the app.", OAUTH_GUIDE)
        return Lifetime("An access token lasts four hours.", OAUTH_GUIDE, seconds=4 * 3600)

    @cached_property
    def wire(self) -> Wire:
        """What the client's connection tells."""
        return Wire()

    @cached_property
    def client(self) -> Any:
        """The SDK's client. Raises Refused."""
        given = self.secrets
        return connect(
            access_token=_clear(given.access_token),
            refresh_token=_clear(given.refresh_token),
            app=(_clear(given.app_key), _clear(given.app_secret)),
            endpoint_url=self.options.endpoint_url,
            check=self.place.check_url,
            wire=self.wire,
            tokens=self.place.tokens,
        )

    @cached_property
    def account(self) -> Account:
        """What is there."""
        return Account(self.client, self.options.shared_link)

    def test(self) -> TestReport:
        """See base."""
        marker = f".longshore-test-{uuid.uuid4().hex}"
        path = "/" + "/".join((*folders(self.options.folder), marker))
        try:
            same, no_link = self.account.check_marker(path, marker.encode())
            name, free, note = self.account.who()
        except Exception as error:
            raise self.classify(error) from error
        if not same:
            raise Transient("Dropbox does not give back what was written there. It will be tried again.")
        return TestReport(name, ("write", "read", "delete"), free, " ".join(filter(None, (note, no_link))))

    def upload(self, upload: Upload) -> Receipt:
        """Take a name, send, compare. Raises LongshoreError, the SDK's and requests' errors, what `sent` raises."""
        state = dict(upload.checkpoint or {})
        state.setdefault("modified", datetime.now(UTC).strftime(STAMP))
        number, rounds = int(state.get("number", 1)), 0
        while True:
            path = self._path(upload, number)
            if state.get("path") != path:
                state = {**state, "path": path, "number": number}
                state.pop("content_hash", None)
            there = self.account.look(path)
            if there is not None and self._ours(upload, state, there):
                upload.sent(upload.size)
                return self._receipt(there, state)
            if there is None or upload.conflict in {"overwrite", "version"}:
                found = self._send(upload, state)
                if found is not None:
                    return self._receipt(self.account.proven(found, upload, state["content_hash"]), state)
            if upload.conflict == "rename":
                number = next_free(lambda one: self.account.look(self._path(upload, one)) is not None, number)
                continue
            if upload.conflict == "version" and rounds < ROUNDS:
                rounds += 1
                continue
            end(self.client, state)
            if upload.conflict == "version":
                raise Transient(f"Others keep replacing {path} at the same moment. It will be tried again.")
            if upload.conflict != "skip":
                raise Permanent(
                    f"{path} exists already. Choose another name, or the policy rename, version or overwrite."
                )
            there = there or self.account.look(path)
            return self.account.skipped(path, there)

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Close the session of an unfinished upload, and remove the file if it became visible unheard.

        Raises the SDK's and requests' errors.
        """
        end(self.client, checkpoint)
        if not checkpoint.get("commits"):
            return
        there = self.account.look(checkpoint["path"])
        if isinstance(there, sdk().files.FileMetadata) and self._same(checkpoint, there):
            self.account.delete(there.id, there.rev)

    def remove(self, receipt: Receipt) -> bool:
        """See base. One request, which names the revision. A file that was moved is found by its id."""
        told = receipt.extra
        return not receipt.skipped and self.account.delete(told["id"], told["rev"])

    def remove_aside(self, receipt: Receipt, successor: Receipt) -> bool:
        """See base. The revision that was copied is the receipt's, the one that is deleted the copy's."""
        copies = [one for one in successor.extra.get("previous", ()) if one["of"] == receipt.extra["rev"]]
        return not receipt.skipped and any(self.account.delete(one["id"], one["rev"]) for one in copies)

    def classify(self, error: Exception) -> LongshoreError:
        """See base."""
        return error if isinstance(error, LongshoreError) else classified(error, sdk())

    def _path(self, upload: Upload, number: int) -> str:
        name = safe_name(upload.name, limit=NAME_LIMIT)
        parts = (*folders(self.options.folder, upload.folder), name if number == 1 else numbered(name, number))
        return "/" + "/".join(parts)

    def _receipt(self, found: Any, state: dict[str, Any]) -> Receipt:
        """For a file that was compared, with what was kept of those that had the name before."""
        receipt, previous = self.account.receipt(found), state.get("previous")
        return replace(receipt, extra={**receipt.extra, "previous": previous}) if previous else receipt

    @staticmethod
    def _ours(upload: Upload, state: dict[str, Any], there: Any) -> bool:
        """Whether an earlier attempt finished this file and could not record it.

        The hash is known from the moment before it became visible; the time tells it from an equal file of another.
        """
        known = state.get("content_hash")
        if not known or not isinstance(there, sdk().files.FileMetadata) or there.size != upload.size:
            return False
        return Dropbox._same(state, there) or (upload.conflict == "overwrite" and known == there.content_hash)

    @staticmethod
    def _same(state: dict[str, Any], there: Any) -> bool:
        stamp = there.client_modified.strftime(STAMP)
        return bool((there.content_hash, stamp) == (state["content_hash"], state["modified"]))

    def _send(self, upload: Upload, state: dict[str, Any]) -> Any:
        """Send the bytes and make them visible; None where the name was taken in the meantime."""
        files = sdk().files
        session = Session(self.client, self.wire, upload, state, chunk=self.options.chunk_mb * MIB)
        try:
            if upload.size > session.chunk:
                state["content_hash"] = session.run()
                state["commits"] = upload.conflict != "overwrite"
                upload.save(dict(state))
                commit = files.CommitInfo(state["path"], **self._commit(upload, state))
                return self.client.files_upload_session_finish(b"", session.cursor(upload.size), commit)
            return self._put(upload, state)
        except sdk().exceptions.ApiError as error:
            if upload.conflict != "overwrite" and tags(error) in TAKEN:
                state.pop("commits", None)
                upload.save(dict(state))
                return None
            raise

    def _commit(self, upload: Upload, state: dict[str, Any]) -> dict[str, Any]:
        """How the file takes its name, prepared just before it does. Raises Permanent for a folder of this name."""
        mode = sdk().files.WriteMode
        about: dict[str, Any] = {"client_modified": datetime.strptime(state["modified"], STAMP).replace(tzinfo=UTC)}
        if upload.conflict == "overwrite":
            return {**about, "mode": mode.overwrite, "strict_conflict": False}
        there = self.account.look(state["path"]) if upload.conflict == "version" else None
        if there is None:
            return {**about, "mode": mode.add, "strict_conflict": True}
        kept = self.account.keep(state["path"], there)
        if kept not in state.setdefault("previous", []):
            state["previous"].append(kept)
            upload.save(dict(state))
        return {**about, "mode": mode.update(kept["of"]), "strict_conflict": True}

    def _put(self, upload: Upload, state: dict[str, Any]) -> Any:
        """The whole artifact in one request."""
        with closing(Source(upload)) as source:
            payload = source.take(upload.size + 1)
            state["content_hash"] = source.content_hash()
        state["commits"] = upload.conflict != "overwrite"
        upload.save(dict(state))
        about = self._commit(upload, state)
        with reporting(self.wire, upload, 0):
            found = self.client.files_upload(payload, state["path"], **about)
        upload.sent(upload.size)
        return found


def _clear(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


DESTINATION = Dropbox
