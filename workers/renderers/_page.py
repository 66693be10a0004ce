"""A web page of its own: one file, no script, nothing loaded from anywhere, and the paper that it is printed on."""

from __future__ import annotations

import html
from dataclasses import dataclass

from workers.renderers._svg_size import Size
from workers.renderers.base import Render

FONTS = '"Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", "Noto Color Emoji", "DejaVu Sans", sans-serif'
CODE_FONTS = '"Noto Sans Mono", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace'

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
"""Content security policy of every page: what is in the file shows, nothing else is loaded, nothing runs."""

PAPER_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
PIXELS_PER_MM = 96 / 25.4


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet of a PDF as the user chose it; `name` is what the browser calls it."""

    name: str
    landscape: bool
    margin_mm: float
    width_mm: float
    height_mm: float

    @property
    def room(self) -> Size:
        """The printable area in CSS pixels."""
        width, height = self.width_mm - 2 * self.margin_mm, self.height_mm - 2 * self.margin_mm
        return Size(max(width, 10) * PIXELS_PER_MM, max(height, 10) * PIXELS_PER_MM)


def asked_paper(render: Render) -> Paper | None:
    """The paper of the PDF settings; None for `fit`."""
    name = str(render.setting("page_size", "fit"))
    return None if name == "fit" else paper(render, name)


def paper(render: Render, name: str) -> Paper:
    """A sheet of `a4` or `letter`, turned and with the margin as the user asked."""
    landscape = render.setting("orientation") == "landscape"
    margin = render.setting("margin_mm", 15.0)
    width, height = PAPER_MM[name]
    if landscape:
        width, height = height, width
    margin_mm = min(float(margin), width / 2 - 20, height / 2 - 20) if isinstance(margin, int | float) else 15.0
    return Paper({"a4": "A4", "letter": "Letter"}[name], landscape, margin_mm, width, height)


def web_page(
    title: str, style: str, body: str, *, theme: str = "light", language: str = "", theme_class: str = ""
) -> str:
    """A whole HTML document. `style` and `body` must be clean; the title is escaped here."""
    head = html.escape(title or "Untitled")
    lang = f' lang="{html.escape(language)}"' if language else ""
    css = f' class="{theme_class}"' if theme_class else ""
    return (
        f'<!doctype html>\n<html{lang} data-theme="{theme}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{head}</title>\n<style>\n{style}</style>\n</head>\n<body{css}>\n{body}\n</body>\n</html>\n"
    )
