"""What is in the account: whose file has a path, whether it is the artifact, and the receipt for it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC
from typing import Any
from urllib.parse import quote

from workers.destinations._dropbox_client import sdk
from workers.destinations._dropbox_errors import LASTING, classified, tags
from workers.destinations.base import LongshoreError, Permanent, Receipt, Transient, Upload, dated, numbered

STAMP = "%Y-%m-%dT%H:%M:%SZ"
"""Dropbox's times: UTC, whole seconds."""
HOME = "https://www.dropbox.com/home"
"""Where people see their files; below it an app with a folder of its own has `Apps/<its name>` before the path."""
REPLACED = frozenset({"path_write/conflict/file", "path_lookup/not_found"})
"""What deleting one revision of a file answers where somebody else has replaced or deleted it already."""
LINK_EXISTS = "shared_link_already_exists"
LINK = {
    "email_not_verified": "Dropbox gives links to accounts with a confirmed email address only.",
    "settings_error": "The account's plan or team does not allow links for these people.",
    "access_denied": "The team does not allow links to this file.",
    "banned_member": "The account may not make links.",
}
"""Why there is no link, by the first tag of the error."""


class Account:
    """One account seen through one client. All methods raise the SDK's errors and those of requests."""

    def __init__(self, client: Any, shared_link: str) -> None:
        self.client = client
        self.shared_link = shared_link

    def look(self, path: str) -> Any:
        """What has this path: the SDK's FileMetadata or FolderMetadata, or None."""
        try:
            return self.client.files_get_metadata(path)
        except sdk().exceptions.ApiError as error:
            if tags(error) == "path/not_found":
                return None
            raise

    def keep(self, path: str, there: Any) -> dict[str, str]:
        """Copy the file that was looked at beside itself, under its dated name. Raises Permanent.

        Returns the revision that the copy is `of`, and `path`, `id` and `rev` of the copy. That is made once, and
        removed where somebody replaced the file meanwhile: then that revision is old.
        """
        if not isinstance(there, sdk().files.FileMetadata):
            raise Permanent(LASTING["folder"])
        folder, _, name = path.rpartition("/")
        first, number = dated(name, there.server_modified.replace(tzinfo=UTC)), 1
        lost: set[str] = set()
        while True:
            to = f"{folder}/{first if number == 1 else numbered(first, number)}"
            held = self.look(to)
            if getattr(held, "content_hash", "") == there.content_hash:
                return _kept(there, held)
            if held is None and (copied := self._copied(there.path_lower or path, to)):
                if copied.content_hash != there.content_hash:
                    self._delete(copied)
                return _kept(there, copied)
            # Somebody who took the name in this moment may have kept the very same file: look once more.
            if held is not None or to in lost:
                number += 1
            lost.add(to)

    def _copied(self, path: str, to: str) -> Any:
        """The copy; None where somebody took its name."""
        try:
            return self.client.files_copy_v2(path, to).metadata
        except sdk().exceptions.ApiError as error:
            if tags(error) != "to/conflict/file":
                raise
            return None

    def _delete(self, found: Any) -> bool:
        return self.delete(found.path_lower or found.id, found.rev)

    def delete(self, path: str, rev: str) -> bool:
        """Delete this revision of a file; False where somebody else has replaced or deleted it already."""
        try:
            self.client.files_delete_v2(path, parent_rev=rev)
        except sdk().exceptions.ApiError as error:
            if tags(error) not in REPLACED:
                raise
            return False
        return True

    def check_marker(self, path: str, content: bytes) -> tuple[bool, str]:
        """Write a file, read it back, delete it; whether the same bytes came back, and why it got no link."""
        files = sdk().files
        made = self.client.files_upload(content, path, mode=files.WriteMode.add, strict_conflict=True, mute=True)
        try:
            _, response = self.client.files_download(path)
            with closing(response):
                same = response.content == content
            return same, str(self.receipt(made).extra.get("shared_link_error", ""))
        finally:
            self.client.files_delete_v2(path)

    def who(self) -> tuple[str, int | None, str]:
        """The account's name and free bytes, with a note where the app may not ask for them."""
        try:
            known, space = self.client.users_get_current_account(), self.client.users_get_space_usage()
        except sdk().exceptions.AuthError as error:
            if not (error.error and error.error.is_missing_scope()):
                raise
            return "Dropbox", None, "Add the permission account_info.read to the app to see account and free space."
        name = f"{known.name.display_name} <{known.email}>"
        if space.allocation.is_individual():
            return name, max(0, space.allocation.get_individual().allocated - space.used), ""
        if space.allocation.is_team():
            return name, _free_in_team(space), ""
        return name, None, ""

    def proven(self, found: Any, upload: Upload, content_hash: str) -> Any:
        """The file as it was answered. Raises Transient, and removes it, where it is not the artifact."""
        if found.size == upload.size and found.content_hash == content_hash:
            return found
        self._delete(found)
        raise Transient(
            f"Dropbox stored other bytes than were sent ({found.size} of {upload.size}). They were removed; it will be"
            " tried again."
        )

    def receipt(self, found: Any) -> Receipt:
        """For a file that was compared. A link that Dropbox does not give is told in it: the file has arrived."""
        extra = {"id": found.id, "rev": found.rev, "path": found.path_display}
        url = HOME + quote(found.path_display)
        if self.shared_link:
            try:
                url = extra["shared_link"] = self._link(found)
            except (sdk().exceptions.ApiError, sdk().exceptions.AuthError, Permanent) as error:
                extra["shared_link_error"] = _why_no_link(error)
        return Receipt(
            provider_id=found.id,
            path=found.path_display,
            url=url,
            size=found.size,
            checksum=f"content_hash:{found.content_hash}",
            verified="checksum",
            extra=extra,
        )

    def skipped(self, path: str, there: Any) -> Receipt:
        """For a path that something else has."""
        shown = getattr(there, "path_display", None) or path
        return Receipt(
            provider_id=getattr(there, "id", None) or "",
            path=shown,
            url=HOME + quote(shown),
            size=getattr(there, "size", 0),
            checksum="",
            verified="size",
            skipped=True,
        )

    def _link(self, found: Any) -> str:
        """The file's link, made or found. One that is there already keeps its own audience."""
        sharing = sdk().sharing
        settings = sharing.SharedLinkSettings(audience=getattr(sharing.LinkAudience, self.shared_link))
        try:
            made: str = self.client.sharing_create_shared_link_with_settings(found.id, settings).url
        except sdk().exceptions.ApiError as error:
            if not tags(error).startswith(LINK_EXISTS):
                raise
            links = self.client.sharing_list_shared_links(found.id, direct_only=True).links
            if not links:
                raise
            made = links[0].url
        return made


def _kept(there: Any, copy: Any) -> dict[str, str]:
    return {"of": there.rev, "path": copy.path_display, "id": copy.id, "rev": copy.rev}


def _free_in_team(space: Any) -> int:
    """What is left of the team's space, and of the member's part in it where there is a limit (0: none)."""
    team = space.allocation.get_team()
    free = team.allocated - team.used
    if team.user_within_team_space_allocated:
        free = min(free, team.user_within_team_space_allocated - space.used)
    return max(0, int(free))


def _why_no_link(error: Exception) -> str:
    known = error if isinstance(error, LongshoreError) else classified(error, sdk())
    return f"The file has arrived, without a link. {LINK.get(_tag(error)) or known.message}"


def _tag(error: Exception) -> str:
    return tags(error).partition("/")[0] if isinstance(error, sdk().exceptions.ApiError) else ""
