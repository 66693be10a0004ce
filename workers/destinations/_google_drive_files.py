"""What is in the Drive: folders by path without twins, files by name, and whether a file is the artifact.

Names are not unique in Drive, and two requests can create the same name at once: whoever creates looks again.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.destinations._google_drive_client import FORBIDDEN, NOT_FOUND, Client, Denied
from workers.destinations.base import Permanent, Receipt, Transient, Upload, Verified

FOLDER = "application/vnd.google-apps.folder"
NATIVE = "application/vnd.google-apps."
"""Begins the types of Google's own documents, which have no bytes that could be replaced."""
FIELDS = (
    "id,name,mimeType,size,createdTime,modifiedTime,sha256Checksum,md5Checksum,webViewLink,headRevisionId,driveId,"
    "parents,trashed"
)
PAGE = 100
ROUNDS = 8
"""How often two that took one name at once step back before one of them leaves it to the next attempt."""
FIRST_STEP = 0.25
"""Seconds of the longest first step back; each further one is twice as long."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; `path` is for people, `drive` the id of the shared drive that it is in, or empty."""

    id: str
    path: str
    drive: str


def step_back(number: int) -> None:
    """Wait a random time, so that two that met do not meet again."""
    time.sleep(random.uniform(0, FIRST_STEP * 2**number))  # noqa: S311 - no secret depends on it


