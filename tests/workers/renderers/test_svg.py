from __future__ import annotations

import io
import time
import tracemalloc
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from workers.renderers import _svg_clean, svg
from workers.renderers._missing import missing
from workers.renderers._svg_weigh import Scales
from workers.renderers.base import SETTINGS, BadDocument, Document, Render

SAMPLES = Path(__file__).parents[2] / "samples" / "svg"
OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
BOX = f'{OPEN} width="120" height="40"><rect width="120" height="40" fill="#ff0000"/></svg>'
DRAW = {"png": svg.to_png, "jpeg": svg.to_jpeg, "webp": svg.to_webp, "pdf": svg.to_pdf, "html": svg.to_html}


def a_render(tmp_path: Path, form: str, **settings: object) -> Render:
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    return Render(folder, SETTINGS[form](**settings), time.monotonic() + 60, title="A drawing")


def a_drawing(tmp_path: Path, text: str | bytes) -> Document:
    path = tmp_path / "source.svg"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Document(path, "svg", "A drawing")


def cleaned(tmp_path: Path, text: str | bytes, **settings: object) -> tuple[str, list[str]]:
    render = a_render(tmp_path, "svg", **settings)
    return svg.clean(a_drawing(tmp_path, text), render).read_text(), render.warnings


def drawn(tmp_path: Path, text: str, form: str, **settings: object) -> tuple[bytes, list[str]]:
    render = a_render(tmp_path, form, **settings)
    return DRAW[form](svg.clean(a_drawing(tmp_path, text), render), render).read_bytes(), render.warnings


def picture(content: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(content))
    opened.load()
    return opened


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def test_a_harmless_drawing_passes_unchanged_and_without_a_warning(tmp_path):
    text, warnings = cleaned(tmp_path, sample("showcase.svg"))

    before = [element.tag for element in etree.fromstring(sample("showcase.svg")).iter(etree.Element)]
    assert [element.tag for element in etree.fromstring(text).iter()] == before
    assert "每周船舶" in text
    assert warnings == []


def test_cleaning_twice_changes_nothing_more(tmp_path):
    once, _ = cleaned(tmp_path, sample("nasty/links_and_scripts.svg"))

    assert cleaned(tmp_path, once) == (once, [])


def test_everything_that_loads_or_runs_is_left_out_and_told(tmp_path):
    text, warnings = cleaned(tmp_path, sample("nasty/links_and_scripts.svg"))

    for trace in ("canary", "alert", "script", "passwd", "onload", "javascript", "@import", "infinite", "<set"):
        assert trace not in text
    assert "text stays" in text
    assert 'href="https://example.org/"' in text
    assert len(warnings) == 1
    for told in ("scripts", "links to other files", "animation", "<iframe>"):
        assert told in warnings[0]


@pytest.mark.parametrize("path", sorted((SAMPLES / "broken").iterdir()), ids=lambda path: path.stem)
def test_a_broken_drawing_is_refused_with_a_reason(tmp_path, path):
    with pytest.raises(BadDocument, match=r"The (SVG|document)\S* .*\."):
        cleaned(tmp_path, path.read_bytes())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("billion_laughs", "entities"),
        ("entity_file", "entities"),
        ("use_bomb", "more than 1,000,000"),
        ("pattern_bomb", "more than 1,000,000"),
        ("style_bomb", "more than 1,000,000"),
        ("marker_bomb", "more than 1,000,000"),
        ("deep", "depth"),
    ],
)
def test_a_bomb_is_refused_at_once(tmp_path, name, reason):
    started = time.monotonic()
    with pytest.raises(BadDocument, match=reason):
        cleaned(tmp_path, sample(f"nasty/{name}.svg"))
    assert time.monotonic() - started < 2


