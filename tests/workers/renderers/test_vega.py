from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from longshore.errors import BadDocument, Permanent, Transient
from tests.workers.browser.canary import canary
from workers.browser import ScriptError, browser
from workers.browser._network import closed_context
from workers.renderers import vega
from workers.renderers._missing import missing
from workers.renderers._svg_clean import SVG
from workers.renderers.base import SETTINGS, Document, Render

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "vega"

Draw = Callable[..., tuple[bytes, list[str]]]

VALUES = {"values": [{"a": "x", "b": 3}, {"a": "y", "b": 5}]}
ENCODING = {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}}
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def lite(**changes: Any) -> str:
    return json.dumps({"data": VALUES, "mark": "bar", "encoding": ENCODING} | changes)


def plain(**parts: Any) -> str:
    return json.dumps({"$schema": "https://vega.github.io/schema/vega/v6.json", "width": 90, "height": 60} | parts)


def calculated(expression: str) -> str:
    encoding = {**ENCODING, "y": {"field": "c", "type": "quantitative"}}
    return lite(transform=[{"calculate": expression, "as": "c"}], encoding=encoding)


def hrefs(svg: bytes, tag: str) -> set[str]:
    """The links or pictures of a drawing."""
    elements = etree.fromstring(svg).iter(f"{{{SVG}}}{tag}")
    return {str(value) for one in elements for name, value in one.attrib.items() if str(name).endswith("href")}


@pytest.mark.browser
@pytest.mark.parametrize("form", ["svg", "png", "jpeg", "webp", "pdf"])
def test_the_showcase_is_drawn_the_same_every_time(draw: Draw, form: str) -> None:
    first, warnings = draw("vega", SAMPLES / "showcase.json", form)
    assert draw("vega", SAMPLES / "showcase.json", form)[0] == first
    assert warnings == []
    if form == "svg":
        assert "在途包裹" in first.decode()
        assert "Sea 🚢 海运" in first.decode()


@pytest.mark.browser
def test_the_pdf_is_one_page_of_text_and_vectors(draw: Draw) -> None:
    pages = PdfReader(io.BytesIO(draw("vega", SAMPLES / "text-table.vl.json", "pdf")[0])).pages
    assert len(pages) == 1
    assert "berth" in pages[0].extract_text()
    assert list(pages[0].images) == []


@pytest.mark.browser
def test_chance_rolls_the_same_dice_after_other_charts(draw: Draw) -> None:
    sample = SAMPLES / "many-points.vl.json"
    first = draw("vega", sample, "svg")[0]
    draw("vega", calculated("random()"), "svg")
    assert draw("vega", sample, "svg")[0] == first


@pytest.mark.browser
@pytest.mark.parametrize(
    ("spec", "drawn"),
    [
        (lite(), "rect"),
        (plain(marks=[{"type": "rect", "encode": {"enter": {"width": {"value": 9}, "height": {"value": 9}}}}]), "rect"),
        (json.dumps({"marks": [{"type": "symbol"}], "width": 20, "height": 20}), "symbol"),
        (json.dumps({"hconcat": [{"data": VALUES, "mark": "tick", "encoding": ENCODING}]}), "rect"),
    ],
)
def test_the_language_is_told_with_and_without_schema(draw: Draw, spec: str, drawn: str) -> None:
    assert f"mark-{drawn} role-mark" in draw("vega", spec, "svg")[0].decode()


