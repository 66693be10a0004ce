from __future__ import annotations

import base64
import io
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from PIL import Image

from longshore.errors import BadDocument, Refused
from workers.renderers._excalidraw_night import darkened

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "excalidraw"
GOOD = sorted(path for path in SAMPLES.glob("*") if path.is_file())
BOX = {"type": "rectangle", "id": "a", "x": 0, "y": 0, "width": 100, "height": 50}

Draw = Callable[..., tuple[bytes, list[str]]]


def scene(*elements: dict[str, Any], **parts: Any) -> str:
    return json.dumps({"type": "excalidraw", "version": 2, "elements": elements, "appState": {}, "files": {}} | parts)


def words(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "x": 0, "y": 0, "width": 200, "height": 25, "text": text} | fields


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGBA")


@pytest.mark.browser
@pytest.mark.parametrize("form", ["svg", "png"])
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_drawing_comes_out_the_same_whatever_was_drawn_before(draw: Draw, path: Path, form: str) -> None:
    first, warnings = draw("excalidraw", path, form)
    draw("excalidraw", SAMPLES / "shapes.excalidraw", form, theme="dark")
    assert draw("excalidraw", path, form)[0] == first
    assert warnings == [] or path.stem in {"pictures", "empty"}


@pytest.mark.browser
def test_the_letters_are_inside_and_only_those_that_are_needed(draw: Draw) -> None:
    svg = draw("excalidraw", SAMPLES / "showcase.excalidraw", "svg")[0].decode()
    fonts = dict(re.findall(r'font-family: "?([\w ]+)"?; src: url\("data:font/woff2;base64,([^"]+)"\)', svg))
    assert {"Excalifont", "Xiaolai", "Cascadia", "Virgil", "Nunito", "Lilita One"} <= fonts.keys()
    assert max(map(len, fonts.values())) < 20_000
    assert "render.invalid" not in svg
    assert "http" not in re.sub(r'xmlns[:\w]*="[^"]+"|https://example.com/mail', "", svg)
    for said in ("顾客", "倉庫", "Открыто", "מי משלם", "📦"):
        assert said in svg


@pytest.mark.browser
def test_the_hand_drawn_letters_reach_pictures_and_pdf(draw: Draw) -> None:
    from pypdf import PdfReader

    text = scene(words("Hamburg 中文", fontFamily=5))
    page = PdfReader(io.BytesIO(draw("excalidraw", text, "pdf")[0])).pages[0]
    names = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert any("Excalifont" in name for name in names), names
    assert any("Xiaolai" in name for name in names), names
    hand, print_ = (draw("excalidraw", scene(words("Hamburg", fontFamily=font)), "png")[0] for font in (5, 2))
    assert hand != print_


@pytest.mark.browser
def test_canvas_and_svg_show_the_same(draw: Draw) -> None:
    content, warnings = draw("excalidraw", SAMPLES / "pictures.excalidraw", "png", scale=1.0)
    svg = draw("excalidraw", SAMPLES / "pictures.excalidraw", "svg")[0].decode()
    by_canvas, by_svg = picture(content), picture(draw("svg", svg, "png", scale=1.0)[0])
    assert abs(by_canvas.width - by_svg.width) <= 1
    for place in ((60, 100), (620, 100), (760, 60), (840, 80), (1000, 280), (60, 320), (450, 220)):
        pairs = zip(by_canvas.getpixel(place), by_svg.getpixel(place), strict=True)
        assert max(abs(one - other) for one, other in pairs) < 24, place
    assert [re.sub(r"\W.*", "", warning) for warning in warnings] == ["Left", "Pictures", "Web"]


@pytest.mark.browser
def test_settings_reach_the_drawing(draw: Draw) -> None:
    text = scene(BOX | {"roughness": 0, "backgroundColor": "#a5d8ff"}, appState={"viewBackgroundColor": "#fdf8f6"})
    own = picture(draw("excalidraw", text, "png", padding=10, scale=2.0)[0])
    assert own.size == (240, 140)
    assert own.getpixel((2, 2)) == (0xFD, 0xF8, 0xF6, 255)
    assert picture(draw("excalidraw", text, "png", background="transparent")[0]).getpixel((2, 2))[3] == 0
    assert picture(draw("excalidraw", text, "png", background="#102030")[0]).getpixel((2, 2)) == (16, 32, 48, 255)
    assert picture(draw("excalidraw", text, "png", width=60, padding=0, scale=1.0)[0]).size == (60, 30)
    assert picture(draw("excalidraw", text, "jpeg", background="transparent")[0]).getpixel((2, 2)) == (
        255,
        255,
        255,
        255,
    )
    wide = draw("excalidraw", text, "svg", width=333, background="transparent")[0].decode()
    assert 'width="333"' in wide
    assert "fill:#fdf8f6" in draw("excalidraw", text, "svg")[0].decode()
    assert "fill:#fdf8f6" not in wide


