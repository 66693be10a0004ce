"""What is told of a file that arrived, and whether it is still that file later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workers.destinations._onedrive_drive import Drive, Folder, hash_of
from workers.destinations.base import Receipt, Verified

REWRITTEN = "SharePoint wrote its columns into the file while replacing the old one, so it could not be compared."


class Receipts:
    """For the files of one folder. `shared` is whom links are for, or empty."""

    def __init__(self, drive: Drive, folder: Folder, shared: str) -> None:
        self.drive = drive
        self.folder = folder
        self.shared = shared

    def make(self, item: dict[str, Any], checksum: str, verified: Verified, *, skipped: bool = False) -> Receipt:
        """For a file as OneDrive shows it."""
        extra = {
            "drive_id": self.drive.id,
            "item_id": item["id"],
            "folder_id": (item.get("parentReference") or {}).get("id", ""),
            "etag": item.get("eTag", ""),
            "ctag": item.get("cTag", ""),
        }
        if verified == "size" and not skipped:
            extra["note"] = REWRITTEN
        return Receipt(
            provider_id=item["id"],
            path=f"{self.folder.path}/{item['name']}",
            url=item.get("webUrl", ""),
            size=int(item.get("size", 0)),
            checksum=checksum,
            verified=verified,
            skipped=skipped,
            extra=extra,
        )

    def linked(self, receipt: Receipt) -> Receipt:
        """The receipt with the link that was asked for; why it is not given is told in it: the file has arrived."""
        if not self.shared:
            return receipt
        url, refused = self.drive.link(receipt.provider_id, self.shared)
        if refused:
            return replace(receipt, extra={**receipt.extra, "shared_link_error": refused})
        return replace(receipt, url=url, extra={**receipt.extra, "shared_link": url})


def is_still(item: dict[str, Any], receipt: Receipt) -> bool:
    """Whether the item is the file of the receipt, unchanged and in its folder; what it is called does not matter."""
    if "folder" in item or (item.get("parentReference") or {}).get("id") != receipt.extra.get("folder_id"):
        return False
    same_bytes = f"quickXorHash:{hash_of(item)}" == receipt.checksum and int(item.get("size", -1)) == receipt.size
    return same_bytes or bool(item.get("cTag") and item["cTag"] == receipt.extra.get("ctag"))
