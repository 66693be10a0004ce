"""What an account at the fake Dropbox holds, and what its routes answer. See dropbox.py for the sources."""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BLOCK = 4 * 1024 * 1024
STAMP = "%Y-%m-%dT%H:%M:%SZ"
PATH = re.compile(r"(/[^/]+)+", re.DOTALL)
NAME_LIMIT = 255
DISALLOWED = frozenset({".dropbox", ".dropbox.cache", "desktop.ini", "thumbs.db", ".ds_store", "icon\r"})
FIELDS = {
    "files/upload": {"path", "mode", "autorename", "client_modified", "mute", "strict_conflict", "content_hash"},
    "files/upload_session/start": {"close", "session_type", "content_hash"},
    "files/upload_session/append_v2": {"cursor", "close", "content_hash"},
    "files/upload_session/finish": {"cursor", "commit", "content_hash"},
    "files/copy_v2": {"from_path", "to_path", "autorename", "allow_shared_folder", "allow_ownership_transfer"},
    "files/delete_v2": {"path", "parent_rev"},
    "files/download": {"path", "rev"},
    "files/create_folder_v2": {"path", "autorename"},
    "files/list_folder": {
        "path", "recursive", "include_media_info", "include_deleted", "include_has_explicit_shared_members",
        "include_mounted_folders", "include_non_downloadable_files", "limit", "include_restorable_info",
    },
    "files/get_metadata": {
        "path", "include_media_info", "include_deleted", "include_has_explicit_shared_members",
    },
    "sharing/create_shared_link_with_settings": {"path", "settings"},
    "sharing/list_shared_links": {"path", "cursor", "direct_only"},
}  # fmt: skip


class Malformed(Exception):
    """Answered by 400 with this text."""


