"""Excalidraw at work in the warm page: a scene as SVG, and as pixels straight from its canvas."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from workers.renderers._diagram import FONTS, is_dark
from workers.renderers._excalidraw_elements import clean
from workers.renderers._excalidraw_elements import colour as css
from workers.renderers._excalidraw_file import Saved, read
from workers.renderers._excalidraw_night import darken, darkened
from workers.renderers._excalidraw_pictures import Pictures
from workers.renderers._pixels import colour, limited
from workers.renderers._svg_size import Size, wished
from workers.renderers.base import BadDocument, Document, Render
from workers.scene.lenient import text as text_of

EMPTY = "The drawing is empty: nothing on it can be drawn."
EMPTY_SIZE = Size(320, 200)
_PAINTS = ("strokeColor", "backgroundColor")

_BEFORE = """
  let dice = 20070101;
  Math.random = () => (dice = (dice * 16807) % 2147483647) / 2147483647;
  const failed = [];
  console.error = (...said) => failed.push(said.map((one) => String((one && one.message) || one)).join(' '));
  const done = (made) => ({ ...made, failed: failed.slice(0, 5), count: failed.length });
  const appState = { exportBackground: shown, viewBackgroundColor: ground, exportWithDarkMode: false };
  const scene = { elements, appState, files, exportPadding: padding };
"""
"""Excalidraw writes what it could not draw to the console and goes on without it."""

SVG = (
    "async ({ elements, files, ground, padding, fonts }) => { const shown = false;"
    + _BEFORE
    + """
  const drawn = await Excalidraw.exportToSvg(scene);
  drawn.querySelectorAll('metadata, a[href=""]').forEach((one) => one.remove());
  for (const one of drawn.querySelectorAll('*')) {
    const clip = one.getAttributeNS('http://www.w3.org/2000/svg', 'clip-path');
    if (clip) {
      one.removeAttributeNS('http://www.w3.org/2000/svg', 'clip-path');
      one.setAttribute('clip-path', clip);
    }
    if (one.localName === 'symbol' && one.firstChild.getAttribute('width') === '100%') {
      one.setAttribute('viewBox', '0 0 1 1');
      one.setAttribute('preserveAspectRatio', 'none');
      one.firstChild.setAttribute('width', '1');
      one.firstChild.setAttribute('height', '1');
    }
    if (one.getAttribute('direction') === 'rtl' && Number(one.getAttribute('x')) > 0) {
      if (one.getAttribute('text-anchor') === 'end') one.setAttribute('text-anchor', 'start');
    }
    const family = one.getAttribute('font-family');
    if (family) one.setAttribute('font-family', family + ', ' + fonts);
  }
  return done({ svg: new XMLSerializer().serializeToString(drawn) });
}"""
)
"""Excalidraw gives the clipping of frames a namespace that no reader looks into, pictures a size of 100%, of which
librsvg and browsers think apart, and right-aligned Arabic or Hebrew the anchor that lies on its left."""

SIZE = (
    "async ({ elements, files, ground, padding, shown }) => {"
    + _BEFORE
    + """
  let size = null;
  const getDimensions = (width, height) => { size = { width, height }; throw new Error('measured'); };
  try { await Excalidraw.exportToBlob({ ...scene, getDimensions }); } catch (error) { if (!size) throw error; }
  return size;
}"""
)

PNG = (
    "async ({ elements, files, ground, padding, shown, width, height, scale }) => {"
    + _BEFORE
    + """
  const blob = await Excalidraw.exportToBlob({ ...scene, getDimensions: () => ({ width, height, scale }) });
  const reader = new FileReader();
  const url = await new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return done({ png: url.slice(url.indexOf(',') + 1) });
}"""
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that can be drawn: what the page is given, and the colour behind it, empty where it shows through."""

    argument: dict[str, Any]
    ground: str
    empty: bool


