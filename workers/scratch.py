"""The folders that renders work in: each locked by the process that made it, so anybody can tell which one is left.

The lock goes with its process, however that ends, and is seen across containers that share the home; ids of processes
and ages of folders tell neither.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from longshore.settings import settings

log = structlog.get_logger(__name__)


def _root() -> Path:
    return settings().home.resolve() / "scratch"


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a folder's lock; False where another process holds it and nobody waits. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder of one render, removed at its end. Raises OSError."""
    _root().mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with _locked(_root()):  # nobody sweeps between making it and locking it
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_root()))
            held.enter_context(_locked(folder))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def sweep() -> None:
    """Remove the folders whose process is gone."""
    try:
        with _locked(_root()):
            for folder in _root().iterdir():
                with _locked(folder, wait=False) as left:
                    if left:
                        shutil.rmtree(folder, ignore_errors=True)
                        log.info("scratch_removed", folder=folder.name)
    except FileNotFoundError:  # nothing was rendered here yet, or a render removed its folder a moment ago
        return
    except OSError as error:
        log.warning("scratch_not_swept", error=str(error))
