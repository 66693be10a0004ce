"""Mermaid diagrams: drawn by mermaid.js in the warm page, strict security, labels as SVG text."""

from __future__ import annotations

import json
import re

from workers.renderers._diagram import FONTS, fenced, finish, inline_page, is_dark, told_by
from workers.renderers._follows import DRAWN
from workers.renderers.base import BadDocument, Document, Render, conversion

MAX_TEXT = 200_000
"""Characters of a diagram; mermaid's own limit draws a picture of an error instead of raising one."""

MAX_EDGES = 2000

SOLID_LABELS = ".edgeLabel rect, .edgeLabel .background, .labelBkg { opacity: 1 !important; }"
"""Mermaid lets the line shine through the label on it, which reads as struck out."""

_UNSEEN = (
    "accDescr accDescr: accTitle accTitle: autonumber axisFormat class classDef click dateFormat direction end "
    "excludes linkStyle section style tickInterval todayMarker"
)
UNSEEN = frozenset(_UNSEEN.split())
"""Words that begin statements which draw nothing."""

_LINE = re.compile(r"(?:Parse|Lexical) error on line (\d+)[:.]?\s*")
_COMMENT = re.compile(r"\s*%%(?!\{)")

DRAW = """async ({ text, config }) => {
  let dice = 20070101;
  Math.random = () => (dice = (dice * 16807) % 2147483647) / 2147483647;
  const stage = document.getElementById('stage');
  const define = Object.defineProperty;
  Object.defineProperty = (object, name, told) => {
    'use strict';
    const plain = told.enumerable && told.writable && told.configurable && name !== '__proto__';
    if (!plain || name in object) return define(object, name, told);
    object[name] = told.value;
    return object;
  };
  try {
    mermaid.mermaidAPI.globalReset();
    mermaid.initialize(config);
    const { svg } = await mermaid.render('diagram', text, stage);
    const shown = new DOMParser().parseFromString(svg, 'text/html').querySelector('svg');
    const box = shown.viewBox.baseVal;
    if (box && box.width && box.height) {
      shown.setAttribute('width', box.width);
      shown.setAttribute('height', box.height);
    }
    shown.style.removeProperty('max-width');
    shown.style.removeProperty('background-color');
    for (const label of shown.querySelectorAll('.statediagram-state > .label')) {
      const texts = label.querySelectorAll('text');
      const [, up] = (label.getAttribute('transform') || '').match(/^translate\\([^,]+,\\s*([-\\d.]+)\\)$/) || [];
      if (texts.length !== 1 || up === undefined) continue;
      label.setAttribute('transform', `translate(0, ${up})`);
      texts[0].setAttribute('text-anchor', 'middle');
    }
    const letters = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
    const letter = (entity) => new DOMParser().parseFromString(entity, 'text/html').body.textContent;
    for (let before = null; letters.nextNode(); ) {
      const node = letters.currentNode;
      if (node.parentNode.closest('style')) continue;
      const cut = before && /^#?\\w*;/.test(node.data) && before.data.match(/&#?\\w*$/);
      if (cut) {
        before.data = before.data.slice(0, cut.index);
        node.data = cut[0] + node.data;
      }
      node.data = node.data.replace(/&(#\\d+|#x[\\da-f]+|\\w+);/gi, letter);
      before = node;
    }
    if (!text.includes('todayMarker')) shown.querySelectorAll('.today').forEach((line) => line.remove());
    const numbered = new Map();
    for (const one of shown.querySelectorAll('[id]')) {
      const [, name] = one.id.match(/^(.*?)\\d+$/) || [];
      if (name !== undefined && !numbered.has(one.id)) numbered.set(one.id, name + (numbered.size + 1));
    }
    const renamed = (id) => numbered.get(id) || id;
    for (const one of [shown, ...shown.querySelectorAll('*')]) {
      for (const attribute of [...one.attributes]) {
        const { name, value } = attribute;
        if (name === 'id') attribute.value = renamed(value);
        else if (name.startsWith('aria-')) attribute.value = value.split(' ').map(renamed).join(' ');
        else if (/#/.test(value)) attribute.value = value.replace(/#([\\w:.-]+)/g, (_, id) => '#' + renamed(id));
      }
      if (one.tagName === 'style') {
        const css = one.textContent.replace(/#([\\w:.-]+)/g, (_, id) => '#' + renamed(id));
        one.textContent = text.includes('animat') ? css : css.replace(/animation:[^;}]*infinite[^;}]*/g, '');
      }
    }
    return { svg: new XMLSerializer().serializeToString(shown) };
  } catch (error) {
    return { problem: String((error && error.message) || error) };
  } finally {
    Object.defineProperty = define;
    stage.replaceChildren();
  }
}"""
"""Draws, then makes the drawing the same every time: mermaid counts some ids from the page's beginning, rolls dice for
its pen, marks today in a Gantt chart (kept where the text itself speaks of `todayMarker`) and moves its dashes. Names
of states go to the middle of their boxes, where mermaid sets them at the left when labels are text. Of characters that
a document names (`#quot;`, `#9829;`) mermaid leaves the names in such labels, broken where they end a line.
Without the reset it would keep the settings of a document that failed, and apply them to the next one.

For each look at its settings, some hundred in a drawing, mermaid copies them whole, each by `defineProperty`; a plain
property written by assignment is the same and quicker: a sixth off the time of a drawing."""


