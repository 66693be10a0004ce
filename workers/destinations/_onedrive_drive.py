"""One drive: its folders, who has a name in them, and what Graph lets be done with a file.

https://learn.microsoft.com/en-us/graph/api/resources/driveitem
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from workers.destinations._onedrive_client import CONFLICT, NOT_FOUND, PRECONDITION, Client, Denied
from workers.destinations._onedrive_errors import FULL_RETRY, ROOM
from workers.destinations.base import Permanent, Transient, Upload

FIELDS = "id,name,size,eTag,cTag,file,folder,remoteItem,parentReference,webUrl,lastModifiedDateTime"
BEHAVIOR = "@microsoft.graph.conflictBehavior"
ROOT = "root"
BAD_REQUEST, FORBIDDEN = 400, 403
OFFICE = (".doc", ".docm", ".docx", ".ppt", ".pptm", ".pptx", ".xls", ".xlsb", ".xlsm", ".xlsx", ".vsdx")
REWRITTEN = (*OFFICE, ".htm", ".html", ".pdf")
"""Extensions of files into which SharePoint's libraries write the columns of their own tables after an upload."""


@dataclass(frozen=True, slots=True)
class Folder:
    """`path` is for people: from the drive's root, without a slash at its end."""

    id: str
    path: str


class Drive:
    """All methods raise Denied, NeedsReconnect, Transient and requests' errors."""

    def __init__(self, client: Client, where: str) -> None:
        self.client = client
        self._where = where

    @cached_property
    def about(self) -> dict[str, Any]:
        """The drive as Graph describes it. Raises Permanent where there is none."""
        try:
            return self.client.call("GET", f"{self._where}?$select=id,driveType,owner,quota,webUrl")
        except Denied as error:
            if error.status != NOT_FOUND:
                raise
            raise Permanent(
                "There is no such drive. Check drive_id, user or site; a user gets a drive at the first sign-in to"
                " OneDrive.",
                detail=str(error),
            ) from error

    @cached_property
    def id(self) -> str:
        """By which the drive is named in all other calls."""
        return str(self.about["id"])

    @property
    def personal(self) -> bool:
        """Whether it belongs to an account that is not a company's."""
        return bool(self.about.get("driveType") == "personal")

    def free(self) -> int | None:
        """Bytes that are free; None where the drive does not say."""
        quota = self.about.get("quota") or {}
        return max(0, int(quota["remaining"])) if quota.get("total") and "remaining" in quota else None

    def check_room(self, size: int) -> None:
        """Raises Transient where the file does not fit."""
        free = self.free()
        if free is not None and free < size:
            raise Transient(ROOM, retry_after=FULL_RETRY, detail=f"{free} bytes are free, {size} are needed")

    def rewrites(self, name: str) -> bool:
        """Whether what is uploaded under this name may be changed there at once."""
        library = self.about.get("driveType") == "documentLibrary"
        return library and name.lower().endswith(REWRITTEN)

    def below(self, folder_id: str, parts: tuple[str, ...]) -> Folder:
        """The folder at a path, made where it is missing. Raises Permanent where the path cannot be one of folders."""
        top = Folder(folder_id or ROOT, "")
        if folder_id:
            found = self.item(folder_id)
            if found is None:
                raise Permanent("There is no folder with this folder_id in the drive, or it is not shared.")
            top = Folder(_folder(found)["id"], f"/{found['name']}")
        if not parts:
            return top
        path = "/".join((top.path, *parts))
        there = self._get(self.path(top.id, *parts))
        if there is not None and "folder" in there:
            return Folder(there["id"], path)
        parent = top.id
        for part in parts:
            parent = _folder(self.look(parent, part) or self._make(parent, part))["id"]
        return Folder(parent, path)

    def path(self, parent: str, *names: str) -> str:
        """How Graph is asked for what has a name in a folder."""
        return f"{self.items(parent)}:/" + "/".join(quote(name, safe="") for name in names)

    def items(self, item_id: str) -> str:
        """How Graph is asked for what has an id, or for the drive's root."""
        place = ROOT if item_id == ROOT else f"items/{quote(item_id, safe='!')}"
        return f"/drives/{quote(self.id, safe='!')}/{place}"

    def look(self, parent: str, name: str) -> dict[str, Any] | None:
        """What has the name, in whatever case."""
        return self._get(self.path(parent, name))

    def item(self, item_id: str) -> dict[str, Any] | None:
        """What has the id."""
        return self._get(self.items(item_id))

    def rename(self, item_id: str, name: str, etag: str = "") -> dict[str, Any] | None:
        """Give a name that is free; None where it is taken, or where the item is not as `etag` says or gone."""
        headers = {"If-Match": etag} if etag else {}
        try:
            return self.client.call("PATCH", self.items(item_id), {"name": name, BEHAVIOR: "fail"}, headers=headers)
        except Denied as error:
            if error.status in {CONFLICT, PRECONDITION, NOT_FOUND}:
                return None
            raise

    def remove(self, item_id: str, etag: str = "") -> bool:
        """Delete into the recycle bin; False where it is gone, or not as `etag` says."""
        try:
            self.client.send("DELETE", self.items(item_id), headers={"If-Match": etag} if etag else {})
        except Denied as error:
            if error.status in {NOT_FOUND, PRECONDITION}:
                return False
            raise
        return True

    def step_back(self, item_id: str) -> None:
        """Show the version before the present one again; delete where there is none."""
        versions = self.client.call("GET", f"{self.items(item_id)}/versions").get("value", [])
        if len(versions) > 1:
            self.client.send("POST", f"{self.items(item_id)}/versions/{versions[1]['id']}/restoreVersion")
        else:
            self.remove(item_id)

    def link(self, item_id: str, scope: str) -> tuple[str, str]:
        """The address of a link for viewers, or why there is none."""
        try:
            made = self.client.call("POST", f"{self.items(item_id)}/createLink", {"type": "view", "scope": scope})
        except Denied as error:
            if error.status not in {BAD_REQUEST, FORBIDDEN}:
                raise
            return "", f"The account, or its administrator, does not allow links for {scope}."
        return str(made["link"]["webUrl"]), ""

    def same_bytes(self, item_id: str, upload: Upload) -> bool:
        """Whether the file reads as the artifact."""
        found = hashlib.sha256()
        with self.client.content(self.items(item_id)) as pieces:
            for piece in pieces:
                found.update(piece)
                upload.sent(upload.size)
        return found.hexdigest() == upload.sha256

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return self.client.call("GET", f"{path}?$select={FIELDS}")
        except Denied as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _make(self, parent: str, name: str) -> dict[str, Any]:
        try:
            return self.client.call(
                "POST", f"{self.items(parent)}/children", {"name": name, "folder": {}, BEHAVIOR: "fail"}
            )
        except Denied as error:
            there = self.look(parent, name) if error.status == CONFLICT else None
            if there is None:
                raise
            return there


def _folder(item: dict[str, Any]) -> dict[str, Any]:
    """The item. Raises Permanent where it is no folder of this drive."""
    if "folder" in item:
        return item
    if "remoteItem" in item:
        raise Permanent(
            f"{item['name']} is a shortcut to a folder of another drive. Name that drive by drive_id and folder_id."
        )
    raise Permanent(f"{item['name']}, a part of the folder's path, is a file. Choose another folder.")


def hash_of(item: dict[str, Any]) -> str:
    """The quickXorHash that is shown of a file; empty where none is."""
    shown = ((item.get("file") or {}).get("hashes") or {}).get("quickXorHash", "")
    return str(shown or "")
