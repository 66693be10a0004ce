"""What tests of the workers ask for: a browser where they need one, and a document drawn in one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore import queue
from longshore.errors import Invalid
from longshore.settings import settings
from workers import deliver
from workers.needs import BUNDLES, check
from workers.plan import plan
from workers.renderers.base import SETTINGS, Document, Render

SAMPLES = Path(__file__).parent.parent / "samples"

Draw = Callable[..., tuple[bytes, list[str]]]


@pytest.fixture(autouse=True)
def browser_or_skip(request: pytest.FixtureRequest) -> None:
    """Tests marked `browser` are skipped, in words, where no browser or no bundle is on this machine."""
    if request.node.get_closest_marker("browser") is None:
        return
    for need in (check(name, settings()) for name in ("browser", *BUNDLES)):
        if not need.available:
            pytest.skip(f"{need.name} is missing on this machine; get it with: {need.remedy}")


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """`draw(kind, text, form, **settings)`: the file that the cheapest chain makes, and its warnings."""

    def run(kind: str, content: str | Path, form: str, **asked: Any) -> tuple[bytes, list[str]]:
        path = content if isinstance(content, Path) else tmp_path / "source"
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        folder = tmp_path / f"scratch-{time.monotonic_ns()}"
        folder.mkdir()
        render = Render(folder=folder, settings=SETTINGS[form](**asked), deadline=time.monotonic() + 60)
        document = Document(path=path, form=kind, title="Sample")
        steps = plan(kind, form, lambda name: check(name, settings()))
        if not steps:
            raise Invalid(f"no way from {kind} to {form}")
        for step in steps:
            document = step.convert(document, render)
        return document.read_bytes(), render.warnings

    return run


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that were sent; a task ends after one delivery."""
    told: list[str] = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: told.append(row_id) or True)
    monkeypatch.setattr(deliver, "AT_A_STRETCH", 0.0)
    return told
