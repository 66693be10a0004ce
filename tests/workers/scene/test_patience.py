from __future__ import annotations

import json
from pathlib import Path

import pytest

from longshore.errors import Permanent
from workers.convert import convert


@pytest.mark.parametrize("form", ["svg", "html", "md"])
def test_a_canvas_that_takes_too_long_is_stopped_while_it_is_read_or_drawn(form, tmp_path):
    shapes = [{"type": "rectangle", "x": n, "y": n, "width": 9, "height": 9, "text": "W 世 " * 20} for n in range(5000)]
    source: Path = tmp_path / "source"
    source.write_text(json.dumps({"shapes": shapes}), encoding="utf-8")
    with pytest.raises(Permanent, match="longer than the export's deadline"):
        convert(source, "canvas", form, title="T", given={}, folder=tmp_path, seconds=0.05)