def test_an_endless_namespace_is_refused_before_it_is_repeated_for_each_attribute(tmp_path):
    names = "".join(f' a:b{number}="1"' for number in range(1000))
    text = f'{OPEN} xmlns:a="urn:{"x" * 1_000_000}"><rect width="9" height="9"{names}/></svg>'
    tracemalloc.start()
    with pytest.raises(BadDocument, match=r"namespace .* 1,000 characters"):
        cleaned(tmp_path, text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * len(text)


def test_the_kind_of_a_made_up_name_is_not_remembered(tmp_path):
    before = _svg_clean._kind.cache_info().currsize
    names = "".join(f' {"n" * 200}{number}="1"' for number in range(100))
    cleaned(tmp_path, f'{OPEN}><rect width="9" height="9"{names}/></svg>')
    assert _svg_clean._kind.cache_info().currsize <= before + 2


@pytest.mark.parametrize("spelling", ["URL(#p)", r"\75rl(#p)"])
def test_a_style_sheet_paints_with_a_pattern_however_it_spells_it(spelling):
    shapes = "<rect/>" * 2000
    sheet = f"<style>rect{{fill:{spelling}}}</style>"
    root = etree.fromstring(f'{OPEN}>{sheet}<pattern id="p">{shapes}</pattern>{shapes}</svg>')
    with pytest.raises(BadDocument, match="style sheet paints with #p"):
        Scales(root).weigh()


def test_a_reference_that_leads_back_to_itself_is_drawn_once(tmp_path):
    content, _ = drawn(tmp_path, sample("nasty/loop.svg").decode(), "png", scale=1)

    assert picture(content).getpixel((25, 25)) == (0, 128, 0)


def test_a_long_chain_of_references_is_refused_instead_of_followed(tmp_path):
    links = "".join(f'<g id="n{i}"><use href="#n{i + 1}"/></g>' for i in range(3000))

    with pytest.raises(BadDocument, match="follow each other"):
        cleaned(tmp_path, f'{OPEN} width="9" height="9">{links}<rect width="9" height="9"/></svg>')


def test_a_large_flat_drawing_is_not_taken_for_a_bomb(tmp_path):
    dots = '<g fill="url(#p)">' + '<circle cx="1" cy="1" r="1"/>' * 20_000 + "</g>"
    text = f'{OPEN} width="9" height="9"><pattern id="p"><rect width="1" height="1"/></pattern>{dots}</svg>'

    assert cleaned(tmp_path, text)[0].count("<circle") == 20_000


def test_gradients_and_arrows_in_a_rich_drawing_are_not_taken_for_a_bomb(tmp_path):
    gradient = '<linearGradient id="g"><stop/><stop/><stop/><stop/><stop/></linearGradient>'
    arrows = '<path marker-end="url(#m)" style="stroke:url(#g)" d="M0 0L9 9"/>' * 2000
    shapes = f'<path fill="url(#g)" d="M0 0{"L1 1" * 200}"/>' * 2000
    marker = '<marker id="m"><path d="M0 0L1 1"/></marker>'

    cleaned(tmp_path, f'{OPEN} width="9" height="9">{gradient}{marker}{arrows}{shapes}</svg>')


def test_markers_in_nested_groups_are_weighed_in_one_pass(tmp_path):
    """By processor time, with the same that is not nested: a pass for each level would take a hundred times it."""

    def seconds(depth: int) -> float:
        nested = '<g marker-mid="url(#m)">' * depth + '<path d="M0 0"/>' * 20_000 + "</g>" * depth
        marker = f'<marker id="m">{"<path/>" * 60}</marker>'
        began = time.process_time()
        with pytest.raises(BadDocument, match="1,000,000"):
            cleaned(tmp_path, f'{OPEN} width="9" height="9">{marker}{nested}</svg>')
        return time.process_time() - began

    assert seconds(200) < 10 * seconds(1)


def test_too_many_elements_are_refused(tmp_path):
    with pytest.raises(BadDocument, match="250,000 elements"):
        cleaned(tmp_path, f'{OPEN} width="9" height="9">' + "<g/>" * 250_001 + "</svg>")


def test_a_picture_inside_stays_only_where_its_bytes_are_what_it_says(tmp_path):
    pixel = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(pixel, "PNG")
    import base64

    good = "data:image/png;base64," + base64.b64encode(pixel.getvalue()).decode()
    text, warnings = cleaned(
        tmp_path,
        f'{OPEN} width="9" height="9"><image href="{good}" width="9" height="9"/>'
        f'<image href="{good.replace("png", "gif")}" width="9" height="9"/></svg>',
    )

    assert good in text
    assert "image/gif" not in text
    assert text.count(missing()) == 1, "a box stands for the other"
    assert "links to other files" in warnings[0]