class Declined(Exception):
    """Answered by 409: the tags of the error, outermost first, and what stands beside the innermost one.

    `path!` stands for the struct that UploadError has around its reason.
    """

    def __init__(self, *tags: str, **beside: Any) -> None:
        super().__init__("/".join(tags))
        self.tags, self.beside = tags, beside

    def told(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {".tag": self.tags[-1].rstrip("!"), **self.beside}
        for tag in reversed(self.tags[:-1]):
            name = tag.rstrip("!")
            inner = {"reason": error, "upload_session_id": "none"} if tag.endswith("!") else {name: error}
            error = {".tag": name, **inner}
        return {"error_summary": "/".join(tag.rstrip("!") for tag in self.tags) + "/..", "error": error}


def content_hash(content: bytes) -> str:
    """https://www.dropbox.com/developers/reference/content-hash."""
    blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


@dataclass
class File:
    """One file."""

    id: str
    path: str
    content: bytes
    rev: str
    client_modified: str
    link: str = ""
    server_modified: str = field(default_factory=lambda: datetime.now(UTC).strftime(STAMP))

    def metadata(self) -> dict[str, Any]:
        """As FileMetadata."""
        return {
            ".tag": "file",
            "name": self.path.rpartition("/")[2],
            "path_lower": self.path.lower(),
            "path_display": self.path,
            "id": self.id,
            "rev": self.rev,
            "size": len(self.content),
            "content_hash": content_hash(self.content),
            "client_modified": self.client_modified,
            "server_modified": self.server_modified,
            "is_downloadable": True,
        }


@dataclass
class Session:
    """One upload session."""

    content: bytearray = field(default_factory=bytearray)
    closed: bool = False


class Account:
    """Files by their path in lower case, and unfinished sessions."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.folders: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.quota = 2 * 1024**3
        self.links_declined = ""
        self.before_commit: Any = lambda path: None
        self._numbers = itertools.count(1)

    def put(self, path: str, content: bytes) -> None:
        """As somebody else, from the web site."""
        self._store(path, content, {})

    def call(self, route: str, argument: Any, body: bytes, how: str) -> tuple[Any, bytes | None]:
        """The result of a route, and its payload where it has one. Raises Malformed, Declined."""
        unknown = set(argument or ()) - FIELDS.get(route, set())
        if unknown:
            raise Malformed(f"unknown field {unknown}")
        if how == "flip" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        if "upload" in route and argument.get("content_hash") not in {None, content_hash(body)}:
            raise Declined("content_hash_mismatch")
        if how == "rot" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        if how == "truncate":
            body = body[:-1]
        result = getattr(self, "_" + route.partition("/")[2].replace("/", "_"))(argument, body)
        return result if isinstance(result, tuple) else (result, None)

    def _upload(self, about: dict[str, Any], body: bytes) -> Any:
        return self._commit(about, body, "path!")

    def _upload_session_start(self, _: Any, body: bytes) -> Any:
        name = f"pid_upload_session:{next(self._numbers)}"
        self.sessions[name] = Session(bytearray(body))
        return {"session_id": name}

    def _upload_session_append_v2(self, argument: dict[str, Any], body: bytes) -> Any:
        session = self._session(argument["cursor"])
        if session.closed:
            raise Declined("closed")
        session.content += body
        session.closed = argument.get("close", False)

    def _upload_session_finish(self, argument: dict[str, Any], body: bytes) -> Any:
        session = self._session(argument["cursor"], "lookup_failed")
        session.content += body
        made = self._commit(argument["commit"], bytes(session.content), "path")
        del self.sessions[argument["cursor"]["session_id"]]
        return made

    def _session(self, cursor: dict[str, Any], *outer: str) -> Session:
        session = self.sessions.get(cursor["session_id"])
        if session is None:
            raise Declined(*outer, "not_found")
        if len(session.content) != cursor["offset"]:
            raise Declined(*outer, "incorrect_offset", correct_offset=len(session.content))
        return session

    def _commit(self, about: dict[str, Any], content: bytes, outer: str) -> Any:
        path = about["path"]
        if not PATH.fullmatch(path) or any(len(name) > NAME_LIMIT for name in path.split("/")):
            raise Declined(outer, "malformed_path")
        if path.rpartition("/")[2].lower() in DISALLOWED:
            raise Declined(outer, "disallowed_name")
        self.before_commit(path)
        there, given = self.files.get(path.lower()), about.get("mode", {".tag": "add"})
        mode = given[".tag"]
        if any(above in self.files for above in _above(path.lower())):
            raise Declined(outer, "conflict", "file_ancestor")
        if path.lower() in self.folders:
            raise Declined(outer, "conflict", "folder")
        if mode == "update" and (there is None or there.rev != given["update"]):
            raise Declined(outer, "conflict", "file")
        if there and mode == "add" and (about.get("strict_conflict") or there.content != content):
            raise Declined(outer, "conflict", "file")
        if self.used() + len(content) - (len(there.content) if there else 0) > self.quota:
            raise Declined(outer, "insufficient_space")
        if there and there.content == content:
            return there.metadata()
        return self._store(path, content, about).metadata()

    def _store(self, path: str, content: bytes, about: dict[str, Any]) -> File:
        old, number = self.files.get(path.lower()), next(self._numbers)
        modified = datetime.strptime(about.get("client_modified", "2026-01-01T00:00:00Z"), STAMP).strftime(STAMP)  # noqa: DTZ007
        made = File(
            old.id if old else f"id:{number:022}", old.path if old else path, content, f"{number:09x}", modified
        )
        self.files[path.lower()] = made
        self.folders |= {above.lower(): above for above in _above(path)}
        return made

    def used(self) -> int:
        """Bytes of all files."""
        return sum(len(one.content) for one in self.files.values())

    def _find(self, path: str, *outer: str) -> File:
        found = next((one for one in self.files.values() if path in {one.id, one.path}), self.files.get(path.lower()))
        if found is None:
            raise Declined(*outer, "not_found")
        return found

    def _get_metadata(self, argument: dict[str, Any], _: bytes) -> Any:
        path = argument["path"].lower()
        if path in self.folders:
            shown = self.folders[path]
            return {
                ".tag": "folder", "name": shown.rpartition("/")[2], "id": "id:" + "f" * 22, "path_lower": path,
                "path_display": shown,
            }  # fmt: skip
        return self._find(argument["path"], "path").metadata()

    def _list_folder(self, argument: dict[str, Any], _: bytes) -> Any:
        path = argument["path"].lower()
        if path and path not in self.folders:
            raise Declined("path", "not_found")
        below = [one for one in (*self.folders, *self.files) if one.startswith(f"{path}/")]
        inside = [one for one in below if argument.get("recursive") or one.rpartition("/")[0] == path]
        return {"entries": [self._get_metadata({"path": one}, b"") for one in inside], "cursor": "c", "has_more": False}

    def _create_folder_v2(self, argument: dict[str, Any], _: bytes) -> Any:
        path = argument["path"]
        if path.lower() in self.files or path.lower() in self.folders:
            raise Declined("path", "conflict", "file" if path.lower() in self.files else "folder")
        self.folders |= {above.lower(): above for above in (*_above(path), path)}
        return {"metadata": self._get_metadata({"path": path}, b"")}

    def _copy_v2(self, argument: dict[str, Any], _: bytes) -> Any:
        found, to = self._find(argument["from_path"], "from_lookup"), argument["to_path"]
        if to.lower() in self.files or to.lower() in self.folders:
            raise Declined("to", "conflict", "file" if to.lower() in self.files else "folder")
        if self.used() + len(found.content) > self.quota:
            raise Declined("to", "insufficient_space")
        return {"metadata": self._store(to, found.content, {"client_modified": found.client_modified}).metadata()}

    def _delete_v2(self, argument: dict[str, Any], _: bytes) -> Any:
        path = argument["path"].lower()
        if path in self.folders and "parent_rev" not in argument:
            shown = self._get_metadata(argument, b"")
            for kept in (self.folders, self.files):
                for one in [one for one in kept if one == path or one.startswith(f"{path}/")]:
                    del kept[one]
            return {"metadata": shown}
        found = self._find(argument["path"], "path_lookup")
        if argument.get("parent_rev") not in {None, found.rev}:
            raise Declined("path_write", "conflict", "file")
        del self.files[found.path.lower()]
        return {"metadata": found.metadata()}

    def _download(self, argument: dict[str, Any], _: bytes) -> Any:
        found = self._find(argument["path"], "path")
        return found.metadata(), found.content

    def _create_shared_link_with_settings(self, argument: dict[str, Any], _: bytes) -> Any:
        found = self._find(argument["path"], "path")
        if self.links_declined:
            raise Declined(self.links_declined)
        if found.link:
            raise Declined("shared_link_already_exists")
        audience = argument["settings"]["audience"][".tag"]
        found.link = f"https://www.dropbox.com/scl/fi/{found.rev}/{audience}?rlkey=canary&dl=0"
        return self._linked(found)

    def _list_shared_links(self, argument: dict[str, Any], _: bytes) -> Any:
        found = self._find(argument["path"], "path")
        return {"links": [self._linked(found)] if found.link else [], "has_more": False}

    def _linked(self, found: File) -> Any:
        told = found.metadata()
        kept = {key: told[key] for key in (".tag", "name", "id", "path_lower", "rev", "size", "client_modified")}
        granted = {"can_revoke": True, "visibility_policies": [], "can_set_expiry": False, "can_remove_expiry": False,
                   "allow_download": True, "can_allow_download": True, "can_disallow_download": False,
                   "allow_comments": True, "team_restricts_comments": False}  # fmt: skip
        return {**kept, "url": found.link, "server_modified": told["server_modified"], "link_permissions": granted}

    def _get_current_account(self, _: Any, __: bytes) -> Any:
        name = {"given_name": "Ann", "surname": "Ship", "familiar_name": "Ann", "display_name": "Ann Ship"}
        return {
            "account_id": "dbid:" + "A" * 35, "name": {**name, "abbreviated_name": "AS"}, "email": "ann@example.com",
            "email_verified": True, "disabled": False, "locale": "en", "referral_link": "https://db.tt/x",
            "is_paired": False, "account_type": {".tag": "basic"},
            "root_info": {".tag": "user", "root_namespace_id": "1", "home_namespace_id": "1"},
        }  # fmt: skip

    def _get_space_usage(self, _: Any, __: bytes) -> Any:
        return {"used": self.used(), "allocation": {".tag": "individual", "allocated": self.quota}}


def _above(path: str) -> list[str]:
    """The folders that a path is in."""
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1)]
