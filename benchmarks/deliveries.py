"""Deliveries to one S3 server on this machine, against boto3 and rclone sending the same bytes to it, in turn.

Ours is the whole way: from committed deliveries to receipts in the database, through Redis and the upload workers of
`make up`, each object looked for, sent, compared and recorded. The peers only send.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from app.demo import running_server
from app.embedded import free_port
from benchmarks.distance import distant
from benchmarks.figures import Figure
from benchmarks.fill import KEY_ID, SECRET
from longshore.settings import ROOT, environment

MIB = 1024 * 1024
LARGE = 1024 * MIB
SMALL, MANY = 10_000, 1000
AWAY = 10
"""Milliseconds to a bucket and back, as within a region; more to any other."""
ROUNDS = 3
NUMBERS = itertools.count()


def measure(_n: int) -> list[Figure]:
    """One large file and many small ones."""
    program = _rclone()
    if program is None:
        sys.stderr.write("Deliveries are left out: rclone, the server of the benchmark, is not installed.\n")
        return []
    with tempfile.TemporaryDirectory() as name, _server(program, Path(name) / "store") as endpoint:
        home = Path(name) / "home"
        home.mkdir()
        more = {"LONGSHORE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8"}
        with running_server(home, Console(stderr=True), more):
            return [*_many(home, endpoint), *_large(home, endpoint, program, Path(name))]


def _many(home: Path, endpoint: str) -> Iterator[Figure]:
    name = f"{MANY} deliveries of {SMALL // 1000} KB, committed to receipt"
    yield _against_a_loop(name, home, endpoint)
    with distant(urlsplit(endpoint).port or 80, AWAY / 2) as port:
        yield _against_a_loop(f"The same, to a server that is {AWAY} ms away", home, f"http://127.0.0.1:{port}")


def _against_a_loop(name: str, home: Path, endpoint: str) -> Figure:
    contents = [os.urandom(SMALL) for _ in range(MANY)]

    def loop() -> None:
        client = _boto(endpoint)
        for content in contents:
            client.put_object(Bucket="exports", Key=f"peer/{next(NUMBERS)}", Body=content)

    ours, (peer,) = _in_turn(lambda: _delivered(home, endpoint, MANY, SMALL), loop)
    return Figure(name, "ms", ours, peer, "boto3 put_object in a loop", ours / peer, 0.5, ROUNDS)


def _large(home: Path, endpoint: str, program: str, folder: Path) -> Iterator[Figure]:
    source = folder / "large.bin"
    with source.open("wb") as file:
        file.writelines(os.urandom(MIB) for _ in range(LARGE // MIB))

    def upload_file() -> None:
        _boto(endpoint).upload_file(str(source), "exports", f"peer/{next(NUMBERS)}")

    def copyto() -> None:
        remote = f":s3,provider=Other,endpoint='{endpoint}',access_key_id={KEY_ID},secret_access_key={SECRET}:"
        target = f"{remote}exports/peer/{next(NUMBERS)}"
        subprocess.run([program, "copyto", "-I", "--config=", str(source), target], check=True, capture_output=True)

    peers: dict[str, Callable[[], object]] = {"boto3 upload_file": upload_file, "rclone copyto": copyto}
    s5cmd = shutil.which("s5cmd")
    if s5cmd:
        keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
        base = [s5cmd, "--endpoint-url", endpoint, "cp", str(source)]

        def cp() -> None:
            to = f"s3://exports/peer/{next(NUMBERS)}"
            subprocess.run([*base, to], check=True, capture_output=True, env=environment() | keys)

        peers["s5cmd cp"] = cp
    ours, medians = _in_turn(lambda: _delivered(home, endpoint, 1, LARGE), *peers.values())
    for (name, _), peer in zip(peers.items(), medians, strict=True):
        target = 1.1 if name.startswith("boto3") else 2.0
        yield Figure("A delivery of 1 GiB, committed to receipt", "ms", ours, peer, name, ours / peer, target, ROUNDS)


def _in_turn(ours: Callable[[], float], *peers: Callable[[], object]) -> tuple[float, list[float]]:
    """Medians in milliseconds; a first round warms up."""
    rounds = []
    for _ in range(ROUNDS + 1):
        times = [1000 * ours()]
        for peer in peers:
            began = time.perf_counter()
            peer()
            times.append(1000 * (time.perf_counter() - began))
        rounds.append(times)
    first, *others = (statistics.median(column) for column in zip(*rounds[1:], strict=True))
    return first, others


def _delivered(home: Path, endpoint: str, count: int, size: int) -> float:
    """Seconds that the server needs for new deliveries."""
    config = (home / "redis" / "redis.conf").read_text(encoding="utf-8")
    told = {name: re.search(rf"^{name} (\S+)", config, re.MULTILINE) for name in ("port", "requirepass")}
    port, password = (found[1] if found else "" for found in told.values())
    env = {name: value for name, value in environment().items() if not name.startswith("LONGSHORE_")}
    env |= {
        "LONGSHORE_HOME": str(home),
        "LONGSHORE_REDIS_URL": f"redis://:{password}@127.0.0.1:{port}/0",
        "LONGSHORE_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "benchmarks.fill", endpoint, str(count), str(size)]
    made = subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return float(made.stdout)


def _boto(endpoint: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=endpoint, **keys)


def _rclone() -> str | None:
    beside = Path(sys.executable).parent / "rclone"
    return str(beside) if beside.is_file() else shutil.which("rclone")


@contextmanager
def _server(program: str, folder: Path) -> Iterator[str]:
    """`rclone serve s3` with the bucket `exports`; its address."""
    (folder / "exports").mkdir(parents=True)
    port = free_port()
    keys = f"{KEY_ID},{SECRET}"
    command = [program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--auth-key", keys, "--config="]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
