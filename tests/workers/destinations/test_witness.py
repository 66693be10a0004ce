"""An independent client, unmodified rclone, against the same servers that our own tests trust.

It was written by others from the same documentation. Where it uploads to a fake, lists and compares without complaint,
the fake speaks the protocol and not merely our reading of it; where it finds what we delivered to be the artifact, so
do others.

Endpoints: rclone's `s3` takes one. `drive`, `dropbox` and `onedrive` have none, neither option nor variable. There it
is led to the fake by a CONNECT proxy (`--http-proxy`) whose certificate it is told to trust (`--ca-cert`): it believes
to speak to Google, Dropbox and Microsoft.

One thing the fake Dropbox does not take from it: rclone sends names with accents in a header as they are, which the
documentation forbids and the service lets pass. So what rclone uploads has plain names.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.interception import intercepted
from tests.contracts.rclone_servers import program
from tests.contracts.s3_servers import KEY_ID, SECRET
from tests.contracts.s3_site import S3Site
from tests.contracts.site import Job, noise
from tests.fakes import dropbox, google_drive, onedrive

pytestmark = pytest.mark.slow

SIZES = {"large.bin": 9_000_000, "small.txt": 11, "folder/deep.bin": 70_000}


@dataclass
class Witness:
    """rclone with one remote, told by its environment; `root` is where its paths begin."""

    environment: dict[str, str]
    root: str
    options: tuple[str, ...] = ()

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [program(), "--config=", "--retries=1", "--low-level-retries=2", *self.options, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def remote(kind: str, **options: str) -> dict[str, str]:
    told = {"type": kind, **options}
    return {f"RCLONE_CONFIG_REMOTE_{name.upper()}": value for name, value in told.items()}


def token(refresh: str) -> str:
    """One that must be refreshed first."""
    old = {"access_token": "old", "token_type": "Bearer", "expiry": "2020-01-01T00:00:00Z"}
    return json.dumps({**old, "refresh_token": refresh})


def told(name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """rclone's options for a fake, and the hosts that it will ask for."""
    if name == "google_drive":
        keys = {"client_id": google_drive.CLIENT_ID, "client_secret": google_drive.CLIENT_SECRET}
        options = {"token": token(google_drive.REFRESH), "upload_cutoff": "0", "chunk_size": "1Mi", "scope": "drive"}
        return remote("drive", **keys, **options), ("www.googleapis.com", "oauth2.googleapis.com")
    if name == "dropbox":
        keys = {"client_id": dropbox.APP_KEY, "client_secret": dropbox.APP_SECRET}
        options = {"token": token(dropbox.REFRESH_TOKEN), "chunk_size": "4Mi", "batch_mode": "off"}
        return remote("dropbox", **keys, **options), (dropbox.API, dropbox.CONTENT)
    keys = {"client_id": onedrive.CLIENT_ID, "client_secret": onedrive.CLIENT_SECRET}
    options = {"token": token(onedrive.REFRESH), "drive_id": "drive-1", "drive_type": "business", "chunk_size": "5Mi"}
    return remote("onedrive", **keys, **options), ("graph.microsoft.com", "login.microsoftonline.com")


FIXTURES = {"google_drive": "google_drive", "dropbox": "dropbox_site", "onedrive": "onedrive"}


@pytest.fixture(params=[*FIXTURES, "s3"])
def stand(request, tmp_path):
    """The site and the witness beside it."""
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    if request.param == "s3":
        site: Any = request.getfixturevalue("on_moto")
        keys = {"access_key_id": KEY_ID, "secret_access_key": SECRET, "provider": "Other"}
        endpoint = f"http://127.0.0.1:{site.proxy.backend}"
        yield site, Witness(home | remote("s3", endpoint=endpoint, **keys), f"remote:{site.bucket}/")
        return
    site = request.getfixturevalue(FIXTURES[request.param])
    environment, hosts = told(request.param)
    fake = getattr(site, "fake", None) or site.drive
    with intercepted(tmp_path, fake.port, *hosts) as (proxy, trusted):
        options = (f"--http-proxy={proxy}", f"--ca-cert={trusted}")
        yield site, Witness(home | environment, "remote:", options)


def tree(folder: Path) -> Path:
    for seed, (name, size) in enumerate(SIZES.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise(size, seed))
    return folder


def test_rclone_uploads_to_the_server_lists_and_compares_without_complaint(stand, tmp_path):
    site, rclone = stand
    source = tree(tmp_path / "source")
    rclone.run("copy", str(source), f"{rclone.root}sent")
    listed = json.loads(rclone.run("lsjson", "-R", "--files-only", f"{rclone.root}sent"))
    assert {one["Path"]: one["Size"] for one in listed} == SIZES
    assert "0 differences found" in rclone.run("check", str(source), f"{rclone.root}sent")
    assert sorted(site.contents().values()) == sorted((source / name).read_bytes() for name in SIZES)
    assert site.unfinished() == []


def test_rclone_finds_what_we_delivered_to_be_the_artifact(stand, tmp_path):
    site, rclone = stand
    kept = tmp_path / "kept"
    (kept / "reports" / "2026").mkdir(parents=True)
    names = ["large.bin", "small.txt", "empty.txt", "Ünïcödé 世界.svg", "it's & (2).pdf"]
    for seed, name in enumerate(names):
        content = noise(0 if name == "empty.txt" else SIZES.get(name, 1000), seed)
        (kept / "reports" / "2026" / name).write_bytes(content)
        Job(site, content, name=name, key=name).run()
    team = next(path for path in site.visible() if path.endswith("large.bin")).removesuffix("reports/2026/large.bin")
    there = rclone.root + team.strip("/").removeprefix("My Drive/")
    found = rclone.run("check", "-v", str(kept), there)
    assert "0 differences found" in found
    assert f"{len(names)} matching files" in found
    assert ("hashes could not be checked" in found) == isinstance(site, S3Site)  # the ETag of parts is no MD5
    assert "0 differences found" in rclone.run("check", "--download", str(kept), there)


def test_rclone_complains_of_one_wrong_byte(stand, tmp_path):
    """So that the two above mean something."""
    site, rclone = stand
    (tmp_path / "kept").mkdir()
    content = noise(1000)
    (tmp_path / "kept" / "a.bin").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    job = Job(site, content, name="a.bin")
    job.folder = ""
    job.run()
    team = site.visible()[0].removesuffix("a.bin").strip("/").removeprefix("My Drive/")
    with pytest.raises(AssertionError, match="1 differences found"):
        rclone.run("check", str(tmp_path / "kept"), rclone.root + team)
