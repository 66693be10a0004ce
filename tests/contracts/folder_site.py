"""A folder below a root of the test's own."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contracts.site import Site
from tests.contracts.stalling import Line
from workers.destinations import _folder_files
from workers.destinations.base import Place
from workers.destinations.folder import Folder, FolderOptions, FolderSecrets

SYNC = 2 * 1024 * 1024
"""Checkpoints of the tests are nearer to each other than those of deliveries: less to write."""


class FolderSite(Site):
    part = SYNC

    def __init__(self, root, monkeypatch):
        self.root = root
        self._count = 0
        write = os.pwrite

        def counting(handle, data, offset):
            self._count += len(data)
            return write(handle, data, offset)

        monkeypatch.setattr(os, "pwrite", counting)
        monkeypatch.setattr("workers.destinations._folder_files.SYNC", SYNC)

    def destination(self):
        return Folder(FolderOptions(folder="team"), FolderSecrets(), Place(str(self.root), lambda url: None))

    asked = (_folder_files, "look")

    def put(self, name):
        (self.root / "team/reports/2026" / name).write_bytes(b"theirs")

    def read(self, receipt):
        with open(receipt.path, "rb") as file:  # noqa: PTH123 - whatever the path is
            return file.read()

    def _files(self):
        return [path for path in sorted(self.root.rglob("*")) if not path.is_dir()]

    def visible(self):
        return [str(path) for path in self._files() if path.suffix != ".part"]

    def contents(self):
        return {path: Path(path).read_bytes() for path in self.visible()}

    @contextmanager
    def stalling(self, after=None, before_answer=lambda: False):
        line = Line(0, after, before_answer)
        with pytest.MonkeyPatch.context() as patch:
            write, sync = os.pwrite, os.fsync

            def slow_write(*given):
                self._stall(line, after is not None and self._count > after)
                return write(*given)

            def slow_sync(handle):
                self._stall(line, before_answer())
                sync(handle)

            patch.setattr(os, "pwrite", slow_write)
            patch.setattr(os, "fsync", slow_sync)
            yield self.destination(), line

    @staticmethod
    def _stall(line, now):
        if now and not line.stalled.is_set():
            line.stalled.set()
            time.sleep(60)

    def unfinished(self):
        return [str(path) for path in self._files() if path.suffix == ".part"]

    def received(self):
        return self._count