@pytest.mark.browser
def test_settings_reach_the_chart(draw: Draw) -> None:
    def corner(form: str, **asked: Any) -> tuple[tuple[int, int], Any]:
        image = Image.open(io.BytesIO(draw("vega", SAMPLES / "showcase.json", form, scale=1, **asked)[0]))
        return image.size, image.convert("RGBA").getpixel((1, 1))

    (width, height), white = corner("png")
    assert white == (255, 255, 255, 255)
    assert corner("png", width=400)[0] == (400, round(400 * height / width))
    assert corner("png", padding=45)[0] == (width + 80, height + 80)
    assert corner("png", background="transparent")[1][3] == 0
    assert corner("jpeg", background="transparent")[1] == (255, 255, 255, 255)
    assert corner("png", theme="dark")[1] == (27, 31, 39, 255)
    assert corner("png", theme="dark", background="#ff0000")[1] == (255, 0, 0, 255)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (calculated("datum.b +"), r"transform\[0\]\.calculate: Unexpected end of input"),
        (calculated("frob(datum.b)"), "Unrecognized function: frob"),
        (calculated("datum.z.q.r"), "Cannot read properties"),
        (calculated("now()"), r"now\(\) is not known while drawing"),
        (lite(encoding={"x": {"field": "a", "type": "quantum"}}), r'encoding\.x\.type is "quantum"'),
        (lite(height=1e9), r"height is 1e\+09 pixels"),
        (lite(encoding={"x": {"field": "a", "type": "nominal", "sort": {"op": 5}}}, transform=5), "another form than"),
        (plain(data=[{"name": "t", "values": [1], "transform": [{"type": "frob"}]}], marks=[]), "frob"),
        (plain(marks=[{"type": "rect", "from": {"data": "nope"}}]), "nope"),
        (plain(signals=[{"name": "a", "update": "b"}, {"name": "b", "update": "a"}], marks=[]), "Cycle"),
        (plain(signals=[{"name": "a", "update": "length(sequence(1e9))"}], marks=[]), "1,000,000 values"),
        (
            plain(signals=[{"name": "u", "value": "http://x.test/a"}], data=[{"name": "t", "url": {"signal": "u"}}]),
            r"data\[0\]\.url is not loaded: put the values inside",
        ),
    ],
)
def test_a_mistake_is_told_in_vegas_words_and_where(draw: Draw, spec: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        draw("vega", spec, "svg")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not-json", "line 2, column 20"),
        ("unknown-mark", r'hconcat\[1\]\.mark is "bubbles"'),
        ("remote-data", r"data\.url is not loaded: put the values inside, as data\.values"),
        ("local-file", r"data\[0\]\.url is not loaded"),
        ("lookup-elsewhere", r"transform\[0\]\.from\.data\.url"),
        ("no-chart", "neither Vega-Lite"),
    ],
)
def test_what_no_drawing_is_needed_for_is_told_before_one(draw: Draw, name: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        draw("vega", SAMPLES / "broken" / f"{name}.json", "html")


@pytest.mark.browser
def test_nothing_is_called_and_every_loss_is_told(draw: Draw) -> None:
    with canary() as bird:
        at = f"http://127.0.0.1:{bird.port}"
        links = [f"{at}/a.png", f"//127.0.0.1:{bird.port}/b", "file:///etc/passwd", "javascript:alert(1)", DOT]
        pictures = lite(
            data={"values": [{"u": link} for link in links]},
            mark={"type": "image", "width": 9, "height": 9},
            encoding={"url": {"field": "u", "type": "nominal"}, "href": {"field": "u"}, "x": {"field": "u"}},
            usermeta={"embedOptions": {"loader": {"baseURL": at}}},
            background=f"url({at}/background)",
        )
        for form in ("svg", "png", "pdf"):
            content, warnings = draw("vega", pictures, form)
            assert any("4 picture(s) at an address are shown as boxes" in one for one in warnings)
            if form == "svg":
                assert hrefs(content, "image") == {DOT, missing()}
                assert hrefs(content, "a") == {links[0]}
                assert b"url(http" not in content
        dynamic = plain(
            signals=[{"name": "u", "value": f"{at}/signal"}],
            data=[{"name": "t", "transform": [{"type": "load", "url": {"signal": "u"}, "as": "x"}], "values": [1]}],
            marks=[{"type": "rect", "from": {"data": "t"}}],
        )
        with pytest.raises(BadDocument):
            draw("vega", dynamic, "svg")
        time.sleep(1)
        assert bird.hits == []


@pytest.mark.browser
def test_pictures_the_operator_allows_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "pictures.json"
    links = ["https://x.test/a.png", "https://x.test/gone.png"]
    encoding = {"url": {"field": "u", "type": "nominal"}, "y": {"field": "u", "axis": None}}
    mark = {"type": "image", "width": 9, "height": 9}
    path.write_text(lite(data={"values": [{"u": one} for one in links]}, mark=mark, encoding=encoding))

    def fetch(url: str, _seconds: float) -> bytes:
        if "gone" in url:
            raise Transient("It is gone.")
        return base64.b64decode(DOT.partition(",")[2])

    render = Render(folder=tmp_path, settings=SETTINGS["svg"](), deadline=time.monotonic() + 30, fetch=fetch)
    assert hrefs(vega.to_svg(Document(path, "vega", "Pictures"), render).read_bytes(), "image") == {DOT, missing()}
    assert any("gone.png was not included" in one for one in render.warnings)
    assert any("1 picture(s) at an address are shown as boxes" in one for one in render.warnings)


@pytest.mark.browser
def test_no_text_is_compiled_in_the_page() -> None:
    turn = "await new Promise((go) => setTimeout(go, 0));"
    with pytest.raises(ScriptError, match="unsafe-eval"):
        browser().call("vega", f"async () => {{ {turn} return new Function('return 1')(); }}", None, seconds=30)
    assert browser().call("vega", "() => typeof vega.expressionInterpreter.operator", None, seconds=30) == "function"


@pytest.mark.browser
def test_an_endless_chart_is_stopped_and_the_next_one_drawn(draw: Draw, tmp_path: Path) -> None:
    path = tmp_path / "endless.json"
    backtracking = "test(regexp('^(a|a)*$'), pad('', 40, 'a') + 'b')"
    path.write_text(plain(signals=[{"name": "s", "update": backtracking}], marks=[]))
    render = Render(folder=tmp_path, settings=SETTINGS["svg"](), deadline=time.monotonic() + 3)
    with pytest.raises(Permanent, match="longer than"):
        vega.to_svg(Document(path, "vega", "Endless"), render)
    assert b"<svg" in draw("vega", lite(), "svg")[0]


@pytest.mark.browser
def test_the_live_page_draws_offline_and_runs_only_its_own_scripts(draw: Draw) -> None:
    spec = json.loads((SAMPLES / "selections.vl.json").read_text(encoding="utf-8"))
    spec["title"] = "</script><script>owned = 1</script><img src=x onerror='owned=1'>"
    page = draw("vega", json.dumps(spec), "html", theme="dark")[0].decode()
    assert "'unsafe-eval'" not in page.partition("<script")[0]

    def look(engine: Any) -> list[Any]:
        context = closed_context(engine.browser, scripts=True)
        shown = context.new_page()
        shown.set_content(page)
        shown.wait_for_selector("#chart svg .mark-symbol path", state="attached", timeout=20_000)
        count = "document.querySelectorAll('#chart .mark-symbol.role-mark path').length"
        slider = "document.querySelectorAll('#controls input[type=range]').length"
        seen = shown.evaluate(f"() => [{count}, {slider}, window.owned || 0]")
        context.close()
        return list(seen)

    assert browser()._render(look, 60) == [90, 1, 0]


@pytest.mark.browser
def test_the_live_page_says_what_is_wrong_with_it(draw: Draw) -> None:
    page = draw("vega", calculated("frob(1)"), "html")[0].decode()

    def look(engine: Any) -> str:
        context = closed_context(engine.browser, scripts=True)
        shown = context.new_page()
        shown.set_content(page)
        said = shown.evaluate("() => document.getElementById('chart').textContent")
        context.close()
        return str(said)

    assert browser()._render(look, 60) == "Vega says: Unrecognized function: frob"


@pytest.mark.parametrize(("link", "warned"), [("https://x.test/a.png", True), (DOT, False)])
def test_the_live_page_tells_which_pictures_it_lacks(draw: Draw, link: str, warned: bool) -> None:
    spec = lite(data={"values": [{"u": link}]}, mark="image", encoding={"url": {"field": "u"}})
    assert bool(draw("vega", spec, "html")[1]) == warned


def test_json_names_its_schema_and_holds_rows(draw: Draw) -> None:
    content = json.loads(draw("vega", SAMPLES / "text-table.vl.json", "json")[0])
    assert content["data"]["values"][2] == {"berth": "C3", "ships": "15", "note": "-3"}
    assert json.loads(draw("vega", lite(), "json")[0])["$schema"].endswith("/vega-lite/v6.json")
    assert json.loads(draw("vega", json.dumps({"marks": []}), "json")[0])["$schema"].endswith("/vega/v6.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lite(data={"values": list(range(500_001))}), "500,001 rows"),
        ('{"mark": "bar", "data": {"values": ' + "[" * 400 + "]" * 400 + "}}", "nested too deeply"),
        ('["mark"]', "not a JSON object"),
        (lite(data={"values": "a;b", "format": {"type": "dsv"}}), r"data\.format names no type"),
        (lite(data={"values": "{", "format": {"type": "json"}}), r"data\.values is not JSON"),
        (lite(datasets={"a": "x,y"}), "datasets"),
    ],
)
def test_what_cannot_be_read_is_refused(draw: Draw, text: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        draw("vega", text, "json")
