"""An account at the fake Dropbox."""

from __future__ import annotations

from tests.contracts.site import ServerSite
from tests.fakes.dropbox import APP_KEY, APP_SECRET, REFRESH_TOKEN
from workers.destinations._dropbox_account import Account
from workers.destinations.base import Place
from workers.destinations.dropbox import Dropbox, DropboxOptions, DropboxSecrets

MIB = 1024 * 1024


class DropboxSite(ServerSite):
    part = 4 * MIB
    apart = 1.1  # it keeps times in whole seconds

    def __init__(self, fake):
        self.fake = fake

    def destination(self, *, secrets=None, check=lambda url: None, **options):
        given = {"endpoint_url": self.fake.url, "chunk_mb": 4, "folder": "Team/", **options}
        known = secrets or {"refresh_token": REFRESH_TOKEN, "app_key": APP_KEY, "app_secret": APP_SECRET}
        return Dropbox(DropboxOptions(**given), DropboxSecrets(**known), Place("", check))

    asked = (Account, "look")

    def put(self, name):
        self.fake.account.put(f"/Team/reports/2026/{name}", b"theirs")

    def read(self, receipt):
        return self.fake.account.files[receipt.path.lower()].content

    def visible(self):
        return [one.path for one in self.fake.account.files.values()]

    def contents(self):
        return {one.path: one.content for one in self.fake.account.files.values()}

    def backend(self):
        return self.fake.port

    def unfinished(self):
        return [name for name, one in self.fake.account.sessions.items() if not one.closed]

    def received(self):
        return self.fake.payload()
