"""What a Google account holds: files, folders, shared drives; and the searches that the fake understands."""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

FOLDER = "application/vnd.google-apps.folder"
CLAUSE = re.compile(
    r"\(?(?:'(?P<parent>[\w-]+)' in parents|name ?= ?'(?P<name>(?:[^'\\]|\\['\\])*)'"
    r"|mimeType ?(?P<op>=|!=) ?'(?P<mime>[^']*)'|trashed ?= ?(?P<trashed>true|false))\)?(?P<then> and | or |$)"
)


class Problem(Exception):
    """An error as the API answers it: https://developers.google.com/workspace/drive/api/guides/handle-errors."""

    def __init__(self, status: int, reason: str, message: str = "", retry_after: str = ""):
        super().__init__(reason)
        self.status, self.reason, self.message, self.retry_after = status, reason, message, retry_after

    def body(self) -> dict:
        errors = [{"domain": "global", "reason": self.reason, "message": self.message}]
        return {"error": {"code": self.status, "message": self.message, "errors": errors}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class File:
    id: str
    name: str
    mime: str
    parents: list[str]
    drive: str = ""
    content: bytes = b""
    trashed: bool = False
    revisions: list[tuple[str, bytes]] = field(default_factory=list)
    created: str = field(default_factory=_now)
    modified: str = ""


class Store:
    """`role` is the account's role in the shared drives: organizer, fileOrganizer or reader."""

    def __init__(self):
        self.files: dict[str, File] = {"root-id": File("root-id", "My Drive", FOLDER, [])}
        self.issued: set[str] = set()
        self.numbers = itertools.count(1)
        self.role = "organizer"
        self.limit: int | None = 15 * 10**9
        self.page = 1000
        self.without: set[str] = set()

    def new_id(self) -> str:
        made = f"1-{next(self.numbers):06d}_aZ"
        self.issued.add(made)
        return made

    def shared_drive(self, name: str) -> str:
        drive = f"0A{next(self.numbers):06d}PVA"
        self.files[drive] = File(drive, name, FOLDER, [], drive=drive)
        return drive

    def add(self, about: dict, content: bytes = b"") -> File:
        chosen = about.get("id") or self.new_id()
        if chosen not in self.issued:
            raise Problem(400, "invalid", "The provided file ID is not usable.")
        if chosen in self.files:
            raise Problem(409, "fileIdInUse", "A file already exists with the provided ID.")
        parents = [self.files[self.alias(one)].id if self.alias(one) in self.files else one for one in about["parents"]]
        if parents[0] not in self.files:
            raise Problem(404, "notFound", f"File not found: {parents[0]}.")
        parent = self.files[parents[0]]
        self.may(parent, "write")
        made = File(chosen, about["name"], about.get("mimeType", "application/octet-stream"), parents, parent.drive)
        self.files[chosen] = made
        self.replace(made, content)
        return made

    def replace(self, file: File, content: bytes) -> None:
        file.content, file.modified = content, _now()
        file.revisions.append((f"r{next(self.numbers)}", content))

    def drop_revision(self, file: File, revision: str) -> None:
        if len(file.revisions) == 1:
            raise Problem(400, "cannotDeleteLastRevision")
        file.revisions = [one for one in file.revisions if one[0] != revision]
        file.content = file.revisions[-1][1]

    def find(self, file_id: str, *, all_drives: bool) -> File:
        found = self.files.get(self.alias(file_id))
        if found is None or (found.drive and not all_drives):
            raise Problem(404, "notFound", f"File not found: {file_id}.")
        return found

    def may(self, file: File, what: str) -> None:
        allowed = {"organizer": {"write", "trash", "delete"}, "fileOrganizer": {"write", "trash"}, "reader": set()}
        if file.drive and what not in allowed[self.role]:
            raise Problem(403, "insufficientFilePermissions", "The user does not have sufficient permissions.")

    def delete(self, file: File) -> None:
        self.may(file, "delete")
        for one in [one for one in self.files.values() if file.id in one.parents]:
            self.delete(one)
        self.files.pop(file.id, None)

    def search(self, query: str, *, drive: str) -> list[File]:
        found, at, either = list(self.files.values()), 0, []
        while at < len(query):
            clause = CLAUSE.match(query, at)
            if clause is None:
                raise Problem(400, "invalid", "Invalid Value")
            either.append(clause)
            if clause["then"] != " or ":
                found = [one for one in found if any(self._fits(one, clause) for clause in either)]
                either = []
            at = clause.end()
        return [one for one in found if one.drive == drive]

    def _fits(self, file: File, clause: re.Match) -> bool:
        if clause["parent"]:
            return self.alias(clause["parent"]) in file.parents
        if clause["name"] is not None:
            return file.name.lower() == re.sub(r"\\(.)", r"\1", clause["name"]).lower()
        if clause["op"]:
            return (file.mime == clause["mime"]) == (clause["op"] == "=")
        return file.trashed == (clause["trashed"] == "true")

    def alias(self, file_id: str) -> str:
        return "root-id" if file_id == "root" else file_id

    def shown(self, file: File, fields: str | None) -> dict:
        """The resource, with the fields asked for; without asking, Drive shows these four only."""
        whole = {
            "kind": "drive#file",
            "id": file.id,
            "name": file.name,
            "mimeType": file.mime,
            "parents": file.parents,
            "createdTime": file.created,
            "modifiedTime": file.modified or file.created,
            "trashed": file.trashed,
            "webViewLink": f"https://drive.google.com/file/d/{file.id}/view?usp=drivesdk",
        }
        if file.drive:
            whole["driveId"] = file.drive
        if not file.mime.startswith("application/vnd.google-apps."):
            whole |= {
                "size": str(len(file.content)),
                "md5Checksum": hashlib.md5(file.content, usedforsecurity=False).hexdigest(),
                "sha256Checksum": hashlib.sha256(file.content).hexdigest(),
                "headRevisionId": file.revisions[-1][0],
            }
        wanted = (set(fields.split(",")) if fields else {"kind", "id", "name", "mimeType"}) - self.without
        return {name: value for name, value in whole.items() if name in wanted}

    def path(self, file: File) -> str:
        names = [file.name]
        while file.parents:
            file = self.files[file.parents[0]]
            names.append(file.name)
        return "/".join(reversed(names))

    def used(self) -> int:
        return sum(len(one.content) for one in self.files.values() if not one.drive)