PARSE = """async ({ text, config }) => {
  mermaid.mermaidAPI.globalReset();
  mermaid.initialize(config);
  try {
    await mermaid.parse(text);
    return '';
  } catch (error) {
    return String((error && error.message) || error);
  }
}"""


@conversion("mermaid", "svg", cost=100, needs=("browser", "mermaid"), follows=DRAWN)
def to_svg(source: Document, render: Render) -> Document:
    """The diagram as SVG with text as text, in the light or dark theme."""
    return render.save("svg", _draw(source, render))


@conversion("mermaid", "html", cost=110, needs=("browser", "mermaid"), follows=DRAWN)
def to_html(source: Document, render: Render) -> Document:
    """A web page of its own with the drawing inline: its text can be searched and selected."""
    return render.save("html", inline_page(render.save("svg", _draw(source, render)), render))


@conversion("mermaid", "json", cost=1)
def to_json(source: Document, render: Render) -> Document:
    """The diagram's text and type as JSON."""
    text = _checked(source, render)
    content = {"type": "mermaid", "title": source.title, "source": text}
    return render.save("json", json.dumps(content, ensure_ascii=False, indent=2) + "\n")


@conversion("mermaid", "md", cost=1)
def to_md(source: Document, render: Render) -> Document:
    """Markdown with the diagram in a fence that GitHub and GitLab draw."""
    return render.save("md", fenced("mermaid", _checked(source, render), source.title))


def _text(source: Document) -> str:
    text = source.read_text().replace("\r\n", "\n")
    if not text.strip():
        raise BadDocument("The diagram is empty. Send Mermaid text, for example: flowchart LR; A --> B")
    if len(text) > MAX_TEXT:
        raise BadDocument(f"The diagram has {len(text):,} characters; {MAX_TEXT:,} are allowed. Split it.")
    return text


def _checked(source: Document, render: Render) -> str:
    """The text, once mermaid's parser has read it. Raises BadDocument where it cannot."""
    text = _text(source)
    said = told_by("mermaid", PARSE, {"text": text, "config": _config(render)}, render)
    if said:
        raise BadDocument(_problem(said, text))
    return text


def _config(render: Render) -> dict[str, object]:
    """Mermaid's settings. What `secure` names cannot be changed from inside a document."""
    plain = {"htmlLabels": False, "useMaxWidth": False}
    return {
        "startOnLoad": False,
        "securityLevel": "strict",
        "suppressErrorRendering": True,
        "deterministicIds": True,
        "deterministicIDSeed": "longshore",
        "maxTextSize": MAX_TEXT,
        "maxEdges": MAX_EDGES,
        "look": "classic",
        "theme": "dark" if is_dark(render) else "default",
        "darkMode": is_dark(render),
        "fontFamily": FONTS,
        "themeCSS": SOLID_LABELS,
        "themeVariables": {"fontFamily": FONTS},
        "htmlLabels": False,
        "flowchart": plain,
        "class": plain,
        "state": plain,
        "secure": [
            "secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering",
            "deterministicIds", "deterministicIDSeed", "dompurifyConfig",
        ],
    }  # fmt: skip


def _draw(source: Document, render: Render) -> bytes:
    from workers.browser import browser

    argument = {"text": _text(source), "config": _config(render)}
    render.things = lambda: _things(str(argument["text"]))
    answer = browser().call("mermaid", DRAW, argument, seconds=render.seconds_left())
    if "svg" not in answer:
        raise BadDocument(_problem(answer["problem"], str(argument["text"])))
    return finish(answer["svg"], render)


def _things(text: str) -> int | None:
    """How many statements follow the diagram's type; None where the text brings settings, which may hide anything."""
    if "%%{" in text or text.lstrip().startswith("---"):
        return None
    lines = [line.strip() for line in re.split(r"[\n;]", text)]
    return sum(bool(line) and not _COMMENT.match(line) and line.split()[0] not in UNSEEN for line in lines) - 1


def _problem(said: str, text: str) -> str:
    """Mermaid's own message, its line counted as the user counts."""
    if said.startswith("No diagram type detected"):
        known = "flowchart, sequenceDiagram or gantt"
        return f"This is not Mermaid text: its first line names no diagram type, such as {known}."
    if "image cannot be decoded" in said:
        return "The diagram shows a picture from an address, and nothing is loaded while drawing. Take the picture out."
    own = _LINE.search(said)
    where = ""
    if own:
        rest = _parsed_lines(text)
        line = rest[min(int(own[1]), len(rest)) - 1]
        where, said = f" on line {line}", "\n" + said.removeprefix(own[0])
    return f"The Mermaid text is broken{where}: {said}"[:2000]


def _parsed_lines(text: str) -> list[int]:
    """Numbers of the lines that mermaid's parsers see: front matter, comments and blank lines before them are gone."""
    lines = text.split("\n")
    start = 0
    if lines[0].strip() == "---" and "---" in (later := [line.strip() for line in lines[1:]]):
        start = later.index("---") + 2
    kept = [number for number, line in enumerate(lines[start:], start + 1) if not _COMMENT.match(line)]
    while len(kept) > 1 and not lines[kept[0] - 1].strip():
        kept.pop(0)
    return kept
