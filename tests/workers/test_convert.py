from __future__ import annotations

from types import SimpleNamespace

import pytest

from longshore.errors import Permanent
from workers import convert as converting
from workers.renderers import base


def test_a_file_that_is_finished_too_late_is_refused(tmp_path, monkeypatch):
    source, folder = tmp_path / "source", tmp_path / "out"
    source.write_text('{"shapes": [{"type": "rectangle"}]}')
    folder.mkdir()
    inspected = []

    def slow(*made):
        inspected.append(made)
        monkeypatch.setattr(base, "time", SimpleNamespace(monotonic=lambda: float("inf")))

    monkeypatch.setattr(converting.gate, "check", slow)
    with pytest.raises(Permanent, match="longer than the export's deadline"):
        converting.convert(source, "canvas", "json", title="T", given={}, folder=folder, seconds=60)
    assert inspected
