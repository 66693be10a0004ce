"""A bucket on one of the local servers, reached through the proxy."""

from __future__ import annotations

import itertools

from tests.contracts.s3_servers import KEY_ID, SECRET
from tests.contracts.site import ServerSite
from workers.destinations._s3_bucket import Bucket
from workers.destinations._s3_options import S3Options, S3Secrets
from workers.destinations.base import Place
from workers.destinations.s3 import S3

MIB = 1024 * 1024
NUMBERS = itertools.count()


class S3Site(ServerSite):
    part = 5 * MIB
    atomic_copy = False  # moto does not read x-amz-copy-source-if-match, rclone neither
    atomic_remove = False

    def __init__(self, proxy, *, atomic):
        self.proxy = proxy
        self.atomic = atomic
        self.bucket = f"exports-{next(NUMBERS)}"
        self.client = self.destination(endpoint_url=f"http://127.0.0.1:{proxy.backend}").client
        self.client.create_bucket(Bucket=self.bucket)

    def destination(self, *, secret=SECRET, check=lambda url: None, **options):
        given = {"bucket_name": self.bucket, "endpoint_url": f"http://127.0.0.1:{self.proxy.port}", "part_size_mb": 5}
        secrets = S3Secrets(access_key_id=KEY_ID, secret_access_key=secret)
        return S3(S3Options(**{**given, "folder": "team/", **options}), secrets, Place("", check))

    asked = (Bucket, "head")

    def put(self, name):
        self.client.put_object(Bucket=self.bucket, Key=f"team/reports/2026/{name}", Body=b"theirs")

    def read(self, receipt):
        bucket, _, key = receipt.path.removeprefix("s3://").partition("/")
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def visible(self):
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def contents(self):
        return {key: self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in self.visible()}

    def backend(self):
        return self.proxy.port

    def unfinished(self):
        return [one["Key"] for one in self.uploads()]

    def uploads(self):
        try:
            return self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        except self.client.exceptions.NoSuchUpload:  # rclone's way to say that a bucket never had one
            return []

    def received(self):
        return self.proxy.payload()
