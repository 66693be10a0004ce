"""A web page of its own: one file, no script, nothing loaded from anywhere, and the paper that it is printed on."""

from __future__ import annotations

import html
from dataclasses import dataclass

from workers.renderers._svg_size import Size
from workers.renderers.base import PageSettings, Render

FONTS = '"Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", "Noto Color Emoji", "DejaVu Sans", sans-serif'
CODE_FONTS = '"Noto Sans Mono", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace'

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
"""Content security policy of every page: what is in the file shows, nothing else is loaded, nothing runs."""

PIXELS_PER_MM = 96 / 25.4


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet of a PDF as the user chose it, in millimetres; margins are top, right, bottom and left."""

    size_mm: tuple[float, float]
    margins_mm: tuple[float, float, float, float]

    @property
    def whole(self) -> Size:
        """The sheet in CSS pixels."""
        return Size(self.size_mm[0] * PIXELS_PER_MM, self.size_mm[1] * PIXELS_PER_MM)

    @property
    def room(self) -> Size:
        """The printable area in CSS pixels."""
        top, right, bottom, left = self.margins_mm
        width, height = self.size_mm[0] - left - right, self.size_mm[1] - top - bottom
        return Size(width * PIXELS_PER_MM, height * PIXELS_PER_MM)


def asked_paper(render: Render) -> Paper | None:
    """The paper of the PDF settings; None for `fit`."""
    return None if render.setting("page_size", "fit") == "fit" else paper(render)


def paper(render: Render) -> Paper:
    """The paper of the PDF settings, A4 for `fit`, turned and with the margins that were asked for."""
    asked = render.settings if isinstance(render.settings, PageSettings) else PageSettings()
    return Paper(asked.size_mm("a4"), asked.margins_mm("a4"))


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
