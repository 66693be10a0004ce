"""A self-contained HTML page around a drawing."""

from __future__ import annotations

import re

from workers.scene.markup import element, escaped

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ground: #f4f5f7; --ink: #1f2933; --faint: #64748b; --line: #dfe3e8; --sheet: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0b0c0f; --ink: #eef2f6; --faint: #94a3b8; --line: #2a2f38; }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: clamp(12px, 3vw, 40px); background: var(--ground); color: var(--ink);
  font: 16px/1.5 "Noto Sans", system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", sans-serif;
}
main { max-width: 1600px; margin: 0 auto; }
h1 { font-size: 1.35rem; line-height: 1.3; font-weight: 650; margin: 0 0 16px; overflow-wrap: anywhere; }
figure {
  margin: 0; background: var(--sheet); border: 1px solid var(--line); border-radius: 12px; overflow: auto;
  box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 8px 24px rgb(0 0 0 / 6%);
}
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
@media print { body { padding: 0; } figure { border: 0; box-shadow: none; } }
"""


def page(svg: str, title: str, sheet: str) -> str:
    """An HTML page with the drawing inside. `sheet` is the colour of the sheet that the drawing lies on."""
    name = escaped(title or "Canvas")
    style = _STYLE.replace("--sheet: #fff", f"--sheet: {sheet}")
    drawing = re.sub(r"<title>.*?</title>", "", svg, count=1, flags=re.DOTALL).strip()
    heading = element("h1", {}, name) if title else ""
    return (
        "<!doctype html>\n"
        '<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{heading}\n<figure>{drawing}</figure>\n</main>\n</body>\n</html>\n"
    )
