"""A live chart as one HTML file: plotly.js, the figure and the maps it needs are inside, and nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from typing import Any

from workers.renderers.base import Render

GEOGRAPHIC = ("scattergeo", "choropleth")

START = """(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  window.PlotlyGeoAssets = { topojson: read('maps') };
  const figure = read('figure');
  const config = { responsive: true, displaylogo: false, ...figure.config };
  Plotly.newPlot('chart', figure.data, figure.layout, config)
    .then((chart) => figure.frames.length && Plotly.addFrames(chart, figure.frames));
})();"""


def chart_page(figure: dict[str, Any], title: str, ground: str, maps: dict[str, Any]) -> str:
    """The page. Its policy names its two scripts by their hashes, so nothing inside the figure can run."""
    library = _library()
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in (library, START))
    policy = (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    size = "" if figure["layout"].get("height") else "min-height:100vh;"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title or 'Chart')}</title>\n"
        f"<style>html{{background:{_css_value(ground)}}}body{{margin:0}}#chart{{{size}}}</style>\n</head>\n<body>\n"
        '<div id="chart"></div>\n'
        f'<script type="application/json" id="maps">{_embedded(maps)}</script>\n'
        f'<script type="application/json" id="figure">{_embedded(figure)}</script>\n'
        f"<script>{library}</script>\n<script>{START}</script>\n</body>\n</html>\n"
    )


@cache
def _library() -> str:
    return (files("plotly.package_data") / "plotly.min.js").read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _css_value(text: str) -> str:
    return "".join(one for one in text if one.isalnum() or one in "#(),.% -")


def _embedded(value: object) -> str:
    """JSON that no `</script>` inside it can end."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def outlines(figure: dict[str, Any], render: Render) -> dict[str, Any]:
    """The map outlines that the figure's geographic subplots need, by plotly.js's names for them."""
    from workers.browser import asset

    if not any(trace.get("type") in GEOGRAPHIC for trace in figure["data"]):
        return {}
    layouts = [value for name, value in figure["layout"].items() if name.startswith("geo") and isinstance(value, dict)]
    found = {}
    for geo in layouts or [{}]:
        resolution = 50 if str(geo.get("resolution")) == "50" else 110
        name = f"{str(geo.get('scope', 'world')).replace(' ', '-')}_{resolution}m"
        path = asset(f"maps/{name}.json")
        if name.replace("-", "").replace("_", "").isalnum() and path.is_file():
            found[name] = json.loads(path.read_text(encoding="utf-8"))
        else:
            render.warn(f"The page lacks the map outline {name[:40]}, which is not among this machine's assets.")
    return found
