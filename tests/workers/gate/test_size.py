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


def drawing(tmp_path, head):
    (tmp_path / "picture.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {head}><g/></svg>')
    return Document(tmp_path / "picture.svg", ".svg", "")


@pytest.mark.parametrize("asked", [{}, {"width": 40}, {"height": 30}, {"width": 40, "height": 99}])
def test_a_drawing_is_as_large_as_asked_or_fits_in_it(asked, tmp_path):
    held_against(drawing(tmp_path, 'width="40" height="30px" viewBox="-5 0 80 60"'), "mermaid", **asked)


@pytest.mark.parametrize(
    ("head", "asked", "words"),
    [
        ('width="40" height="30" viewBox="0 0 80 60"', {"width": 50}, "40 x 30 pixels, asked for were 50 x any"),
        ('width="40" height="30" viewBox="0 0 80 60"', {"width": 40, "height": 10}, "asked for were 40 x 10"),
        ('width="40" height="30" viewBox="0 0 80 30"', {}, "other proportions"),
        ('width="100%" height="30" viewBox="0 0 80 60"', {}, "tells no size"),
        ('width="40" height="30"', {}, "no viewBox"),
        ('width="40" height="30" viewBox="0 0 0 60"', {}, "no viewBox with an area"),
    ],
)
def test_a_drawing_of_another_size_is_no_artifact(head, asked, words, tmp_path):
    with pytest.raises(Permanent, match=words):
        held_against(drawing(tmp_path, head), "mermaid", **asked)


def test_a_drawing_that_was_sent_may_have_proportions_of_its_own(tmp_path):
    held_against(drawing(tmp_path, 'width="40" height="30" viewBox="0 0 80 30"'), "svg")
