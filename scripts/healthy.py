"""Whether one process works, for a container's health check: `python scripts/healthy.py render`. Exit status 0 or 1.

`web` and `flower` are asked over HTTP on loopback, `render` and `upload` through the broker, by the name of this
host. `beat` answers nobody: the last sign of life of one on this host, in the database, must be younger than a minute.
"""

from __future__ import annotations

import socket
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

SECONDS = 10.0
"""How long an answer may take."""


def web() -> bool:
    """The API answers."""
    from longshore.settings import settings

    return answers(f"http://127.0.0.1:{settings().port}/healthz")


def flower() -> bool:
    """Flower answers."""
    from longshore.settings import settings

    return answers(f"http://127.0.0.1:{settings().flower_port}/healthcheck")


def render() -> bool:
    """The render worker on this host answers."""
    return pings("render")


def upload() -> bool:
    """The upload worker on this host answers."""
    return pings("upload")


def beat() -> bool:
    """A beat on this host has read the clock lately; those elsewhere say nothing about it."""
    from longshore import pulses
    from longshore.db import clock, reading

    with reading() as session:
        now = clock(session)
        here = pulses.beat_name(pid=0).removesuffix("0")
        mine = [at for name, at in pulses.beats(session).items() if name.startswith(here)]
        return any((now - at).total_seconds() < pulses.STALE for at in mine)


def answers(url: str) -> bool:
    """Whether a GET succeeds. Raises OSError where nobody listens."""
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - http on loopback, from our own settings
        return bool(answer.status == 200)  # noqa: PLR2004 - OK


def pings(queue: str) -> bool:
    """Whether this host's worker of a queue answers."""
    from longshore.queue import celery

    node = f"{queue}@{socket.gethostname()}"
    return bool(celery().control.inspect(destination=[node], timeout=SECONDS).ping())


PROCESSES: dict[str, Callable[[], bool]] = {
    "web": web,
    "render": render,
    "upload": upload,
    "beat": beat,
    "flower": flower,
}

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    if sys.argv[1:] == [] or sys.argv[1] not in PROCESSES:
        sys.stderr.write(f"usage: python scripts/healthy.py {'|'.join(PROCESSES)}\n")
        sys.exit(2)
    try:
        sys.exit(not PROCESSES[sys.argv[1]]())
    except Exception as error:  # noqa: BLE001 - whatever the reason, the answer is no
        sys.stderr.write(f"{sys.argv[1]}: {error}\n")
        sys.exit(1)
