from __future__ import annotations

import io

import pytest
from lxml import etree
from PIL import Image

from workers.renderers._svg_spaces import settle_spaces

SVG = 'xmlns="http://www.w3.org/2000/svg"'


def settled(inside: str, attributes: str = "") -> str:
    root = etree.fromstring(f"<svg {SVG}><text {attributes}>{inside}</text></svg>")
    settle_spaces(root)
    return "".join(root.itertext())


@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        ("<tspan>file</tspan><tspan> made</tspan>", "file made"),
        ("<tspan>file </tspan><tspan> made</tspan>", "file made"),
        ("\n  <tspan>one</tspan>\n  <tspan>two\n\tthree </tspan>\n", "one two three"),
        ("  a<tspan/> b <tspan> c</tspan>", "a b c"),
        ('a <tspan xml:space="preserve"> b  </tspan> c', "a  b   c"),
        ('<tspan style="white-space: pre">  a</tspan><tspan> b </tspan>', "  a b"),
        ("<tspan><tspan>a</tspan> <tspan> <a>b</a></tspan></tspan>!", "a b!"),
    ],
)
def test_spaces_collapse_across_the_pieces_of_a_text_as_in_a_browser(inside, shown):
    assert settled(inside) == shown


def test_what_is_kept_stays_and_a_plain_text_is_left_alone():
    assert settled("<tspan> a  b </tspan>", 'xml:space="preserve"') == " a  b "
    assert settled("  plain  ") == "  plain  "


@pytest.mark.browser
def test_librsvg_draws_the_space_that_a_browser_draws():
    import pyvips

    from workers.browser import browser

    drawing = (
        f'<svg {SVG} width="200" height="40"><text x="5" y="30" font-size="30" font-family="DejaVu Sans">'
        "<tspan>a</tspan><tspan> b</tspan></text></svg>"
    )
    root = etree.fromstring(drawing)
    settle_spaces(root)
    ours = pyvips.Image.svgload_buffer(etree.tostring(root)).flatten(background=255).pngsave_buffer()
    page = f"<style>body{{margin:0}}svg{{display:block}}</style>{drawing}"
    theirs = browser().picture(
        page, width=200, height=40, scale=1, form="png", quality=90, transparent=False, seconds=30
    )
    boxes = [
        Image.open(io.BytesIO(one)).convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
        for one in (ours, theirs)
    ]
    assert boxes[0] == pytest.approx(boxes[1], abs=2)
