from __future__ import annotations

import hashlib
import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from workers.renderers import image
from workers.renderers._exif import exif
from workers.renderers.base import SETTINGS, BadDocument, Document, Refused, Render

SAMPLES = Path(__file__).parents[2] / "samples" / "image"
CONVERT = {
    "png": image.to_png,
    "jpeg": image.to_jpeg,
    "webp": image.to_webp,
    "avif": image.to_avif,
    "tiff": image.to_tiff,
    "pdf": image.to_pdf,
    "html": image.to_html,
    "json": image.to_json,
}


def converted(tmp_path: Path, content: bytes, form: str, **settings: object) -> tuple[bytes, list[str]]:
    source = tmp_path / "source"
    source.write_bytes(content)
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    render = Render(folder, SETTINGS[form](**settings), time.monotonic() + 60, title="A picture")
    return CONVERT[form](Document(source, "image", "A picture"), render).read_bytes(), render.warnings


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


SHOWCASE = (SAMPLES / "showcase.jpg").read_bytes()
GLASS = encoded(Image.new("RGBA", (40, 20), (255, 0, 0, 0)), "PNG")


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif", "tiff"])
@pytest.mark.parametrize("given", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_every_format_that_is_read_becomes_every_format_that_is_written(tmp_path, given, form):
    content, warnings = converted(tmp_path, encoded(Image.new("RGB", (60, 30), "#336699"), given), form)

    picture = opened(content)
    assert (picture.format, picture.size, warnings) == (form.upper(), (60, 30), [])
    assert picture.convert("RGB").getpixel((30, 15)) == pytest.approx((0x33, 0x66, 0x99), abs=3)


def test_a_picture_is_shrunk_into_the_box_that_was_asked_for(tmp_path):
    assert opened(converted(tmp_path, SHOWCASE, "png", width=300, height=300)[0]).size == (300, 200)


def test_a_picture_is_enlarged_only_by_an_explicit_scale(tmp_path):
    small = encoded(Image.new("RGB", (40, 20)), "PNG")

    content, warnings = converted(tmp_path, small, "png", width=400)
    assert opened(content).size == (40, 20)
    assert "not enlarged" in warnings[0]
    assert opened(converted(tmp_path, small, "png", scale=3)[0]).size == (120, 60)


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    content, _ = converted(tmp_path, encoded(Image.new("RGB", (60, 30)), "JPEG", exif=exif), "jpeg")

    picture = opened(content)
    assert picture.size == (30, 60)
    assert not picture.getexif()


def test_metadata_stays_behind(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    secret = encoded(Image.new("RGB", (60, 30)), "JPEG", exif=exif, comment=b"SECRET-COMMENT")
    assert b"SECRET" in secret

    for form in ("png", "jpeg", "webp", "avif", "tiff"):
        assert b"SECRET" not in converted(tmp_path, secret, form)[0]


def test_grey_and_ink_colours_become_srgb(tmp_path):
    grey = encoded(Image.new("L", (9, 9), 128), "PNG")
    ink = encoded(Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG")

    assert opened(converted(tmp_path, grey, "png")[0]).convert("RGB").getpixel((4, 4)) == (128, 128, 128)
    red, green, blue = opened(converted(tmp_path, ink, "png")[0]).convert("RGB").getpixel((4, 4))
    assert red > 180
    assert max(green, blue) < 80


@pytest.mark.parametrize(
    ("form", "settings", "pixel"),
    [
        ("png", {}, (255, 0, 0, 0)),
        ("png", {"background": "#00ff00"}, (0, 255, 0)),
        ("jpeg", {}, (255, 255, 255)),
        ("jpeg", {"background": "black"}, (0, 0, 0)),
        ("tiff", {}, (255, 0, 0, 0)),
    ],
)
def test_transparency_stays_unless_a_background_or_jpeg_needs_it_painted(tmp_path, form, settings, pixel):
    assert opened(converted(tmp_path, GLASS, form, **settings)[0]).getpixel((5, 5)) == pixel


def test_of_an_animation_the_first_frame_is_used_and_told(tmp_path):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    content, warnings = converted(tmp_path, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "png")

    assert opened(content).convert("RGB").getpixel((9, 9)) == (255, 0, 0)
    assert "3 frames" in warnings[0]


@pytest.mark.parametrize("path", sorted((SAMPLES / "broken").iterdir()), ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["png", "jpeg", "html"])
def test_a_broken_picture_is_refused_with_a_reason(tmp_path, path, form):
    with pytest.raises(BadDocument, match=r"The (picture|PNG picture|HEIC picture|document)\S* .*\."):
        converted(tmp_path, path.read_bytes(), form)


def test_a_bomb_is_refused_before_a_pixel_is_decoded(tmp_path):
    started = time.monotonic()
    with pytest.raises(BadDocument, match="65,000 x 65,000"):
        converted(tmp_path, (SAMPLES / "nasty" / "65000_squared.png").read_bytes(), "png")
    assert time.monotonic() - started < 5


def test_a_picture_that_would_become_too_large_is_refused(tmp_path):
    with pytest.raises(Refused, match="smaller"):
        converted(tmp_path, encoded(Image.new("1", (9000, 900)), "PNG"), "webp", scale=4)


@pytest.mark.parametrize(
    "content",
    [
        b"<svg/>",
        b"%PDF-1.7",
        b"BM\0\0",
        b"\0\0\0\x18ftypheic\0\0",
        b"\0\0\0\x14ftypmp42",
        b"#!/bin/sh\n",
        b"RIFFxxxxWAVE",
    ],
)
def test_only_the_known_formats_are_opened(tmp_path, content):
    with pytest.raises(BadDocument):
        converted(tmp_path, content, "png")


def test_json_tells_what_the_picture_is(tmp_path):
    facts = json.loads(converted(tmp_path, SHOWCASE, "json")[0])

    assert (facts["format"], facts["width"], facts["height"], facts["has_alpha"]) == ("jpeg", 1200, 800, False)
    assert facts["sha256"] == hashlib.sha256(SHOWCASE).hexdigest()
    assert facts["size"] == len(SHOWCASE)


def a_photograph(form: str, **options: object) -> bytes:
    exif = Image.Exif()
    for tag, value in ((0x0112, 6), (0x010F, "Nikon"), (0x0110, "NIKON Z 8"), (0x0132, "2031:05:01 00:00:00")):
        exif[tag] = value
    exif.get_ifd(0x8769).update({0x9003: "2031:04:17 10:30:00", 0x9011: "+02:00", 0xA434: "35mm f/1.8"})
    exif.get_ifd(0x8825).update({0: b"\x02\x03\0\0", 1: "N", 2: (53.0, 33.0, 0.0), 3: "E", 4: (9.0, 58.0, 0.0)})
    return encoded(Image.new("RGB", (60, 30)), form, exif=exif, **options)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_json_tells_when_and_with_what_a_photograph_was_taken_and_not_where(tmp_path, form):
    facts = json.loads(converted(tmp_path, a_photograph(form), "json")[0])
    assert facts["exif"] == {
        "orientation": 6,
        "date": "2031-04-17T10:30:00+02:00",
        "camera": "NIKON Z 8",
        "lens": "35mm f/1.8",
        "has_place": True,
    }
    assert (facts["width"], facts["height"], facts["orientation"]) == (30, 60, 6)
    assert facts["stored"] == {"width": 60, "height": 30}
    assert "53" not in json.dumps(facts["exif"])


@pytest.mark.parametrize(("form", "options", "told"), [
    ("JPEG", {"dpi": (300, 300)}, [300, 300]), ("PNG", {"dpi": (72, 144)}, [72, 144]),
    ("TIFF", {"dpi": (200, 200)}, [200, 200]), ("PNG", {}, None), ("WEBP", {}, None),
    ("JPEG", {}, None), ("TIFF", {}, None), ("GIF", {}, None),
])  # fmt: skip
def test_json_tells_the_dpi_where_the_picture_does(tmp_path, form, options, told):
    picture = encoded(Image.new("RGB", (60, 30)), form, **options)
    found = json.loads(converted(tmp_path, picture, "json")[0])["dpi"]
    assert found == (told and pytest.approx(told, abs=0.1))


def test_a_camera_s_block_that_is_broken_tells_what_it_can():
    whole = Image.Exif()
    whole[0x0112], whole[0x0110], whole[0x0132] = 3, "Z 8", "0000:00:00 00:00:00"
    block = whole.tobytes()
    assert exif(block) == {"orientation": 3, "camera": "Z 8", "has_place": False}
    for end in range(len(block)):
        exif(block[:end])
    for at in range(len(block)):
        exif(block[:at] + b"\xff" + block[at + 1 :])
    assert exif(b"no block") == {}


def test_the_web_page_holds_the_picture_itself(tmp_path):
    content, _ = converted(tmp_path, SHOWCASE, "html", width=600)

    assert b"data:image/jpeg;base64," in content
    assert b'width="600" height="400"' in content


@pytest.mark.browser
@pytest.mark.parametrize(
    ("settings", "width", "height"),
    [({}, 842, 562), ({"page_size": "a4"}, 595, 842), ({"page_size": "letter", "orientation": "landscape"}, 792, 612)],
)
def test_the_pdf_has_one_page_with_the_picture(tmp_path, settings, width, height):
    pages = PdfReader(io.BytesIO(converted(tmp_path, SHOWCASE, "pdf", **settings)[0])).pages

    assert len(pages) == 1
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == pytest.approx((width, height), abs=1)
    assert [picture.image.size for picture in pages[0].images] == [(1200, 800)]
