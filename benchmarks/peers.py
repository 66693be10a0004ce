"""Rendering through the worker's code, against the program that people would use instead. A peer may be missing."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, interleaved
from longshore.settings import ROOT, settings
from workers.browser import browser
from workers.convert import convert
from workers.needs import browser_path

SAMPLES = ROOT / "tests" / "samples"
ONE_SHOTS = 5
"""Runs of what takes seconds."""


def measure(n: int) -> list[Figure]:
    """A line for each format and peer that is here."""
    program = browser_path(settings())
    if program is None:
        return _without("The peers of rendering are left out: no browser is installed.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = [*_kaleido(folder, program, n), *_mmdc(folder, program), *_weasyprint(folder), *_pillow(folder, n)]
    browser().close()
    return figures


def _without(why: str) -> list[Figure]:
    print(why, file=sys.stderr)
    return []


def _ours(folder: Path, source: Path, kind: str, form: str, **given: Any) -> Callable[[], object]:
    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            convert(source, kind, form, title="Benchmark", given=given, folder=Path(out), seconds=60)

    return run


def _figure(
    name: str, peer_name: str, ours: Callable[[], object], peer: Callable[[], object], target: float, n: int
) -> Figure:
    mine, other = interleaved(ours, peer, n, warm_up=2)
    return Figure(name, "ms", mine, other, peer_name, mine / other, target, n)


def _kaleido(folder: Path, program: Path, n: int) -> Iterator[Figure]:
    if importlib.util.find_spec("kaleido") is None:
        _without("kaleido is not installed: its lines are left out.")
        return
    import kaleido

    logging.getLogger("choreographer").setLevel(logging.CRITICAL)  # it tells of its own last words at length
    os.environ["BROWSER_PATH"] = str(program)
    source = SAMPLES / "plotly" / "showcase.json"
    figure = json.loads(source.read_bytes())
    figure = {"data": figure["data"], "layout": figure.get("layout", {})}
    size = {"width": 1200, "height": 800}

    def drawn(form: str) -> Callable[[], object]:
        scale = 2 if form == "png" else 1
        return lambda: kaleido.calc_fig_sync(figure, opts={"format": form, "scale": scale, **size})

    def ours(form: str) -> Callable[[], object]:
        return _ours(folder, source, "plotly", form, **size, **({"scale": 2.0} if form == "png" else {}))

    kaleido.start_sync_server(silence_warnings=True)
    for form in ("png", "svg", "pdf"):
        name = f"Plotly figure to {form.upper()}, warm"
        yield _figure(name, "kaleido's server", ours(form), drawn(form), 0.5, max(5, n // 3))
    kaleido.stop_sync_server(silence_warnings=True)
    yield _figure("Plotly figure to PNG", "kaleido, one shot", ours("png"), drawn("png"), 0.1, ONE_SHOTS)


def _mmdc(folder: Path, program: Path) -> list[Figure]:
    own = settings().home.resolve() / "bench" / "node_modules" / ".bin" / "mmdc"
    mmdc = shutil.which("mmdc") or (str(own) if own.is_file() else None)
    if mmdc is None:
        return _without("mmdc is not here: its line is left out. `make bench` installs it where there is npm.")
    source = next((SAMPLES / "mermaid").glob("showcase.*"))
    options = folder / "puppeteer.json"
    options.write_text(json.dumps({"executablePath": str(program), "args": ["--no-sandbox"]}), encoding="utf-8")
    command = [mmdc, "-q", "-p", str(options), "-i", str(source), "-o", str(folder / "mmdc.svg")]

    def peer() -> None:
        subprocess.run(command, check=True, capture_output=True)

    ours = _ours(folder, source, "mermaid", "svg")
    return [_figure("Mermaid diagram to SVG", "mmdc", ours, peer, 0.15, ONE_SHOTS)]


def _weasyprint(folder: Path) -> list[Figure]:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # the wheel needs Pango on the machine
        return _without(f"weasyprint is not here: its line is left out ({error}).")
    page = folder / "note.html"
    note = SAMPLES / "markdown" / "showcase.md"
    long = folder / "note.md"
    long.write_text(note.read_text(encoding="utf-8") * 8, encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=folder) as out:
        made, _ = convert(long, "markdown", "html", title="Note", given={}, folder=Path(out), seconds=60)
        page.write_bytes(made.read_bytes())

    def peer() -> None:
        weasyprint.HTML(filename=str(page)).write_pdf()

    ours = _ours(folder, page, "html", "pdf")
    return [_figure("HTML page to PDF", "weasyprint", ours, peer, 0.15, ONE_SHOTS)]


def _pillow(folder: Path, n: int) -> list[Figure]:
    from PIL import Image

    source = folder / "photo.jpg"
    noise = Image.effect_noise((750, 500), 60).resize((6000, 4000), Image.Resampling.BICUBIC)
    Image.merge("RGB", (noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).save(
        source, quality=90
    )

    def peer() -> None:
        with Image.open(io.BytesIO(source.read_bytes())) as picture:
            picture.thumbnail((1024, 1024))
            picture.save(io.BytesIO(), "JPEG", quality=90)

    ours = _ours(folder, source, "image", "jpeg", width=1024)
    return [_figure("24 MP JPEG to 1024 px", "Pillow", ours, peer, 0.7, max(5, n // 2))]
