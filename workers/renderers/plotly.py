"""Plotly charts: drawn by plotly.js in the warm page, every trace type; maps without tiles, nothing is loaded."""

from __future__ import annotations

import base64
import json
from typing import Any

from workers.renderers._diagram import FONTS, finish, is_dark
from workers.renderers._figure import (
    UNKNOWN_TYPE,
    arrays,
    check_without_drawing,
    decoded,
    read_figure,
)
from workers.renderers._figure_images import with_pictures
from workers.renderers._figure_page import chart_page, outlines
from workers.renderers._follows import ENCODED, SIZE
from workers.renderers._pixels import colour, finished, limited
from workers.renderers.base import BadDocument, Document, Render, conversion

DRAW = """async ({ figure, options }) => {
  Plotly.setPlotConfig({ topojsonURL: location.origin + '/plotly/maps/', logging: 0 });
  globalThis.kinds ||= new Set(Object.keys(Plotly.PlotSchema.get().traces));
  for (const [index, trace] of figure.data.entries()) {
    if (trace.type !== undefined && !kinds.has(trace.type)) return { problem: [index + 1, String(trace.type)] };
  }
  let dice = 20121117;
  Math.random = () => (dice = (dice * 16807) % 2147483647) / 2147483647;
  return { content: await Plotly.toImage(figure, options) };
}"""

WIDTH, HEIGHT = 1000, 600
"""CSS pixels of a chart whose layout names no size."""

CHART = ("theme", "background", *SIZE)

ALONE = ("indicator", "image", "table")
"""Traces that show something without a list of numbers."""
STREET_MAPS = ("scattermap", "choroplethmap", "densitymap")


@conversion("plotly", "svg", cost=40, needs=("browser", "plotly"), follows=CHART)
def to_svg(source: Document, render: Render) -> Document:
    """The chart as SVG with text as text; what WebGL draws is a picture inside it."""
    figure = _prepared(source, render)
    width, height = _size(figure, render)
    content = _image(figure, render, form="svg", width=width, height=height, scale=1)
    return render.save("svg", finish(content, render, margin=False))


@conversion("plotly", "png", cost=95, needs=("browser", "plotly"), follows=CHART + ENCODED["png"])
def to_png(source: Document, render: Render) -> Document:
    """The chart as PNG, layout size times scale."""
    return render.save("png", finished(_pixels(source, render, "png"), "png", render))


@conversion("plotly", "jpeg", cost=110, needs=("browser", "plotly"), follows=CHART + ENCODED["jpeg"])
def to_jpeg(source: Document, render: Render) -> Document:
    """The chart as JPEG; transparent parts become white."""
    return render.save("jpeg", finished(_pixels(source, render, "jpeg"), "jpeg", render))


@conversion("plotly", "webp", cost=250, needs=("browser", "plotly"), follows=CHART + ENCODED["webp"])
def to_webp(source: Document, render: Render) -> Document:
    """The chart as WebP."""
    return render.save("webp", finished(_pixels(source, render, "webp"), "webp", render))


@conversion("plotly", "json", cost=2)
def to_json(source: Document, render: Render) -> Document:
    """The figure as JSON with plain lists in place of typed arrays."""
    figure = read_figure(source, render)
    check_without_drawing(figure)
    return render.save("json", json.dumps(decoded(figure), ensure_ascii=False, indent=1) + "\n")


@conversion("plotly", "html", cost=30, follows=("theme", "background"))
def to_html(source: Document, render: Render) -> Document:
    """A web page of its own with the chart live: zoom, hover and legend work without a network."""
    figure = _prepared(source, render)
    check_without_drawing(figure)
    ground = figure["layout"].get("paper_bgcolor") or ("#111111" if is_dark(render) else "white")
    return render.save("html", chart_page(figure, source.title, str(ground), outlines(figure, render)))


