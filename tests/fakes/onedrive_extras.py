"""Content, links and versions of the fake OneDrive's files.

- https://learn.microsoft.com/en-us/graph/api/driveitem-get-content and .../driveitem-createlink
- https://learn.microsoft.com/en-us/graph/api/driveitem-list-versions and .../driveitemversion-restore
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tests.fakes.onedrive_store import Problem


class Extras:
    """What the handler does with a file that is there."""

    fake: Any
    store: Any

    def do_content(self, item_id: str) -> tuple:
        return self.answer(status=302, Location=f"{self.fake.url}/down/{self.store.find(item_id).id}")

    def do_download(self, item_id: str) -> tuple:
        if "Authorization" in self.headers:
            raise Problem(401, "unauthenticated", "Do not send an access token here.")
        return self.answer(self.store.find(unquote(item_id)).content)

    def do_link(self, item_id: str) -> tuple:
        asked, item = self.json(), self.store.find(item_id)
        if self.store.links_declined or (self.store.kind == "personal" and asked["scope"] == "organization"):
            raise Problem(403, "accessDenied", "canary", inner="sharingDisabled")
        return self.answer({"link": {**asked, "webUrl": f"https://1drv.ms/{asked['scope']}/{item.id}"}}, 201)

    def do_versions(self, item_id: str) -> tuple:
        count = len(self.store.find(item_id).versions)
        return self.answer({"value": [{"id": f"{count - index}.0"} for index in range(count)]})

    def do_restore(self, item_id: str, version: str) -> tuple:
        item = self.store.find(item_id)
        item.put(item.versions[len(item.versions) - int(version)])
        return self.answer(status=204)