class Files:
    """The files that one connection sees. All methods raise Denied, NeedsReconnect, Transient, httpx.TransportError."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, file_id: str) -> dict[str, Any] | None:
        """A file or folder that is not in the bin, None where there is none."""
        try:
            found = self.client.call("GET", f"files/{file_id}", fields=FIELDS, supportsAllDrives=True)
        except Denied as error:
            if error.status != NOT_FOUND:
                raise
            return None
        return None if found.get("trashed") else found

    def new_id(self) -> str:
        """An id for a file to come: the same request sent twice makes one file."""
        return str(self.client.call("GET", "files/generateIds", count=1, space="drive", type="files")["ids"][0])

    def named(self, parent: Folder, name: str, *, folders: bool = False) -> list[dict[str, Any]]:
        """Files, or folders, of exactly this name, the oldest first. Drive itself ignores case."""
        quoted = name.replace("\\", "\\\\").replace("'", "\\'")
        kind = f"mimeType {'=' if folders else '!='} '{FOLDER}'"
        query = f"'{parent.id}' in parents and name = '{quoted}' and {kind} and trashed = false"
        found = [one for one in self._found(parent, query) if one["name"] == name]
        return sorted(found, key=age_of)

    def _found(self, parent: Folder, query: str) -> Iterator[dict[str, Any]]:
        where = {"corpora": "drive", "driveId": parent.drive} if parent.drive else {"corpora": "user"}
        page: dict[str, Any] = {}
        while True:
            answer = self.client.call(
                "GET",
                "files",
                q=query,
                fields=f"nextPageToken,files({FIELDS})",
                pageSize=PAGE,
                spaces="drive",
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                **where,
                **page,
            )
            yield from answer.get("files", ())
            if not answer.get("nextPageToken"):
                return
            page = {"pageToken": answer["nextPageToken"]}

    def top(self, folder_id: str) -> Folder:
        """The folder, or shared drive, that a connection begins at. Raises Permanent where the account sees none."""
        found = self.get(folder_id or "root")
        if found is None or found["mimeType"] != FOLDER:
            raise Permanent(
                f"There is no folder {folder_id} for this account. Correct folder_id, or share the folder with the"
                " account (for a service account: with its e-mail address)."
            )
        return Folder(found["id"], found["name"], found.get("driveId", ""))

    def below(self, top: Folder, names: tuple[str, ...]) -> Folder:
        """The folder at a path, made where it is missing. Of twins that somebody made, the oldest."""
        for name in names:
            there = self.named(top, name, folders=True)
            found = there[0]["id"] if there else self._make(top, name)
            top = Folder(found, f"{top.path}/{name}", top.drive)
        return top

    def _make(self, parent: Folder, name: str) -> str:
        """A new folder, or the one that somebody else made at the same time: the older one stays, by id where both are.

        The other is removed while it is empty: removing takes along what others have put into it meanwhile.
        """
        for number in range(ROUNDS):
            wanted = {"name": name, "mimeType": FOLDER, "parents": [parent.id]}
            mine = self.client.call("POST", "files", wanted, fields=FIELDS, supportsAllDrives=True)
            others = [one for one in self.named(parent, name, folders=True) if one["id"] != mine["id"]]
            if all(age_of(one) > age_of(mine) for one in others):
                return str(mine["id"])
            if not any(self._found(parent, f"'{mine['id']}' in parents")):
                self.remove(mine["id"])
            step_back(number)
            if there := self.named(parent, name, folders=True):
                return str(there[0]["id"])
        raise Transient(f"The folder {parent.path}/{name} is being made by others. It will be tried again.")

    def rename(self, file_id: str, name: str) -> dict[str, Any]:
        """The file under another name."""
        return self.client.call("PATCH", f"files/{file_id}", {"name": name}, fields=FIELDS, supportsAllDrives=True)

    def remove(self, file_id: str) -> bool:
        """Delete for good, or put into the bin where the account may only do that; whether it was for good.

        Quiet where the file is gone. In shared drives only managers delete for good.
        """
        try:
            self.client.call("DELETE", f"files/{file_id}", supportsAllDrives=True)
        except Denied as error:
            if error.status == FORBIDDEN:
                self.client.call("PATCH", f"files/{file_id}", {"trashed": True}, supportsAllDrives=True)
                return False
            if error.status != NOT_FOUND:
                raise
        return True

    def prove(self, upload: Upload, folder: Folder, file: dict[str, Any], md5: str = "") -> Receipt | None:
        """The receipt where Drive's checksum is the artifact's, None where it is not.

        `md5` is what was read while sending, for files that Drive shows no SHA-256 of; it is read back where that is
        missing, too.
        """
        if int(file.get("size", -1)) != upload.size:
            return None
        verified: Verified = "checksum"
        if told := file.get("sha256Checksum"):
            same, checksum = told == upload.sha256, f"sha256:{told}"
        elif md5 and (told := file.get("md5Checksum")):
            same, checksum = told == md5, f"md5:{told}"
        else:
            same, checksum = self._read_back(upload, file["id"]), f"sha256:{upload.sha256}"
            verified = "readback"
        return receipt(folder, file, checksum, verified=verified) if same else None

    def _read_back(self, upload: Upload, file_id: str) -> bool:
        found = hashlib.sha256()
        with self.client.content(file_id) as pieces:
            for piece in pieces:
                found.update(piece)
                upload.sent(upload.size)
        return found.hexdigest() == upload.sha256


def age_of(file: dict[str, Any]) -> tuple[str, str]:
    """What sorts the oldest first, the same way for everybody."""
    return str(file.get("createdTime", "")), str(file["id"])


def receipt(
    folder: Folder, file: dict[str, Any], checksum: str, *, verified: Verified, skipped: bool = False
) -> Receipt:
    """For a file as Drive shows it."""
    extra = {"file_id": file["id"], "folder_id": folder.id, "revision": file.get("headRevisionId", "")}
    return Receipt(
        provider_id=file["id"],
        path=f"{folder.path}/{file['name']}",
        url=file.get("webViewLink", f"https://drive.google.com/file/d/{file['id']}/view"),
        size=int(file.get("size", 0)),
        checksum=checksum,
        verified=verified,
        skipped=skipped,
        extra={**extra, "shared_drive_id": folder.drive},
    )


def same(file: dict[str, Any], told: Receipt) -> bool:
    """Whether a file still is what the receipt tells of: its revision, size, and a checksum where Drive shows one."""
    name, _, value = told.checksum.partition(":")
    shown = file.get(f"{name}Checksum", value)
    revision = told.extra.get("revision", "")
    return (
        int(file.get("size", -1)) == told.size
        and shown == value
        and (not revision or file.get("headRevisionId", revision) == revision)
    )
