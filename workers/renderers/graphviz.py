"""Graphviz graphs: drawn by Graphviz compiled to WebAssembly, in a page without files and network."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any

from workers.renderers._diagram import FONTS, fenced, finish, inline_page, is_dark, told_by
from workers.renderers._follows import DRAWN
from workers.renderers._graphviz_pictures import Pictures, named
from workers.renderers.base import BadDocument, Document, Render, conversion

MAX_TEXT = 500_000
"""Characters of a graph; the layout of a few thousand nodes takes longer than any deadline."""

DRAW = """async ({ text, graph, node, edge, images }) => {
  globalThis.layouts ||= await Viz.instance();
  const own = images.length ? await Viz.instance() : globalThis.layouts;
  const done = own.render(text, {
    format: 'svg',
    graphAttributes: graph,
    nodeAttributes: node,
    edgeAttributes: edge,
    images,
  });
  return { svg: done.output || '', said: done.errors.map((one) => one.message) };
}"""
"""Graphviz remembers pictures by their names, so a graph that shows some is laid out by one that ends with it."""

PARSE = """async ({ text }) => {
  globalThis.layouts ||= await Viz.instance();
  const done = globalThis.layouts.render(text, { format: 'canon' });
  return done.output ? [] : [...done.errors.map((one) => one.message), ''];
}"""
"""Reads and writes the text again without laying anything out."""

METRICS = "Arial"
"""The font that Graphviz measures with: it knows the widths of three, and this one's are nearest to ours."""

WIDE, LETTER = 1.0, 0.56
"""Widths of a Chinese character and of an average letter in our fonts, in parts of the font size."""

LETTER_TAKEN, BYTE_TAKEN = 0.525, 0.278
"""What Graphviz takes them for: Arial's average letter, and Arial's space for every byte that is not ASCII."""

LIGHT = {"ink": "#1f2430", "line": "#4a5568"}
DARK = {"ink": "#e6e9ef", "line": "#9aa5b8"}

_TEXT = re.compile(rf'(<text [^>]*?)font-family="{METRICS}" font-size="([\d.]+)"([^>]*)>([^<]*)</text>')
_GRADIENT = re.compile(r'<(?:linear|radial)Gradient id="([^"]+_[lr]_\d+)"')
_NAME = re.compile(r'( id="|url\(#)([^")]+)')
_UNREAD = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|^#[^\n]*', re.DOTALL | re.MULTILINE)
_ATTRIBUTES = re.compile(r"\[[^\]]*\]")
_SETTING = re.compile(r"(?:graph|node|edge|subgraph|strict)\b|\S+\s*=(?!=)")
_HIDDEN = re.compile(r"invis|white|transparent|none|plain|#[fF]{3}|shape\s*=|layers?\s*=|penwidth\s*=")
_LINE = re.compile(r"syntax error in line (\d+)")
_WIDTHS = re.compile(r"no hard-coded metrics|no value for width of non-ASCII")
_OPENING = re.compile(rf"{_UNREAD.pattern}|(\{{)", _UNREAD.flags)


@conversion("graphviz", "svg", cost=15, needs=("browser", "viz"), follows=DRAWN)
def to_svg(source: Document, render: Render) -> Document:
    """The graph as SVG with text as text, in the layout that it names (dot, neato, fdp, sfdp, twopi, circo, osage)."""
    return render.save("svg", _draw(source, render))


@conversion("graphviz", "html", cost=20, needs=("browser", "viz"), follows=DRAWN)
def to_html(source: Document, render: Render) -> Document:
    """A web page of its own with the drawing inline: its text can be searched and selected."""
    return render.save("html", inline_page(render.save("svg", _draw(source, render)), render))


@conversion("graphviz", "json", cost=1)
def to_json(source: Document, render: Render) -> Document:
    """The graph's text and type as JSON."""
    content = {"type": "graphviz", "title": source.title, "source": _checked(source, render)}
    return render.save("json", json.dumps(content, ensure_ascii=False, indent=2) + "\n")


@conversion("graphviz", "md", cost=1)
def to_md(source: Document, render: Render) -> Document:
    """Markdown with the graph in a fence."""
    return render.save("md", fenced("dot", _checked(source, render), source.title))


