from __future__ import annotations

import pytest
from PIL import Image

from longshore.errors import Permanent
from workers.gate.size import check, dimensions, fits
from workers.renderers.base import SETTINGS, Document, Render

FORMS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}


def picture(tmp_path, form, size):
    path = tmp_path / f"picture.{form}"
    Image.new("RGB", size, "white").save(path, FORMS[form])
    return Document(path, f".{form}", "")


def held_against(document, kind="svg", *, told=False, **asked):
    form = document.form.removeprefix(".")
    render = Render(folder=document.path.parent, settings=SETTINGS[form](**asked), deadline=0)
    if told:
        render.resized("The drawing is so large that it was drawn at scale 0.5 instead of 1.")
    check(document, form, kind, render)
    return render


@pytest.mark.parametrize("form", FORMS)
def test_the_header_tells_the_size(form, tmp_path):
    assert dimensions(picture(tmp_path, form, (40, 30)).path, form) == (40, 30)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scale": 3.0},
        {"width": 40, "scale": 1.0},
        {"width": 20},
        {"height": 15},
        {"width": 20, "height": 15},
        {"width": 20, "height": 100},
        {"width": 100, "height": 15},
        {"width": 16, "scale": 2.5},
    ],
)
def test_a_picture_is_as_large_as_asked_or_fits_in_it(asked, tmp_path):
    held_against(picture(tmp_path, "png", (40, 30)), **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"width": 40},
        {"height": 30},
        {"width": 40, "height": 30},
        {"width": 10, "height": 15},
        {"width": 20, "scale": 1.0},
        {"width": 1000, "height": 1000},
    ],
)
@pytest.mark.parametrize("form", ["png", "webp"])
def test_a_picture_of_another_size_is_no_artifact(form, asked, tmp_path):
    with pytest.raises(Permanent, match="40 x 30 pixels, asked for were"):
        held_against(picture(tmp_path, form, (40, 30)), **asked)


def test_a_conversion_may_say_why_the_size_is_another(tmp_path):
    render = held_against(picture(tmp_path, "png", (40, 30)), told=True, width=1000)
    assert len(render.warnings) == 1


def test_a_photograph_has_no_scale_of_its_own(tmp_path):
    held_against(picture(tmp_path, "jpeg", (40, 30)), "image", width=40)
    with pytest.raises(Permanent):
        held_against(picture(tmp_path, "jpeg", (40, 30)), "image", width=40, scale=2.0)


def test_each_side_may_be_rounded():
    assert fits((101, 50), (100.4, None), 1.01)
    assert not fits((103, 50), (100.4, None), 1.01)
