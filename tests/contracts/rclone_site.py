"""A folder of one of `rclone serve`'s servers, reached through the destination `rclone`."""

from __future__ import annotations

import itertools
import shutil
from types import SimpleNamespace

import boto3
import pytest

from tests.contracts.rclone_servers import Served
from tests.contracts.s3_servers import KEY_ID, SECRET
from tests.contracts.site import Job, ServerSite
from workers.destinations._rclone_remote import Remote
from workers.destinations.base import Place
from workers.destinations.rclone import Rclone, RcloneOptions, RcloneSecrets

NUMBERS = itertools.count()


class Counted(Rclone):
    site: RcloneSite

    def upload(self, upload):
        made = upload.open

        def counting():
            reader = made()
            read = reader.read

            def counted(size=-1):
                chunk = read(size)
                self.site.counted += len(chunk)
                return chunk

            return SimpleNamespace(read=counted, close=reader.close)

        upload.open = counting
        return super().upload(upload)


class RcloneSite(ServerSite):
    part = 3 * 1024 * 1024
    atomic = False
    atomic_remove = False
    resumes = False
    settles = 0.5
    crowd = 40
    address = "url"

    def __init__(self, served: Served):
        self.options, self.secrets = served.options, served.secrets
        self.folder = f"team-{next(NUMBERS)}"
        self.root = served.folder
        self.counted = 0

    def destination(self, *, check=lambda url: None, secrets=None, **options):
        told = {**self.options, "folder": self.folder, **options}
        secrets = {**self.secrets, **(secrets or {})}
        made = Counted(RcloneOptions(**told), RcloneSecrets(**secrets), Place("", check))
        made.site = self
        return made

    def backend(self):
        return int(self.options.get("port") or self._url().rpartition(":")[2])

    def through(self, port):
        if self.options["backend"] == "ftp":
            pytest.skip("FTP opens a line of its own for each file")
        if "port" in self.options:
            return self.destination(port=port)
        return self.destination(**{self.address: f"http://127.0.0.1:{port}"})

    asked = (Remote, "look")

    def put(self, name):
        # through the server, which sees for minutes no file that was put into its folder beside it
        Job(self, b"theirs", name=name, key=f"theirs {name}").run()

    def _url(self):
        return self.options[self.address]

    def read(self, receipt):
        return self._content(receipt.path)

    def visible(self):
        return [path for path in self._files() if not self._hidden(path)]

    def contents(self):
        return {path: self._content(path) for path in self.visible()}

    def unfinished(self):
        return [path for path in self._files() if self._hidden(path)]

    def received(self):
        """Bytes that were taken from artifacts, which is what rclone was given to send: its servers count nothing."""
        return self.counted

    def remove_all(self):
        shutil.rmtree(self.root / self.folder, ignore_errors=True)

    def _content(self, path):
        return (self.root / path).read_bytes()

    def _files(self):
        found = (self.root / self.folder).rglob("*")
        return sorted(str(path.relative_to(self.root)) for path in found if path.is_file())

    @staticmethod
    def _hidden(path):
        return path.rpartition("/")[2].startswith(".longshore-")


class RcloneBucket(RcloneSite):
    """A bucket at moto: unlike `rclone serve s3`, it shows an object only when it is whole, as object stores do."""

    address = "endpoint"

    def __init__(self, port: int):
        self.folder, self.counted = f"team-{next(NUMBERS)}", 0
        self.options = {
            "backend": "s3",
            "bucket": "exports",
            "provider": "Other",
            "endpoint": f"http://127.0.0.1:{port}",
        }
        self.secrets = {"access_key_id": KEY_ID, "secret_access_key": SECRET}
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        self.client = boto3.client("s3", endpoint_url=self.options["endpoint"], **keys)
        self.client.create_bucket(Bucket="exports")

    def put(self, name):
        self.client.put_object(Bucket="exports", Key=f"{self.folder}/reports/2026/{name}", Body=b"theirs")

    def _content(self, path):
        return self.client.get_object(Bucket="exports", Key=path)["Body"].read()

    def unfinished(self):
        uploads = self.client.list_multipart_uploads(Bucket="exports").get("Uploads", [])
        return [*super().unfinished(), *(one["Key"] for one in uploads)]

    def _files(self):
        found = self.client.list_objects_v2(Bucket="exports").get("Contents", ())
        return [one["Key"] for one in found if one["Key"].startswith(self.folder)]

    def remove_all(self):
        self.client.close()
