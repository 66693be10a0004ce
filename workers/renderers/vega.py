"""Vega and Vega-Lite charts: drawn by vega in a warm page that compiles no text; expressions are read, not run."""

from __future__ import annotations

import json
import re
from typing import Any

from workers.renderers._diagram import DARK_GROUND, FONTS, finish, is_dark
from workers.renderers._elsewhere import data_url
from workers.renderers._follows import DRAWN
from workers.renderers._missing import MOST, missing
from workers.renderers._pixels import colour
from workers.renderers._vega import Spec, check_drawable, read_spec
from workers.renderers._vega_page import chart_page
from workers.renderers.base import BadDocument, Document, Render, Unavailable, conversion

MAX_PICTURES = 100
"""Pictures that one chart may fetch, where the operator allows any."""

_MAY_HIDE = re.compile(
    r'"(?:transform|signals|condition|facet|clip|projection)":|opacity|white|transparent|#[fF]{3}|"size": 0\b|"image"'
)

MAX_TOLD = 5
"""Of vega's own warnings; a chart with one mistake in its axis says it for every row."""

DRAW = """async ({ spec, lite, config, missing, most, pictures }) => {
  await new Promise((go) => setTimeout(go, 0));  // until the first turn the browser lets the caller compile text
  const MOST = 1000000;
  if (!globalThis.guarded) {
    globalThis.guarded = true;
    const check = (count) => {
      if (!(Math.abs(count) <= MOST)) throw new Error('an expression or transform makes more than 1,000,000 values');
    };
    const limit = (name, count) => {
      const { prototype } = vega.transforms[name], { transform } = prototype;
      prototype.transform = function (given, pulse) {
        check(count(given, pulse));
        return transform.call(this, given, pulse);
      };
    };
    limit('sequence', ({ start, stop, step }) => (stop - start) / (step || 1));
    limit('cross', (given, pulse) => (pulse.source || []).length ** 2);
    const sequence = vega.expressionFunction('sequence');
    vega.expressionFunction('sequence', (...given) => {
      const [start, stop, step] = given.length > 1 ? given : [0, given[0]];
      check((stop - start) / (step || 1));
      return sequence(...given);
    });
    vega.expressionFunction('now', () => {
      throw new Error('now() is not known while drawing, because the same spec gives the same picture; name the date');
    });
  }
  vega.resetSVGDefIds();
  vega.setRandom(vega.randomLCG(20130501));
  const errors = [], warnings = [], loads = [], images = [];
  const told = (list) => function (...parts) {
    list.push(parts.map((part) => String((part && part.message) || part)).join(' ').slice(0, 500));
    return this;
  };
  const quiet = function () { return this; };
  const logger = { level: quiet, info: quiet, debug: quiet, warn: told(warnings), error: told(errors) };
  const refuse = (list, uri) => { list.push(String(uri)); return Promise.reject(new Error('nothing is loaded')); };
  const loader = {
    load: (uri) => refuse(loads, uri),
    sanitize: (uri, { context } = {}) => {
      if (context === 'href' && /^(https?|mailto):/i.test(uri)) return Promise.resolve({ href: uri });
      if (context === 'image' && /^data:/i.test(uri)) return Promise.resolve({ href: uri });
      if (context === 'image' && Object.hasOwn(pictures, uri)) return Promise.resolve({ href: pictures[uri] });
      if (context !== 'image') return Promise.reject(new Error('no such link'));
      return refuse(images, uri).catch((error) => {
        if (images.length > most) throw error;
        return { href: missing };
      });
    },
  };
  const locate = (node, path, message) => {
    if (!node || typeof node !== 'object') return '';
    for (const [key, value] of Object.entries(node)) {
      const at = Array.isArray(node) ? path + '[' + key + ']' : path ? path + '.' + key : key;
      if (key === 'values' || key === 'datasets') continue;
      if (typeof value === 'string' && /^(calculate|expr|filter|signal|test|update|init)$/.test(key)) {
        try { vega.parseExpression(value); } catch (error) { if (error.message === message) return at; }
      }
      const inside = locate(value, at, message);
      if (inside) return inside;
    }
    return '';
  };
  let view;
  try {
    const chart = lite ? vegaLite.compile(spec, { config, logger }).spec : spec;
    const parsed = vega.parse(chart, lite ? {} : config, { ast: true });
    view = new vega.View(parsed, { renderer: 'none', logger, loader, expr: vega.expressionInterpreter });
    const svg = await view.toSVG();
    if (errors.length) throw new Error(errors[0]);
    return { svg, warnings, loads, images };
  } catch (error) {
    const message = errors[0] || String((error && error.message) || error);
    const at = locate(spec, '', message);
    const shape = error instanceof TypeError ? 'a part of it has another form than vega expects: ' : '';
    throw new Error(at ? at + ': ' + message : shape + message);
  } finally {
    if (view) view.finalize();
  }
}"""
"""Draws, the same every time, and says what vega said, what it would have loaded, and which expression is broken."""


@conversion("vega", "svg", cost=20, needs=("browser", "vega"), follows=DRAWN)
def to_svg(source: Document, render: Render) -> Document:
    """The chart as SVG with text as text; no data and no picture is loaded from anywhere."""
    return render.save("svg", finish(_drawn(_prepared(source, render), render), render, margin=False))


