from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import forget
from tests.fakes.web import Server, answer
from tests.workers.test_pictures import BLUE, png
from workers.convert import convert
from workers.renderers._missing import MOST, missing


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answers["/a.png"] = answer(png())
    yield one
    one.close()


def documents(at: str) -> dict[str, str]:
    """A document of each kind that shows the picture at an address."""
    shape = {"id": "shape:a", "typeName": "shape", "type": "image", "parentId": "page:p", "index": "a1", "x": 0, "y": 0}
    records = {
        "page:p": {"id": "page:p", "typeName": "page", "name": "", "index": "a1"},
        "asset:a": {"id": "asset:a", "typeName": "asset", "type": "image", "props": {"src": at, "w": 80, "h": 80}},
        "shape:a": shape | {"props": {"assetId": "asset:a", "w": 80, "h": 80}},
    }
    return {
        "markdown": f"# Note\n\n![alt]({at})\n",
        "html": f"<p>Page</p><img src='{at}' width=80 height=80>",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80"><image href="{at}" width="80"'
        ' height="80"/></svg>',
        "canvas": json.dumps({"shapes": [{"type": "image", "src": at, "width": 80, "height": 80}]}),
        "tldraw": json.dumps({"store": records, "schema": {"schemaVersion": 2}}),
        "plotly": json.dumps({"data": [{"y": [1, 2]}], "layout": {"images": [{"source": at} | PLACE]}}),
    }


PLACE = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "sizex": 1, "sizey": 1, "sizing": "stretch"}
"""Where the picture lies in a chart: over all of it."""


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[bytes, list[str]]]:
    def run(kind: str, text: str, form: str, *, allowed: bool = True) -> tuple[bytes, list[str]]:
        monkeypatch.setenv("LONGSHORE_REMOTE_IMAGES", str(allowed))
        forget()
        source, folder = tmp_path / "source", tmp_path / "out"
        source.write_text(text, encoding="utf-8")
        folder.mkdir(exist_ok=True)
        document, render = convert(source, kind, form, title="T", given={}, folder=folder, seconds=30)
        return document.read_bytes(), render.warnings

    return run


KINDS = sorted(documents(""))


def drawn(kind: str) -> str:
    return "html" if kind in {"markdown", "html", "plotly"} else "svg"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_elsewhere_is_part_of_the_file(server, export, kind):
    content, warnings = export(kind, documents(f"{server.at}/a.png")[kind], drawn(kind))
    assert b"data:image/png;base64," in content
    assert missing().encode() not in content
    assert server.at.encode() not in content
    assert warnings == []
    assert server.asked == ["/a.png"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_unless_the_operator_allows_it(server, export, kind):
    content, warnings = export(kind, documents(f"{server.at}/a.png")[kind], drawn(kind), allowed=False)
    assert base64.b64encode(png()) not in content
    assert server.at.encode() not in content
    assert len(warnings) == 1
    assert server.asked == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_may_not_be_had_becomes_a_placeholder_with_a_reason(server, export, kind):
    address = "http://169.254.169.254/latest/meta-data/iam?token=secret"
    content, warnings = export(kind, documents(address)[kind], drawn(kind))
    assert content
    assert any("169.254.169.254 leads to a network that may not be reached" in warning for warning in warnings)
    assert not any("secret" in warning for warning in warnings)


@pytest.mark.parametrize("kind", ["canvas", "html", "markdown", "tldraw"])
def test_text_formats_fetch_nothing(server, export, kind):
    export(kind, documents(f"{server.at}/a.png")[kind], "json")
    assert server.asked == []


def test_a_drawing_elsewhere_is_cleaned_and_fetches_nothing_more(server, export):
    inner = f'<image href="{server.at}/a.png" width="9" height="9"/><rect width="9" height="9" onclick="run()"/>'
    svg = f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{inner}</svg>'
    server.answers["/badge.svg"] = answer(svg.encode())
    content, warnings = export("markdown", documents(f"{server.at}/badge.svg")["markdown"], "html")
    assert b"data:image/svg+xml;base64," in content
    assert server.asked == ["/badge.svg"]
    assert any("Left out of the SVG" in warning for warning in warnings)


@pytest.mark.browser
def test_the_picture_shows_in_pixels(server, export):
    content, warnings = export("html", documents(f"{server.at}/a.png")["html"], "png")
    with Image.open(io.BytesIO(content)) as picture:
        assert BLUE in {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=2**20)}
    assert warnings == []


@pytest.mark.browser
@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_chart_shows_the_picture_or_a_box_in_its_place(server, export, form):
    document = documents(f"{server.at}/a.png")["plotly"]
    fetched, warnings = export("plotly", document, form)
    assert warnings == []
    boxed, warnings = export("plotly", document, form, allowed=False)
    assert ["A box stands for a picture at 127.0.0.1" in warning for warning in warnings] == [True]
    if form == "svg":
        assert base64.b64encode(png()) in fetched
        assert missing().encode() in boxed
    else:
        assert BLUE in colours(fetched)
        assert BLUE not in colours(boxed)
        assert (241, 243, 245) in colours(boxed)
    assert server.asked == ["/a.png"]


@pytest.mark.browser
def test_a_vega_chart_shows_a_box_for_a_picture_elsewhere(server, export):
    mark = {"type": "image", "url": f"{server.at}/a.png", "width": 80, "height": 80}
    spec = {"data": {"values": [{"a": 1}]}, "mark": mark, "encoding": {"x": {"field": "a", "type": "quantitative"}}}
    content, warnings = export("vega", json.dumps(spec), "svg", allowed=False)
    assert missing().encode() in content
    assert any("shown as boxes" in warning for warning in warnings)


def test_a_drawing_shows_a_box_for_a_picture_elsewhere_and_no_end_of_them(server, export):
    many = f'<image href="{server.at}/a.png" width="80" height="80"/>' * (MOST + 50)
    content, warnings = export(
        "svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80">{many}</svg>', "svg", allowed=False
    )
    assert content.count(missing().encode()) == MOST
    assert len(warnings) == 1


def colours(content: bytes) -> set[object]:
    with Image.open(io.BytesIO(content)) as picture:
        return {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=2**20) or []}
