"""Real accounts for the destinations' contract: named by the environment, used below one folder, left as they were.

`LONGSHORE_LIVE_<DESTINATION>_<SETTING>` is an option or a secret of the destination, by the names that
`GET /api/destinations` has: LONGSHORE_LIVE_S3_BUCKET_NAME, LONGSHORE_LIVE_DROPBOX_REFRESH_TOKEN.
"""

from __future__ import annotations

import os
import uuid
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.contracts.site import Site
from workers.destinations import named
from workers.destinations._dropbox_account import Account
from workers.destinations._google_drive_files import Files
from workers.destinations._onedrive_drive import Drive
from workers.destinations._s3_bucket import Bucket
from workers.destinations.base import Destination, Place, Receipt, Tokens

MIB = 1024 * 1024
ENVIRONMENT = dict(os.environ)
"""As it was before any test: each test clears what begins with LONGSHORE_."""


def account(name: str, *needed: str) -> dict[str, dict[str, Any]]:
    """Options and secrets of one account. Skips, saying what to set, where there is none; fails for a misspelt one."""
    prefix = f"LONGSHORE_LIVE_{name.upper()}_"
    given = {key.removeprefix(prefix).lower(): value for key, value in ENVIRONMENT.items() if key.startswith(prefix)}
    if not given:
        pytest.skip(f"no account of {name} is named: set {', '.join(prefix + one.upper() for one in needed)}")
    kind = named(name)
    found: dict[str, dict[str, Any]] = {}
    for part, model in (("options", kind.Options), ("secrets", kind.Secrets)):
        found[part] = {one: given.pop(one) for one in list(given) if one in model.model_fields}
    assert not given, f"{name} has no setting {', '.join(sorted(given))}: correct {prefix}…"
    return found


class LiveSite(Site):
    """A folder of its own in an account; what it holds is listed by the provider's own calls."""

    atomic_remove = False
    settings: dict[str, Any] = {}  # noqa: RUF012 - options that make parts small

    def __init__(self, name: str, given: dict[str, dict[str, Any]]) -> None:
        self.kind = named(name)
        self.given = given
        above = str(given["options"].get("folder", "")).strip("/")
        self.folder = f"{above}/longshore-live-{uuid.uuid4().hex[:12]}".strip("/")

    def destination(self, **options: Any) -> Any:
        asked = {**self.given["options"], **self.settings, "folder": self.folder, **options}
        place = Place("", lambda _url: None, Tokens(self.given["secrets"].update))
        made: Destination = self.kind(
            self.kind.Options.model_validate(asked), self.kind.Secrets.model_validate(self.given["secrets"]), place
        )
        return made

    def read(self, receipt: Receipt) -> bytes:
        return self.contents()[self.at(receipt)]

    def at(self, receipt: Receipt) -> str:
        """The key of what a receipt tells of in `contents`."""
        return receipt.path

    def contents(self) -> dict[str, bytes]:
        return dict(self.files(content=True))

    def visible(self) -> list[str]:
        return [path for path, _content in self.files(content=False)]

    def unfinished(self) -> list[str]:
        """Most providers do not list upload sessions."""
        return []

    def received(self) -> int:
        """Nobody counts at the provider."""
        return 0

    def stalling(self, **_when: Any) -> AbstractContextManager[Any]:
        """Nobody can make it stall."""
        pytest.skip("only the line to a server on this machine can be made to stall")

    @abstractmethod
    def files(self, *, content: bool) -> Iterator[tuple[str, bytes]]:
        """Every file in the folder and below, with its content where asked."""

    @abstractmethod
    def clear(self) -> None:
        """Remove the folder."""