def _prepared(source: Document, render: Render) -> dict[str, Any]:
    """The figure with the wished theme, background and fonts."""
    figure = read_figure(source, render)
    asked = render.settings.model_fields_set
    layout = dict(figure["layout"])
    render.things = lambda: sum(map(_is_seen, figure["data"]))
    template = layout.get("template")
    if is_dark(render):
        template = "plotly_dark"
        layout = {name: value for name, value in layout.items() if name not in {"paper_bgcolor", "plot_bgcolor"}}
    elif template is None and "theme" in asked:
        template = "plotly"
    if isinstance(template, str):
        template = _template(template)
    layout["template"] = template
    layout["font"] = {"family": FONTS, **(layout.get("font") or {})}
    if "background" in asked:
        red, green, blue, alpha = colour(str(render.setting("background")))
        layout["paper_bgcolor"] = f"rgba({red},{green},{blue},{alpha / 255:.3f})"
        layout["plot_bgcolor"] = "rgba(0,0,0,0)"
    for number, trace in enumerate(figure["data"]):
        what = {"id": str(number), "type": str(trace.get("type") or "scatter"), "name": str(trace.get("name") or "")}
        if what["type"] in STREET_MAPS:
            render.lack("traces", **what, why="drawn without the street map behind it")
        elif not any(True for _ in arrays(trace)) and trace.get("type") not in ALONE:
            render.lack("traces", **what, why="holds no data")
    if any(trace.get("type") in STREET_MAPS for trace in figure["data"]):
        render.warn("The street map behind the data is left out: no map tiles are loaded while drawing.")
        for name in [name for name in layout if name.startswith("map")] or ["map"]:
            layout[name] = {**(layout.get(name) or {}), "style": "white-bg"}
    return with_pictures({**figure, "layout": layout}, render)


def _is_seen(trace: dict[str, Any]) -> bool:
    """Whether a trace draws something, or has axes drawn for it."""
    shown = trace.get("visible", True) is True and trace.get("opacity", 1) != 0 and trace.get("mode") != "none"
    return shown and (any(True for _ in arrays(trace)) or trace.get("type") == "indicator")


def _template(name: str) -> dict[str, Any] | None:
    """A template of the plotly package by its name; None (plotly.js's own look) where there is none of that name."""
    from importlib.resources import files

    if not name.replace("_", "").isalnum():
        return None
    path = files("plotly.package_data") / "templates" / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _size(figure: dict[str, Any], render: Render) -> tuple[int, int]:
    """Width and height in CSS pixels: the wish, else the layout's; one wish alone keeps the proportions."""
    layout = figure["layout"]
    own = [layout.get(name) for name in ("width", "height")]
    width, height = (
        one if isinstance(one, int | float) and 10 <= one <= 16384 else usual  # noqa: PLR2004 - plotly's least
        for one, usual in zip(own, (WIDTH, HEIGHT), strict=True)
    )
    wide, high = render.setting("width"), render.setting("height")
    if isinstance(wide, int) and isinstance(high, int):
        return wide, high
    if isinstance(wide, int):
        return wide, max(10, round(wide * height / width))
    if isinstance(high, int):
        return max(10, round(high * width / height)), high
    return round(width), round(height)


def _pixels(source: Document, render: Render, form: str) -> bytes:
    figure = _prepared(source, render)
    width, height = _size(figure, render)
    scale = render.setting("scale", 2.0)
    size = limited(width, height, scale if isinstance(scale, float) else 2.0, form, render)
    if form == "jpeg" and str(render.setting("background")) == "transparent":
        figure["layout"]["paper_bgcolor"] = "white"
    content = _image(figure, render, form="png", width=width, height=height, scale=size.width / width)
    return base64.b64decode(content.partition(",")[2])


def _image(figure: dict[str, Any], render: Render, *, form: str, width: int, height: int, scale: float) -> str:
    from workers.browser import ScriptError, browser

    options = {"format": form, "width": width, "height": height, "scale": scale, "imageDataOnly": form == "svg"}
    argument = {"figure": figure, "options": options}
    try:
        answer = browser().call("plotly", DRAW, argument, seconds=render.seconds_left())
    except ScriptError as error:
        if "topojson" in error.message:
            raise BadDocument(
                "The chart asks for a map that is not there; use a scope such as world or europe."
            ) from error
        raise BadDocument(f"plotly.js cannot draw this figure: {error.message}"[:500]) from error
    if "problem" in answer:
        number, kind = answer["problem"]
        raise BadDocument(UNKNOWN_TYPE.format(number=number, kind=kind))
    return str(answer["content"])