@pytest.mark.browser
def test_the_dark_theme_turns_colours_and_not_pictures(draw: Draw) -> None:
    night = draw("excalidraw", SAMPLES / "showcase.excalidraw", "svg", theme="dark")[0].decode()
    assert "fill:#121212" in night
    assert "invert" not in night
    shot = picture(draw("excalidraw", SAMPLES / "pictures.excalidraw", "png", theme="dark", scale=1.0)[0])
    assert shot.getpixel((200, 60))[:3] == (0xE7, 0xF5, 0xFF)


@pytest.mark.parametrize(
    ("light", "dark"),
    [("#ffffff", "#121212"), ("#1e1e1e", "#d3d3d3"), ("transparent", "transparent"), ("nocolour", "nocolour")],
)
def test_a_colour_in_the_dark_is_the_one_that_excalidraw_shows(light: str, dark: str) -> None:
    assert darkened(light) == dark


@pytest.mark.browser
def test_what_was_deleted_is_gone_everywhere(draw: Draw) -> None:
    for form in ("svg", "html", "json", "md"):
        assert b"must not be seen" not in draw("excalidraw", SAMPLES / "showcase.excalidraw", form)[0]


@pytest.mark.browser
def test_frames_clip_what_is_in_them(draw: Draw) -> None:
    frame = {"type": "frame", "id": "f", "x": 0, "y": 0, "width": 100, "height": 100, "name": "Frame"}
    inside = BOX | {"width": 300, "frameId": "f", "backgroundColor": "#ff0000", "roughness": 0, "strokeWidth": 1}
    svg = draw("excalidraw", scene(inside, frame), "svg")[0]
    assert etree.fromstring(svg).xpath("//*[@clip-path]"), "a plain attribute, without a namespace"
    for shot in (
        draw("excalidraw", scene(inside, frame), "png", scale=1.0),
        draw("svg", svg.decode(), "png", scale=1.0),
    ):
        reds = [x for x in range(picture(shot[0]).width) if picture(shot[0]).getpixel((x, 60))[:3] == (255, 0, 0)]
        assert 90 < len(reds) < 105


@pytest.mark.browser
def test_right_aligned_hebrew_ends_where_its_box_ends(draw: Draw) -> None:
    text = scene(words("שלום עולם", textAlign="right", fontFamily=2))
    shots = [picture(draw("excalidraw", text, "png", scale=1.0)[0])]
    shots.append(picture(draw("svg", draw("excalidraw", text, "svg")[0].decode(), "png", scale=1.0)[0]))
    for shot in shots:
        ink = shot.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
        assert ink is not None
        assert 208 < ink[2] <= 217, "16 of padding and 200 of text"


@pytest.mark.browser
@pytest.mark.parametrize("path", sorted((SAMPLES / "nasty").glob("*")), ids=lambda path: path.stem)
def test_a_hostile_drawing_carries_nothing_out(draw: Draw, path: Path) -> None:
    svg = draw("excalidraw", path, "svg")[0].decode()
    for sign in ("<script", "onload=", "javascript:", "127.0.0.1", "file:", "url(x)"):
        assert not re.search(rf"<[^>]*{re.escape(sign)}", svg), sign
    assert b"<script" not in draw("excalidraw", path, "html")[0]


@pytest.mark.browser
def test_without_seeds_the_pen_is_the_same_every_time(draw: Draw) -> None:
    text = scene(
        *(
            {**BOX, "x": 120 * column, "fillStyle": "hachure", "seed": seed}
            for column, seed in enumerate((None, 0, "x"))
        )
    )
    assert draw("excalidraw", text, "svg")[0] == draw("excalidraw", text, "svg")[0]


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ({"type": "rectangle", "x": "left"}, r"Element 1 \(rectangle\): x is text, not a number"),
        ({"type": "rectangle", "x": True}, "x is true or false"),
        ({"type": "rectangle", "x": 10**400}, "beyond what can be drawn"),
        ({"type": "ellipse", "width": 500_000}, "width is 500,000; up to 100,000"),
        ({"type": "line", "points": [[0, 0], [1]]}, r"points\[1\] is not a pair"),
        ({"type": "line", "points": [[0, 0], [1, None]]}, r"points\[1\] is null"),
        ({"type": "text", "text": 5}, "text is a number, not text"),
        ({"type": "frame", "name": []}, "name is a list, not text"),
        ("rectangle", "Element 1 is text, not an object"),
    ],
    ids=["text", "boolean", "digits", "wide", "half-a-point", "null", "number", "name", "no-object"],
)
def test_a_broken_element_is_told_by_its_number(draw: Draw, element: Any, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        draw("excalidraw", scene(element), "svg")


def test_a_drawing_that_would_take_hours_is_refused_before_it_is_drawn(draw: Draw) -> None:
    with pytest.raises(BadDocument, match="20,001 elements"):
        draw("excalidraw", scene(*([BOX] * 20_001)), "svg")
    with pytest.raises(BadDocument, match="points"):
        draw("excalidraw", scene({"type": "line", "points": [[i, 0] for i in range(200_001)]}), "svg")
    with pytest.raises(BadDocument, match="letters"):
        draw("excalidraw", scene(words("a" * 1_000_001)), "svg")
    hatched = {"type": "line", "points": [[0, 0], [9e5, 9e5]], "backgroundColor": "red", "fillStyle": "hachure"}
    with pytest.raises(BadDocument, match="strokes"):
        draw("excalidraw", scene(*[hatched | {"strokeWidth": 1}]), "svg")


@pytest.mark.browser
def test_pictures_too_large_for_one_attribute_are_refused(draw: Draw) -> None:
    image = BOX | {"type": "image", "fileId": "f"}
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(7_000_000)).decode()
    with pytest.raises(BadDocument, match="7,000,008 bytes"):
        draw("excalidraw", scene(image, files={"f": {"dataURL": url}}), "svg")