class LiveS3(LiveSite):
    part = 5 * MIB
    settings = {"part_size_mb": 5}  # noqa: RUF012
    asked = (Bucket, "head")

    @property
    def bucket(self) -> str:
        return str(self.given["options"]["bucket_name"])

    def at(self, receipt: Receipt) -> str:
        return receipt.path.removeprefix(f"s3://{self.bucket}/")

    def files(self, *, content: bool) -> Iterator[tuple[str, bytes]]:
        client = self.destination().client
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.folder}/"):
            for one in page.get("Contents", ()):
                key = one["Key"]
                yield key, client.get_object(Bucket=self.bucket, Key=key)["Body"].read() if content else b""

    def unfinished(self) -> list[str]:
        client = self.destination().client
        found = client.list_multipart_uploads(Bucket=self.bucket, Prefix=f"{self.folder}/")
        return [one["Key"] for one in found.get("Uploads", ())]

    def clear(self) -> None:
        for key in self.visible():
            self.destination().client.delete_object(Bucket=self.bucket, Key=key)


class LiveDropbox(LiveSite):
    part = 4 * MIB
    settings = {"chunk_mb": 4}  # noqa: RUF012
    asked = (Account, "look")

    def files(self, *, content: bool) -> Iterator[tuple[str, bytes]]:
        from workers.destinations._dropbox_client import sdk

        client = self.destination().client
        try:
            page = client.files_list_folder(f"/{self.folder}", recursive=True)
        except sdk().exceptions.ApiError:  # nothing was written yet
            return
        while True:
            for one in page.entries:
                if isinstance(one, sdk().files.FileMetadata):
                    yield one.path_display, client.files_download(one.path_lower)[1].content if content else b""
            if not page.has_more:
                return
            page = client.files_list_folder_continue(page.cursor)

    def clear(self) -> None:
        if self.visible():
            self.destination().client.files_delete_v2(f"/{self.folder}")


class LiveDrive(LiveSite):
    part = 2 * MIB
    settings = {"chunk_size_mb": 2}  # noqa: RUF012
    asked = (Files, "named")

    def files(self, *, content: bool) -> Iterator[tuple[str, bytes]]:
        from workers.destinations._google_drive_files import FOLDER

        destination = self.destination()
        with destination._connected() as client:
            files = Files(client)
            waiting = [files.below(files.top(destination.options.folder_id), tuple(self.folder.split("/")))]
            top = waiting[0].path.removesuffix(self.folder)
            while waiting:
                folder = waiting.pop()
                for one in files._found(folder, f"'{folder.id}' in parents and trashed = false"):
                    if one["mimeType"] == FOLDER:
                        waiting.append(type(folder)(one["id"], f"{folder.path}/{one['name']}", folder.drive))
                        continue
                    path = f"{top}{folder.path.removeprefix(top)}/{one['name']}"
                    if not content:
                        yield path, b""
                        continue
                    with client.content(one["id"]) as pieces:
                        yield path, b"".join(pieces)

    def clear(self) -> None:
        from workers.destinations._google_drive_files import Files

        destination = self.destination()
        with destination._connected() as client:
            files = Files(client)
            files.remove(files.below(files.top(destination.options.folder_id), tuple(self.folder.split("/"))).id)


class LiveOneDrive(LiveSite):
    part = 5 * MIB
    settings = {"chunk_mb": 5}  # noqa: RUF012
    asked = (Drive, "look")

    def files(self, *, content: bool) -> Iterator[tuple[str, bytes]]:
        destination = self.destination()
        with destination._connected() as client:
            drive = destination._drive(client)
            top = drive.below(destination.options.folder_id, tuple(self.folder.split("/")))
            waiting = [(top.id, top.path)]
            while waiting:
                parent, path = waiting.pop()
                for one in client.call("GET", f"{drive.items(parent)}/children?$top=999")["value"]:
                    if "folder" in one:
                        waiting.append((one["id"], f"{path}/{one['name']}"))
                        continue
                    if not content:
                        yield f"{path}/{one['name']}", b""
                        continue
                    with client.content(drive.items(one["id"])) as pieces:
                        yield f"{path}/{one['name']}", b"".join(pieces)

    def clear(self) -> None:
        destination = self.destination()
        with destination._connected() as client:
            drive = destination._drive(client)
            drive.remove(drive.below(destination.options.folder_id, tuple(self.folder.split("/"))).id)
