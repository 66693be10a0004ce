"""Plotly to PNG through the worker's code, against the bare `Plotly.toImage` in a warm page of the same browser."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, interleaved
from longshore.settings import ROOT, settings
from workers.browser import browser
from workers.convert import convert
from workers.needs import BUNDLES, browser_path

FIGURE = ROOT / "tests" / "samples" / "plotly" / "showcase.json"
WIDTH, HEIGHT, SCALE = 1200, 800, 2.0
TO_IMAGE = "([figure, options]) => Plotly.toImage(figure, options)"


def measure(n: int) -> list[Figure]:
    """One figure: the ratio of the two medians."""
    from playwright.sync_api import sync_playwright

    program = browser_path(settings())
    if program is None:
        return []
    figure = json.loads(FIGURE.read_bytes())
    options = {"format": "png", "width": WIDTH, "height": HEIGHT, "scale": SCALE}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        chromium = playwright.chromium.launch(executable_path=str(program), args=["--disable-gpu"])
        page = chromium.new_page()
        page.add_script_tag(path=str(settings().assets / BUNDLES["plotly"]))

        def bare() -> bytes:
            return base64.b64decode(page.evaluate(TO_IMAGE, [figure, options]).partition(",")[2])

        def ours() -> None:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                convert(
                    FIGURE,
                    "plotly",
                    "png",
                    title="Benchmark",
                    given={"width": WIDTH, "height": HEIGHT, "scale": SCALE},
                    folder=Path(folder),
                    seconds=60,
                )

        our_median, bare_median = interleaved(ours, bare, n)
        chromium.close()
    browser().close()
    ratio = our_median / bare_median
    name = "Plotly figure to PNG, warm, through the worker's code"
    return [Figure(name, "ms", our_median, bare_median, "Plotly.toImage in a bare warm page", ratio, 1.15, n)]
