"""Small documents that ask for the impossible: each ends in time, in words or in a file, and harms none after it."""

from __future__ import annotations

import time
from functools import cache, partial
from pathlib import Path

import pytest

from longshore.errors import LongshoreError
from longshore.settings import settings
from tests.contracts.hostile.bombs import BOMBS
from workers import needs
from workers.convert import convert
from workers.plan import matrix
from workers.renderers.base import KINDS

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LIMIT = 15.0
GRACE = 5.0
"""Seconds after its deadline within which a render has ended."""
HARMLESS = {"file", "table", "dataset"}
"""Kinds with bombs in tests of their own."""
DEEP = dict.fromkeys(("html", "plotly", "canvas", "excalidraw", "vega"), "deep")
QUICK = DEEP | {
    "svg": "laughs",
    "markdown": "html",
    "mermaid": "nodes",
    "graphviz": "braces",
    "tldraw": "self",
    "image": "png",
}
"""A bomb of each kind for the normal run."""


@cache
def formats(kind: str) -> list[str]:
    """The formats that take the most different ways, of those that this machine can make."""
    cells = matrix(partial(needs.check, settings=settings()))
    can = {cell.format for cell in cells if cell.kind == kind and cell.available}
    return [form for form in ("svg", "html", "png", "pdf") if form in can]


def drop(content: str | bytes, kind: str, form: str, folder: Path) -> tuple[float, str]:
    """Seconds that it took, and what was said; nothing where a file came out."""
    source, out = folder / "source", folder / f"out-{time.monotonic_ns()}"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    out.mkdir()
    began, said = time.monotonic(), ""
    try:
        convert(source, kind, form, title="T", given={}, folder=out, seconds=LIMIT)
    except LongshoreError as error:
        said = error.message
        assert len(said) > 15
        assert "Traceback" not in said
    return time.monotonic() - began, said


def unharmed(kind: str, form: str, folder: Path) -> None:
    sample = next((SAMPLES / kind).glob("showcase.*"))
    _, said = drop(sample.read_bytes(), kind, form, folder)
    assert said == ""


def test_every_kind_has_bombs():
    assert set(KINDS) - set(BOMBS) <= HARMLESS


@pytest.mark.parametrize("kind", [kind for kind in BOMBS if kind in KINDS])
def test_a_bomb_ends_in_words(kind, tmp_path):
    form = formats(kind)[0]
    seconds, said = drop(BOMBS[kind]()[QUICK[kind]], kind, form, tmp_path)
    assert seconds < LIMIT + GRACE
    assert said or kind == "tldraw"
    unharmed(kind, form, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", [kind for kind in BOMBS if kind in KINDS])
def test_all_bombs_end_in_time(kind, tmp_path, record_property):
    late, worst, count, files = [], (0.0, ""), 0, 0
    for name, content in BOMBS[kind]().items():
        for form in formats(kind):
            seconds, said = drop(content, kind, form, tmp_path)
            print(f"{kind} {name} {form}: {seconds:.1f} s {said[:120]!r}")  # noqa: T201 - shown by pytest where it failed
            late += [f"{name} to {form}: {seconds:.1f} s"] if seconds > LIMIT + GRACE else []
            worst = max(worst, (seconds, f"{name} to {form}"))
            count, files = count + 1, files + (not said)
        unharmed(kind, formats(kind)[-1], tmp_path)
    record_property("target", f"all end within {LIMIT + GRACE:g} s, none harms the next")
    record_property("figure", f"{kind}: {count} bombs, {files} files, slowest {worst[0]:.1f} s ({worst[1]})")
    assert late == []
