"""`rclone serve` on loopback: real servers of the protocols that the destination `rclone` speaks."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

USER, PASSWORD = "longshore", "secret-of-the-tests"


@dataclass
class Served:
    """A running server: its files, and what a connection needs."""

    folder: Path
    port: int
    options: dict[str, Any]
    secrets: dict[str, str]
    process: subprocess.Popen[bytes] = field(repr=False)


def program() -> str:
    """The program of the wheel, else one on PATH."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    assert found, "rclone is missing: set up again"
    return found


@contextmanager
def served(kind: str, folder: Path, *more: str) -> Iterator[Served]:
    """`rclone serve KIND` with its files in a new folder `files` there."""
    files = folder / "files"
    files.mkdir()
    port, address = _free_port(), ["--addr"]
    options: dict[str, Any] = {"backend": kind, "host": "127.0.0.1", "port": port, "user": USER}
    secrets = {"password": PASSWORD}
    login = ["--user", USER, "--pass", PASSWORD]
    if kind == "webdav":
        options = {"backend": kind, "url": f"http://127.0.0.1:{port}", "user": USER, "vendor": "other"}
    elif kind == "sftp":
        options["host_keys"] = host_key(folder / "host_key")
        login += ["--key", str(folder / "host_key")]
    else:
        first = _free_port()
        login += ["--passive-port", f"{first}-{first + 40}"]
    command = [program(), "serve", kind, str(files), *address, f"127.0.0.1:{port}", "--config=", *login, *more]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _listening(port, process, folder / "log")
        yield Served(files, port, options, secrets, process)
    finally:
        process.terminate()
        process.wait(10)


def host_key(path: Path) -> str:
    """Write a new private key; its public one, as `host_keys` wants it."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.chmod(0o600)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, "the server does not listen"
            time.sleep(0.05)
        else:
            return