@pytest.mark.browser
def test_a_drawing_larger_than_a_picture_may_be_is_refused(draw: Draw) -> None:
    far = scene(BOX, BOX | {"x": 500_000})
    with pytest.raises(Refused, match="smaller width"):
        draw("excalidraw", far, "png")
    assert draw("excalidraw", far, "png", width=1000)[0].startswith(b"\x89PNG")


def test_the_outline_tells_frames_texts_and_connections(draw: Draw) -> None:
    told = draw("excalidraw", SAMPLES / "showcase.excalidraw", "md")[0].decode()
    for line in (
        "## Shop 店铺\n\n- Customer 顾客 🛒\n- Cart\n",
        "- E-mail (https://example.com/mail)\n",
        "- Customer 顾客 🛒 → Cart: adds\n",
        "- Cart → Paid? 支付成功\n",
        "- Shipping 📦 ↔ E-mail",
        "- orders a day\n",
    ):
        assert line in told
    assert told.count("Cart") == 3
    by_hand = draw("excalidraw", SAMPLES / "hand-made.json", "md")[0].decode()
    assert "- Idea 💡 → " in by_hand


def test_json_is_the_file_that_excalidraw_opens_again(draw: Draw) -> None:
    content, warnings = draw("excalidraw", SAMPLES / "clipboard.json", "json")
    saved = json.loads(content)
    assert (saved["type"], saved["version"], len(saved["elements"])) == ("excalidraw", 2, 4)
    assert saved["elements"][0]["id"] == "old-1"
    assert warnings == []
    assert draw("excalidraw", content.decode(), "json")[0] == content
    lone, warnings = draw("excalidraw", scene(words("a\ud800")), "json")
    assert json.loads(lone)["elements"][0]["text"] == "a\ufffd"
    assert "Halves" in warnings[0]


@pytest.mark.browser
def test_forms_other_than_the_saved_file_are_read(draw: Draw) -> None:
    for text in (json.dumps({"elements": [BOX]}), json.dumps([BOX]), scene(BOX, type="excalidraw/clipboard")):
        assert b"<path" in draw("excalidraw", text, "svg")[0]
    old = draw("excalidraw", SAMPLES / "clipboard.json", "svg")[0].decode()
    assert "font-family: Virgil" in old


@pytest.mark.browser
def test_the_page_holds_the_drawing_inline_and_no_script(draw: Draw) -> None:
    page = draw("excalidraw", SAMPLES / "showcase.excalidraw", "html")[0].decode()
    assert "<svg" in page
    assert "支付成功" in page
    assert "<script" not in page
    assert "font-src data:" in page


ODD: tuple[Any, ...] = (
    None, 0, -1, 1e-9, 99_999, 1e6, -1e6, 2**40, "", "#fff", "\u0000", "\ud83d", "<b>&", True, [], {}, [1], [[1, 2]],
    {"type": {}}, [1, None], {"x": 1}, "data:image/png;base64,AAAA",
)  # fmt: skip
"""What a field may hold in place of what it should."""


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with every key of it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in [(value, key), *places(one)]]


@pytest.mark.browser
@pytest.mark.slow
def test_whatever_stands_in_a_field_the_end_is_a_file_or_a_word(draw: Draw, record_property: Any) -> None:
    dice = random.Random(20070101)
    files = ended = 0
    until = time.monotonic() + 30
    while time.monotonic() < until:
        document = json.loads(dice.choice([path for path in GOOD if path.stem != "empty"]).read_text())
        document["elements"] = dice.sample(document["elements"], min(8, len(document["elements"])))
        for _ in range(dice.choice((1, 1, 3, 8))):
            container, key = dice.choice(places(document))
            container[key] = json.loads(json.dumps(dice.choice(ODD)))
        try:
            files += bool(draw("excalidraw", json.dumps(document), dice.choice(("svg", "png", "md", "json")))[0])
        except (BadDocument, Refused):
            ended += 1
    record_property("target", "100 files, no crash")
    record_property("figure", f"{files} files, {ended} refused")
    assert files > 100
