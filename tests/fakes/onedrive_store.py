"""What a drive holds: folders, files with their versions, names that ignore case, a quota, links."""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

SERVED = "https://graph.microsoft.com/v1.0"
RESERVED = {".lock", "desktop.ini", "con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(10))}
OFFICE = (".docx", ".xlsx", ".pptx", ".pdf", ".html")


class Problem(Exception):
    """An error as Graph answers it: https://learn.microsoft.com/en-us/graph/errors."""

    def __init__(self, status: int, code: str, message: str = "", *, retry_after: str = "", inner: str = "", where=""):
        super().__init__(code)
        self.status, self.code, self.message, self.inner = status, code, message, inner
        named = {"Retry-After": retry_after, "Location": where}
        self.headers = {name: value for name, value in named.items() if value}

    def body(self) -> dict:
        inner = {"code": self.inner} if self.inner else {}
        return {"error": {"code": self.code, "message": self.message, "innerError": {**inner, "request-id": "r-1"}}}


def quick_xor_hash(content: bytes) -> str:
    """By the page, in blocks of 160 bytes: https://learn.microsoft.com/en-us/onedrive/developer/code-snippets/quickxorhash."""
    block, joined, width = 0, 0, (1 << 160) - 1
    for start in range(0, len(content), 160):
        joined ^= int.from_bytes(content[start : start + 160], "little")
    for index, byte in enumerate(joined.to_bytes(160, "little")):
        turns = 11 * index % 160
        block ^= ((byte << turns) | (byte << turns >> 160)) & width
    block ^= len(content) << 96
    return base64.b64encode(block.to_bytes(20, "little")).decode()


@dataclass
class Item:
    id: str
    name: str
    parent: str
    content: bytes | None = None
    tag: int = 1
    content_tag: int = 1
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: list[bytes] = field(default_factory=list)
    hash: str = ""

    @property
    def etag(self) -> str:
        return f'"{{{self.id}}},{self.tag}"'

    def put(self, content: bytes) -> None:
        self.content, self.hash = content, quick_xor_hash(content)
        self.versions.insert(0, content)
        self.tag, self.content_tag, self.modified = self.tag + 1, self.content_tag + 1, datetime.now(UTC)


class Store:
    """`kind` is the drive's type; `without_hash` stands for drives that show none; `links_declined` for a policy."""

    def __init__(self):
        self.items: dict[str, Item] = {"root-id": Item("root-id", "root", "")}
        self.kind = "personal"
        self.total = 1 << 40
        self.without_hash = False
        self.links_declined = False
        self.numbers = itertools.count(1)

    def used(self) -> int:
        return sum(len(one.content or b"") for one in self.items.values())

    def find(self, item_id: str) -> Item:
        """By an id, or by what Graph's addresses have in its place: `root`, `items/<id>`."""
        found = self.items.get("root-id" if item_id == "root" else item_id.removeprefix("items/"))
        if found is None:
            raise Problem(404, "itemNotFound", "The resource could not be found.")
        return found

    def child(self, parent: str, name: str) -> Item | None:
        low = name.lower()
        return next((one for one in self.items.values() if one.parent == parent and one.name.lower() == low), None)

    def below(self, place: Item) -> list[Item]:
        return [one for one in self.items.values() if one.parent == place.id]

    def at(self, parent: str, path: list[str]) -> Item:
        found = self.find(parent)
        for name in path:
            if found.content is not None or (below := self.child(found.id, name)) is None:
                raise Problem(404, "itemNotFound", "The resource could not be found.")
            found = below
        return found

    def path(self, item: Item) -> str:
        return f"{self.path(self.items[item.parent])}/{item.name}" if item.parent else ""

    def check_name(self, name: str) -> None:
        bad = re.search(r'["*:<>?/\\|\x00-\x1f]', name) or "_vti_" in name or name.startswith("~$")
        if bad or name != name.strip() or not name or name.endswith(".") or name.lower() in RESERVED or len(name) > 255:
            raise Problem(400, "invalidRequest", "The provided name cannot be used.", inner="invalidPath")

    def check_room(self, size: int) -> None:
        if self.used() + size > self.total:
            raise Problem(507, "quotaLimitReached", "Insufficient space available.", inner="insufficientStorage")

    def make_folder(self, parent: str, name: str, behavior: str) -> Item:
        place = self.find(parent)
        self.check_name(name)
        if place.content is not None:
            raise Problem(400, "invalidRequest", "The parent is not a folder.")
        if self.child(place.id, name):
            raise Problem(*TAKEN) if behavior == "fail" else Problem(400, "notSupported")
        return self._add(place.id, name)

    def check_taken(self, parent: str, name: str, behavior: str) -> Item | None:
        if behavior not in {"fail", "replace"}:
            raise Problem(400, "invalidRequest", f"conflictBehavior {behavior!r}")
        there = self.child(self.find(parent).id, name)
        if there and (behavior == "fail" or there.content is None):
            raise Problem(*TAKEN)
        return there

    def write(self, parent: str, name: str, content: bytes, behavior: str) -> Item:
        self.check_name(name)
        there = self.check_taken(parent, name, behavior)
        self.check_room(len(content))
        file = there or self._add(self.find(parent).id, name)
        library = self.kind == "documentLibrary" and name.lower().endswith(OFFICE)
        file.put(content + b"<columns/>" if library else content)
        return file

    def rename(self, item: Item, name: str) -> None:
        self.check_name(name)
        there = self.child(item.parent, name)
        if there and there is not item:
            raise Problem(*TAKEN)
        item.name, item.tag = name, item.tag + 1

    def shown(self, item: Item) -> dict:
        hashes = {} if self.without_hash else {"hashes": {"quickXorHash": item.hash}}
        facet = {"folder": {"childCount": 0}} if item.content is None else {"file": {"mimeType": "x/y", **hashes}}
        return {
            "id": item.id,
            "name": item.name,
            "size": len(item.content or b""),
            "eTag": item.etag,
            "cTag": f'"c:{{{item.id}}},{item.content_tag}"',
            "webUrl": f"https://contoso.sharepoint.com/Documents/{item.id}",
            "lastModifiedDateTime": item.modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "parentReference": {"id": item.parent, "driveId": "drive-1", "path": "/drives/drive-1/root:/somewhere"},
            **facet,
        }

    def _add(self, parent: str, name: str) -> Item:
        item = Item(f"ITEM!{next(self.numbers)}", name, parent)
        self.items[item.id] = item
        return item


TAKEN = (409, "nameAlreadyExists", "The specified item name already exists.")