def prepare(source: Document, render: Render) -> Prepared:
    """Read, check and complete a document. Raises BadDocument; what it lacks is told."""
    saved = read(source.read_text(), render)
    pictures = Pictures(saved, render)
    elements = clean(saved)
    if is_dark(render):
        darken(elements)
    elements = [
        pictures.complete(one, made) if one.kind == "image" else made
        for one, made in zip(saved.elements, elements, strict=True)
    ]
    if not elements:
        render.warn(EMPTY)
    if pictures.missing:
        render.warn(f"Pictures that are not in the document, or broken, are shown as empty boxes: {pictures.missing}.")
    pages = [one for one in saved.elements if one.kind in {"iframe", "embeddable"}]
    for one in pages:
        link = text_of(one.fields.get("link"))
        render.lack("shapes", id=one.id, type=one.kind, name=link, why="nothing is loaded while drawing")
    if pages:
        render.warn(f"Web pages are shown as boxes, because nothing is loaded while drawing: {len(pages)}.")
    ground = _ground(saved, render)
    render.things = lambda: _things(elements, ground or "#ffffff")
    argument = {
        "elements": elements,
        "files": pictures.files,
        "ground": ground or "#ffffff",
        "shown": bool(ground),
        "padding": render.setting("padding", 16),
        "fonts": FONTS,
    }
    return Prepared(argument, ground, not elements)


def _things(elements: list[dict[str, Any]], ground: str) -> int:
    """How many elements can be told from the ground; pictures may be blanks themselves."""
    unseen = {name for name in {one[side] for one in elements for side in _PAINTS} if _is_unseen(name, ground)}
    return sum(
        one["type"] != "image"
        and one["opacity"] > 0
        and (one["type"] != "text" or bool(one["text"].strip()))
        and bool(one["width"] or one["height"] or one.get("points"))
        and any(one[side] not in unseen for side in _PAINTS[: 1 if one["type"] == "text" else 2])
        for one in elements
    )


def _is_unseen(name: str, ground: str) -> bool:
    seen = colour(name)
    return not seen[3] or seen[:3] == colour(ground)[:3]


def svg(scene: Prepared, render: Render) -> str:
    """The drawing as Excalidraw exports it, its letters inside, nothing behind it; not clean yet."""
    if scene.empty:
        width, height = EMPTY_SIZE.width, EMPTY_SIZE.height
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect fill="none" /></svg>'
    drawn: str = _call(SVG, scene.argument, render)["svg"]
    return drawn


def pixels(scene: Prepared, form: str, render: Render) -> bytes:
    """The drawing as PNG, in the pixels that a file of format `form` shall have. Raises Refused for too many."""
    found = _call(SIZE, scene.argument, render)
    own = wished(Size(max(found["width"], 1), max(found["height"], 1)), render)
    scale = render.setting("scale", 1.0)
    size = limited(own.width, own.height, scale if isinstance(scale, float) else 1.0, form, render)
    place = {"width": size.width, "height": size.height, "scale": size.width / max(found["width"], 1)}
    if form == "jpeg" and not scene.ground:
        place["shown"] = True  # JPEG knows no transparency: what would show through is white
    return base64.b64decode(_call(PNG, scene.argument | place, render)["png"])


def _call(script: str, argument: dict[str, Any], render: Render) -> dict[str, Any]:
    from workers.browser import ScriptError, browser

    try:
        answer: dict[str, Any] = browser().call("excalidraw", script, argument, seconds=render.seconds_left())
    except ScriptError as error:
        raise BadDocument(f"Excalidraw cannot draw this: {error.message[:300]}") from error
    if answer.get("count"):
        said = "; ".join(answer["failed"])
        render.warn(f"Excalidraw left out what it could not draw ({answer['count']}): {said[:500]}")
    return answer


def _ground(saved: Saved, render: Render) -> str:
    """The background that was asked for, else the drawing's own; in the dark theme that one's dark counterpart."""
    if "background" in render.settings.model_fields_set:
        asked = str(render.setting("background", "white"))
        return asked if colour(asked)[3] else ""
    own = css(saved.app_state.get("viewBackgroundColor"), "#ffffff")
    try:
        seen = colour(own)[3]
    except BadDocument:
        own, seen = "#ffffff", 255
    if is_dark(render):
        return darkened(own if seen else "#ffffff")
    return own if seen else ""
