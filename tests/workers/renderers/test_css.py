from __future__ import annotations

import pytest
from lxml import etree

from workers.renderers._css import scrub
from workers.renderers._svg_clean import clean_svg
from workers.renderers.base import Render, VectorSettings

AWAY = "http://elsewhere.test/x"


@pytest.mark.parametrize(
    "css",
    [
        f'p{{background:i\\00006dage-set("{AWAY}" 1x)}}',
        f"p{{background:\\000075rl({AWAY})}}",
        f"p{{background:u-moz-binding:rl({AWAY})}}",
        f'p{{background:image-behavior:set("{AWAY}" 1x)}}',
        f"@im@import;port '{AWAY}';",
        f"@im-moz-binding:port '{AWAY}';",
        f"@\\000069mport '{AWAY}';",
    ],
)
def test_what_loads_is_found_in_every_spelling_and_does_not_grow_together_again(css):
    done = scrub(css)
    once_more = scrub(done.css)
    assert once_more.removed == [], done.css
    assert not any(sign in done.css.lower() for sign in ("@import", "url(http", "image-set(")), done.css
    assert done.removed


def test_an_escape_that_is_no_letter_keeps_its_meaning():
    assert scrub('a::after{content:"\\201c \\31 x"}').css == 'a::after{content:"\\00201c \\000031 x"}'
    assert scrub(f"p{{background:ur\\6\\63 ({AWAY})}}").css == f"p{{background:ur\\000006 c({AWAY})}}"
    assert scrub(".w-1\\/2 a\\.b{fill:red}").css == ".w-1\\/2 a\\.b{fill:red}"


def test_a_class_with_the_name_of_a_binding_is_no_binding():
    assert scrub(".binding:hover{fill:u\\72l(#a)}").css == ".binding:hover{fill:url(#a)}"


@pytest.mark.parametrize(
    "inside",
    [
        "<script/>@import url(%s);",
        "<g/>@import url(%s);",
        "@im<g/>port url(%s);",
        "<style>@import url(%s);</style>",
        "<style/>rect{fill:url(%s)}",
    ],
)
def test_nothing_hides_behind_an_element_inside_a_style_sheet(inside, tmp_path):
    render = Render(folder=tmp_path, settings=VectorSettings(), deadline=float("inf"))
    text = f'<svg xmlns="http://www.w3.org/2000/svg"><style>a{{b:c}}{inside % AWAY}</style><rect/></svg>'
    clean = etree.tostring(clean_svg(text.encode(), render)).decode()
    assert "elsewhere" not in clean
    assert "a{b:c}" in clean
    assert "elements inside a style sheet" in render.warnings[0]
