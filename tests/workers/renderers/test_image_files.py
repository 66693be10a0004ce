from __future__ import annotations

import io
import json
import time
from functools import cache

import pytest
from PIL import Image, ImageChops, ImageCms

from tests.workers.renderers.test_image import SAMPLES, SHOWCASE, converted, encoded, opened
from workers.renderers.base import BadDocument


@cache
def a_profile() -> bytes:
    """A sound RGB profile, which is not the one that libvips would write by itself."""
    # made once: a profile holds the second in which it was made
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif", "tiff"])
@pytest.mark.parametrize("settings", [{}, {"width": 40}])
def test_the_colour_profile_stays_though_everything_else_goes(tmp_path, form, settings):
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    photo = encoded(Image.new("RGB", (80, 40), "#c04020"), "JPEG", icc_profile=a_profile(), exif=exif)
    content, warnings = converted(tmp_path, photo, form, **settings)

    assert opened(content).info["icc_profile"] == a_profile()
    assert b"SECRET" not in content
    assert warnings == []


@pytest.mark.parametrize("form", ["jpeg", "png"])
@pytest.mark.parametrize(
    "profile",
    [b"junk", a_profile()[:200], bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())],
    ids=["junk", "cut off", "of no device"],
)
def test_a_profile_that_cannot_be_read_is_left_out_and_told(tmp_path, profile, form):
    content, warnings = converted(tmp_path, encoded(Image.new("RGB", (8, 8)), "JPEG", icc_profile=profile), form)

    assert "icc_profile" not in opened(content).info
    assert "profile cannot be read" in warnings[0]


def test_a_grey_profile_is_not_passed_on_with_colours(tmp_path):
    grey = Image.new("L", (8, 8), 90)
    content, _ = converted(tmp_path, encoded(grey, "PNG", icc_profile=a_profile()), "png")

    assert "icc_profile" not in opened(content).info


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif"])
def test_metadata_is_kept_where_that_was_asked_but_for_the_orientation(tmp_path, form):
    exif = Image.Exif()
    exif[0x010F] = "CAMERA"
    exif[0x0112] = 6
    photo = encoded(Image.new("RGB", (80, 40)), "JPEG", exif=exif)
    picture = opened(converted(tmp_path, photo, form, metadata="keep")[0])

    assert picture.size == (40, 80)
    assert picture.getexif()[0x010F].strip("\0 ") == "CAMERA"
    assert picture.getexif().get(0x0112, 1) == 1


def test_what_a_tiff_cannot_carry_is_told(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "CAMERA"
    photo = encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif)

    assert "cannot carry EXIF" in converted(tmp_path, photo, "tiff", metadata="keep")[1][0]
    assert converted(tmp_path, photo, "tiff")[1] == []


@pytest.mark.parametrize("form", ["png", "jpeg", "tiff"])
def test_the_resolution_is_written_into_the_file_and_changes_no_pixel(tmp_path, form):
    content, _ = converted(tmp_path, SHOWCASE, form, dpi=300)

    assert opened(content).info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert opened(content).size == (1200, 800)
    assert opened(content).tobytes() == opened(converted(tmp_path, SHOWCASE, form)[0]).tobytes()


def test_more_compression_makes_a_smaller_png_of_the_same_pixels(tmp_path):
    fast, usual, slow = (converted(tmp_path, SHOWCASE, "png", **one)[0] for one in
                         ({"compression": 0}, {}, {"compression": 9}))  # fmt: skip

    assert len(fast) > len(usual) > len(slow)
    assert opened(fast).tobytes() == opened(slow).tobytes()


def test_quality_counts_in_avif_and_tiff_loses_nothing(tmp_path):
    small, large = (len(converted(tmp_path, SHOWCASE, "avif", quality=one)[0]) for one in ("low", "ultra"))
    assert small < large / 2
    assert opened(converted(tmp_path, SHOWCASE, "tiff")[0]).tobytes() == opened(SHOWCASE).tobytes()


@pytest.mark.parametrize("form", ["png", "jpeg", "avif"])
def test_a_heic_of_a_phone_is_read(tmp_path, form):
    content, warnings = converted(tmp_path, (SAMPLES / "phone.heic").read_bytes(), form)

    picture, wanted = opened(content).convert("RGB"), opened(SHOWCASE).convert("RGB").resize((600, 400))
    assert picture.size == (600, 400)
    assert warnings == []
    for place in ((20, 20), (300, 200), (580, 380)):
        assert picture.getpixel(place) == pytest.approx(wanted.getpixel(place), abs=40)


def test_a_heic_larger_than_allowed_is_refused_before_its_pixels_are_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.renderers._pixels.MAX_PIXELS", 1000)
    with pytest.raises(BadDocument, match="600 x 400 pixels; 1,000 are allowed"):
        converted(tmp_path, (SAMPLES / "phone.heic").read_bytes(), "png")


def test_json_tells_of_avif_and_heic(tmp_path):
    for name, size in (("phone.heic", (600, 400)), ("petals.avif", (360, 240))):
        facts = json.loads(converted(tmp_path, (SAMPLES / name).read_bytes(), "json")[0])
        assert (facts["width"], facts["height"]) == size
        assert facts["media_type"] == f"image/{name.partition('.')[2]}"
        assert facts["has_alpha"] == (name == "petals.avif")


@pytest.mark.parametrize("given", ["JPEG", "WEBP"])
@pytest.mark.parametrize("turned", [1, 6, 8])
@pytest.mark.parametrize("width", [37, 90, 256, 599])
def test_shrinking_while_decoding_shows_the_same_as_shrinking_afterwards(tmp_path, given, turned, width):
    exif = Image.Exif()
    exif[0x0112] = turned
    whole = Image.open(SAMPLES / "showcase.jpg").convert("RGB")
    content, _ = converted(tmp_path, encoded(whole, given, quality=95, exif=exif), "png", width=width)

    upright = {1: whole, 6: whole.rotate(-90, expand=True), 8: whole.rotate(90, expand=True)}[turned]
    wanted = upright.resize((width, round(upright.height * width / upright.width)), Image.Resampling.LANCZOS)
    picture = opened(content).convert("RGB")
    assert picture.size == wanted.size
    difference = ImageChops.difference(picture, wanted).convert("L").get_flattened_data()
    assert sum(difference) / len(difference) < 3


@pytest.mark.slow
def test_a_large_photograph_is_made_small_faster_than_by_pillow(tmp_path, record_property):
    photo = encoded(Image.effect_noise((6000, 4000), 60).convert("RGB"), "JPEG", quality=90)

    def ours() -> None:
        assert opened(converted(tmp_path, photo, "jpeg", width=1024)[0]).size == (1024, 683)

    def pillow() -> None:
        picture = Image.open(io.BytesIO(photo))
        picture.thumbnail((1024, 1024))
        encoded(picture, "JPEG", quality=90)

    def milliseconds(run) -> float:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) * 1000

    times = [(milliseconds(ours), milliseconds(pillow)) for _ in range(7)]
    share = sorted(one / other for one, other in times)[3]
    record_property("target", "at most 0.70 of Pillow's time")
    record_property("figure", f"{share:.2f} ({min(one for one, _ in times):.0f} ms)")
    assert share <= 0.7
