from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageStat

from longshore.settings import settings
from tests.contracts.references import FOLDER, MEAN_LIMIT, WORST_LIMIT, difference, draw, shrunk, subjects
from workers.convert import convert
from workers.needs import browser_path


@pytest.mark.parametrize(("kind", "sample"), subjects(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_showcase_looks_as_it_did_when_somebody_looked(kind, sample, tmp_path, record_property):
    if browser_path(settings()) is None:
        pytest.skip("the references were drawn with a browser: sudo apt-get install -y chromium-headless-shell")
    with Image.open(FOLDER / f"{kind}.png") as reference:
        mean, worst = difference(shrunk(draw(kind, sample, tmp_path)), reference)
    record_property("figure", f"{kind}: mean {mean:.2f}, worst block {worst:.0f}")
    assert mean <= MEAN_LIMIT, "if this is meant: scripts/references.py, look at it, commit it"
    assert worst <= WORST_LIMIT


def test_a_note_drawn_as_vectors_looks_like_its_picture(tmp_path, record_property):
    if browser_path(settings()) is None:
        pytest.skip("the references were drawn with a browser: sudo apt-get install -y chromium-headless-shell")
    sample = next(sample for kind, sample in subjects() if kind == "markdown")
    for folder in ("svg", "png"):
        (tmp_path / folder).mkdir()
    drawing, _ = convert(sample, "markdown", "svg", title="Showcase", given={}, folder=tmp_path / "svg", seconds=60)
    with Image.open(FOLDER / "markdown.png") as reference:
        mean, worst = difference(shrunk(draw("svg", drawing.path, tmp_path / "png")), reference)
    record_property("figure", f"markdown as SVG: mean {mean:.2f}, worst block {worst:.0f}")
    assert mean <= MEAN_LIMIT
    assert worst <= WORST_LIMIT


@pytest.mark.parametrize("kind", [kind for kind, _ in subjects()])
def test_a_missing_part_is_noticed(kind):
    with Image.open(FOLDER / f"{kind}.png") as reference:
        whole = reference.convert("RGB")
    grey = whole.convert("L")
    corners = [(x, y) for y in range(0, whole.height - 40, 20) for x in range(0, whole.width - 60, 30)]
    x, y = min(corners, key=lambda corner: ImageStat.Stat(grey.crop((*corner, corner[0] + 60, corner[1] + 40))).mean[0])
    torn = whole.copy()
    ImageDraw.Draw(torn).rectangle((x, y, x + 60, y + 40), fill="white")
    assert difference(torn, whole)[1] > WORST_LIMIT