@conversion("vega", "html", cost=5, needs=("vega",), follows=("theme", "background", "padding"))
def to_html(source: Document, render: Render) -> Document:
    """A web page of its own with the chart live: selections, controls and tooltips work without a network."""
    from workers.browser import asset

    spec = _prepared(source, render)
    try:
        library = asset("vega.min.js").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Unavailable("vega.min.js has not been built on this machine. Build it with: make assets") from error
    if _shows_remote_pictures(spec):
        render.warn("Pictures at an address do not show in the page, which loads nothing. Put them in as data: URLs.")
    page = chart_page(_argument(spec, render), library, source.title, _ground(render))
    return render.save("html", page)


@conversion("vega", "json", cost=2)
def to_json(source: Document, render: Render) -> Document:
    """The spec with its `$schema`, and with text tables inside it as rows."""
    spec = read_spec(source, render)
    check_drawable(spec)
    return render.save("json", json.dumps(spec.content, ensure_ascii=False, indent=1) + "\n")


def _prepared(source: Document, render: Render) -> Spec:
    """The spec with the wished background and padding. Raises BadDocument where it cannot be drawn."""
    spec = read_spec(source, render)
    check_drawable(spec)
    render.things = lambda: _things(spec)
    asked = render.settings.model_fields_set
    if is_dark(render) or "background" in asked:
        spec.content["background"] = _ground(render)
        if isinstance(spec.content.get("config"), dict):
            spec.content["config"].pop("background", None)
    if "padding" in asked:
        spec.content["padding"] = render.setting("padding")
    return spec


def _things(spec: Spec) -> int | None:
    """How many rows there are to be drawn; None where a part of the spec may leave them out or hide them."""
    told = json.dumps(spec.content)
    marks = sum("mark" in view if spec.lite else bool(path) and "type" in view for path, view in spec.views())
    if not marks or _MAY_HIDE.search(told):
        return None
    rows = sum(len(data["values"]) for _, data in spec.sources() if isinstance(data.get("values"), list))
    return rows + sum(len(one) for one in (spec.content.get("datasets") or {}).values() if isinstance(one, list))


def _shows_remote_pictures(spec: Spec) -> bool:
    kinds = (view.get("mark") if spec.lite else view.get("type") for _, view in spec.views())
    if not any((kind.get("type") if isinstance(kind, dict) else kind) == "image" for kind in kinds):
        return False
    inside = json.dumps({name: part for name, part in spec.content.items() if name != "$schema"})
    return re.search(r'"(?:https?:)?//', inside, re.IGNORECASE) is not None


def _ground(render: Render) -> str:
    """What is behind the chart, as a CSS colour."""
    if is_dark(render) and "background" not in render.settings.model_fields_set:
        return DARK_GROUND
    red, green, blue, alpha = colour(str(render.setting("background", "white")))
    return f"rgba({red},{green},{blue},{alpha / 255:.3f})" if alpha else "transparent"


def _argument(spec: Spec, render: Render) -> dict[str, Any]:
    shown = {"config": _config(render, lite=spec.lite), "missing": missing(), "most": MOST}
    return {"spec": spec.content, "lite": spec.lite, **shown}


def _config(render: Render, *, lite: bool) -> dict[str, Any]:
    """Fonts and theme, below whatever the spec says itself."""
    names = {"guide-label": "font", "guide-title": "font", "group-title": "font", "group-subtitle": "font"}
    style = {name: {key: FONTS} for name, key in names.items()}
    config: dict[str, Any] = {"background": _ground(render), "text": {"font": FONTS}, "style": style}
    if not is_dark(render):
        return config
    ink, soft, line = "#e6e9ef", "#c3c9d4", "#4a5568"
    for name, fill in zip(names, (soft, ink, ink, soft), strict=True):
        style[name]["fill"] = fill
    config["axis"] = {"domainColor": line, "gridColor": "#2f3744", "tickColor": line}
    config["text"]["color" if lite else "fill"] = ink
    config["rule"] = {"color" if lite else "stroke": soft}
    return config | ({"view": {"stroke": line}} if lite else {})


def _drawn(spec: Spec, render: Render) -> str:
    """The SVG as vega writes it. Where the operator lets pictures be fetched, it is drawn again with them."""
    argument = _argument(spec, render)
    answer = _draw(argument | {"pictures": {}}, render)
    if answer["images"] and render.fetch is not None:
        fetched = {uri: data_url(uri, render) for uri in dict.fromkeys(answer["images"][:MAX_PICTURES])}
        answer = _draw(argument | {"pictures": {uri: one for uri, one in fetched.items() if one}}, render)
    if answer["loads"]:
        raise BadDocument(
            f"The spec asks for data at {answer['loads'][0][:200]}, and data.url is not loaded: put the values inside."
        )
    if answer["images"]:
        for address in dict.fromkeys(answer["images"]):
            render.lack("pictures", type="image", name=address, why="nothing is loaded while drawing")
        count = len(set(answer["images"]))
        render.warn(f"{count} picture(s) at an address are shown as boxes. Put them into the spec as data: URLs.")
    for said in answer["warnings"][: 10 * MAX_TOLD]:
        if said.startswith("Infinite extent"):
            render.warn("The chart has an axis without a single value: its data holds none for it.")
        elif len(render.warnings) < MAX_TOLD:
            render.warn(f"Vega says: {said}")
    return str(answer["svg"])


def _draw(argument: dict[str, Any], render: Render) -> dict[str, Any]:
    from workers.browser import ScriptError, browser

    try:
        answer: dict[str, Any] = browser().call("vega", DRAW, argument, seconds=render.seconds_left())
    except ScriptError as error:
        raise BadDocument(f"Vega cannot draw this spec: {error.message}"[:600]) from error
    return answer
