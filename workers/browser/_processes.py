"""The browser's processes and its scratch folder: found by the folder's name, ended and removed for certain.

Every browser gets a folder of its own below one root, and keeps its profile there. The folder's name begins with the
id of the process that owns it, so whoever starts a browser later can tell what a dead owner left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil


def root() -> Path:
    """The folder of all browsers of this user, made with mode 0700."""
    folder = Path(tempfile.gettempdir()) / f"longshore-browser-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        message = f"{folder} belongs to somebody else"
        raise PermissionError(message)
    return folder


def new_folder() -> Path:
    """A scratch folder for one browser of this process."""
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root()))


def sweep() -> None:
    """End browsers whose owner is gone, and remove their folders: nothing is left behind for long."""
    for folder in root().iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            end(processes_of(folder))
            shutil.rmtree(folder, ignore_errors=True)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that was started with this folder in its command line, and all their descendants."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(str(folder) in argument for argument in process.cmdline()):
                found[process.pid] = process
                found.update((child.pid, child) for child in process.children(recursive=True))
    return list(found.values())


def descendants(parent: psutil.Process) -> list[psutil.Process]:
    """The live descendants of a process; none where it is gone."""
    try:
        return parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def private_bytes(processes: list[psutil.Process]) -> list[int]:
    """Memory that would be free without each: resident minus shared, since Chromium's processes share 100 MB each."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            memory = process.memory_info()
            found.append(memory.rss - getattr(memory, "shared", 0))
    return found


def end(processes: list[psutil.Process]) -> None:
    """Kill them all, and wait until they are gone (at most 3 s). Their own parents collect them, not we."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    until = time.monotonic() + 3
    while any(map(_alive, processes)) and time.monotonic() < until:
        time.sleep(0.01)


def _alive(process: psutil.Process) -> bool:
    """A process that has ended and only waits for its parent to notice counts as gone."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