def _text(source: Document) -> str:
    text = source.read_text().replace("\r\n", "\n")
    if not text.strip():
        raise BadDocument("The graph is empty. Send DOT text, for example: digraph { a -> b }")
    if len(text) > MAX_TEXT:
        raise BadDocument(f"The graph has {len(text):,} characters; {MAX_TEXT:,} are allowed. Split it.")
    return text


def _checked(source: Document, render: Render) -> str:
    """The text, once Graphviz's parser has read it. Raises BadDocument where it cannot."""
    text = _text(source)
    said = told_by("viz", PARSE, {"text": text}, render)
    if said:
        raise BadDocument(_problem(said, text))
    return text


def _draw(source: Document, render: Render) -> bytes:
    text = _text(source)
    inks = DARK if is_dark(render) else LIGHT
    font = {"fontname": METRICS, "fontcolor": inks["ink"]}
    argument = {
        "text": _lettered(text, font),
        "graph": {**font, "bgcolor": "transparent", "pad": "0"},
        "node": {**font, "color": inks["line"]},
        "edge": {**font, "color": inks["line"]},
    }
    render.things = lambda: _things(text)
    answer = _laid_out(argument | {"images": []}, render)
    pictures = Pictures(named(answer["said"]), render)
    if pictures.sizes():
        answer = _laid_out(argument | {"images": pictures.sizes()}, render)
    if not answer["svg"]:
        raise BadDocument(_problem(answer["said"], text))
    for said in filter(None, answer["said"]):
        if not _WIDTHS.search(said):
            render.warn(f"Graphviz says: {said.strip()}")
    return finish(pictures.put_in(_renumbered(_TEXT.sub(_fitted, answer["svg"]))), render)


def _laid_out(argument: dict[str, Any], render: Render) -> dict[str, Any]:
    from workers.browser import ScriptError, browser

    try:
        answer: dict[str, Any] = browser().call("viz", DRAW, argument, seconds=render.seconds_left())
    except ScriptError as error:
        raise BadDocument("Graphviz gave up on this graph; simplify it.", detail=error.message) from error
    return answer


def _lettered(text: str, font: dict[str, str]) -> str:
    """The text with the font as the graph's own default: told beside it, clusters in clusters would miss it."""
    start = next((found.end() for found in _OPENING.finditer(text) if found[1]), 0)
    said = " ".join(f'{name}="{value}"' for name, value in font.items())
    return f"{text[:start]} graph [{said}]; {text[start:]}" if start else text


def _things(text: str) -> int | None:
    """How many statements name nodes and edges; None where attributes may hide them."""
    bare = _UNREAD.sub(lambda found: '"x"' if found[0][0] == '"' else " ", text)
    if _HIDDEN.search(text):
        return None
    _, _, body = bare.partition("{")
    statements = (one.strip() for one in re.split(r"[;{}\n]", _ATTRIBUTES.sub(" ", body)))
    return sum(bool(one) and not _SETTING.match(one) for one in statements)


def _renumbered(svg: str) -> str:
    """The drawing with its gradients counted from 0: Graphviz counts them from the beginning of the page."""
    found = dict.fromkeys(_GRADIENT.findall(svg))
    names = {name: f"{name.rpartition('_')[0]}_{number}" for number, name in enumerate(found)}
    return _NAME.sub(lambda at: at[1] + names.get(at[2], at[2]), svg)


def _fitted(text: re.Match[str]) -> str:
    """One text in our fonts, smaller by as much as Graphviz, which knows them not, took it for narrower."""
    before, size, after, content = text.groups()
    letters = html.unescape(content)
    drawn = sum(WIDE if unicodedata.east_asian_width(one) in "WF" else LETTER for one in letters)
    taken = sum(LETTER_TAKEN if one.isascii() else BYTE_TAKEN * len(one.encode()) for one in letters)
    ratio = min(1.0, taken / drawn) if drawn else 1.0
    return f'{before}font-family="{FONTS}" font-size="{float(size) * ratio:.2f}"{after}>{content}</text>'


def _problem(said: list[str], text: str) -> str:
    """Graphviz's own words, with the line they mean."""
    message = "; ".join(dict.fromkeys(one.strip() for one in said if one.strip())) or "it drew nothing"
    found = _LINE.search(message)
    if not found:
        return f"The DOT text is broken: {message}."[:2000]
    lines = text.split("\n")
    number = min(int(found[1]), len(lines))
    return f"The DOT text is broken on line {number}: {message}.\n{lines[number - 1].strip()}"[:2000]
