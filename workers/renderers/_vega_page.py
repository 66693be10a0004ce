"""A live chart as one HTML file: vega, the spec and its data are inside; nothing is loaded, no text is compiled."""

from __future__ import annotations

import base64
import hashlib
import html
import json

START = """(() => {
  const { spec, lite, config, missing } = JSON.parse(document.getElementById('spec').textContent);
  const allowed = { href: /^(https?|mailto):/i, image: /^data:image\\//i };
  const loader = {
    load: () => Promise.reject(new Error('This page loads nothing')),
    sanitize: (uri, options) => (allowed[options && options.context] || allowed.image).test(uri)
      ? Promise.resolve({ href: uri, rel: 'noopener noreferrer', target: '_blank' })
      : options && options.context === 'image' ? Promise.resolve({ href: missing })
      : Promise.reject(new Error('This page loads nothing')),
  };
  const tell = (error) => { document.getElementById('chart').textContent = 'Vega says: ' + error.message; };
  try {
    const chart = lite ? vegaLite.compile(spec, { config }).spec : spec;
    new vega.View(vega.parse(chart, lite ? {} : config, { ast: true }), {
      renderer: 'svg', container: '#chart', bind: '#controls', hover: true, loader, expr: vega.expressionInterpreter,
    }).runAsync().catch(tell);
  } catch (error) { tell(error); }
})();"""


def chart_page(argument: dict[str, object], library: str, title: str, ground: str) -> str:
    """The page. Its policy names its two scripts by their hashes, so nothing inside the spec can run.

    `ground` is a CSS colour; `library` is the bundle, `argument` the spec, its dialect and the theme.
    """
    if "</script" in library.lower():
        message = "the bundle would end its own element"
        raise ValueError(message)
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in (library, START))
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    embedded = json.dumps(argument, ensure_ascii=False).replace("<", "\\u003c")
    style = (
        f"html{{background:{ground}}}body{{margin:0;min-height:100vh;display:grid;place-items:center;"
        "place-content:center;gap:8px;color:#7d8590;font:13px sans-serif}#chart{max-width:100vw;overflow:auto}"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title or 'Chart')}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<div id="chart"></div>\n<div id="controls"></div>\n'
        f'<script type="application/json" id="spec">{embedded}</script>\n'
        f"<script>{library}</script>\n<script>{START}</script>\n</body>\n</html>\n"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
