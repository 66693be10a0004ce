"""A PDF's pages are the paper that was asked for, or as large as what they show, and as many as were written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from longshore.errors import Permanent
from workers.gate.pdf import Seen
from workers.gate.size import drawn, fits
from workers.renderers.base import Document, PageSettings, Render

POINT = 72 / 96
"""Points in a CSS pixel."""
PLAY = 1.2
"""Points by which a side may differ: paper is laid out in whole pixels, and a drawing's page ends with one."""
LONGEST = 14_400
"""Points of a page's side (ISO 32000-1, annex C.2); what is larger was shrunk, which is told."""


def check(steps: Sequence[Document], seen: Seen, render: Render) -> None:
    """Measure every page of the last of `steps`, in which `seen` was seen. Raises Permanent."""
    pages = seen.sizes
    if not pages:
        raise Permanent("The PDF has no pages. Please report it.")
    if render.pages is not None and len(pages) != render.pages:
        raise Permanent(f"The PDF has {len(pages):,} pages instead of {render.pages:,}. Please report it.")
    wanted = _wanted(steps, render) or pages[0]
    turned = _may_turn(steps, render)
    for number, page in enumerate(pages, 1):
        if not _alike(page, wanted) and not (turned and _alike(page, wanted[::-1])):
            raise Permanent(f"Page {number} of the PDF is {_told(page)} instead of {_told(wanted)}. Please report it.")
    if _fits_its_drawing(steps, render) and not render.other_size and max(pages[0]) < LONGEST - PLAY:
        asked = [side if isinstance(side, int) else None for side in map(render.setting, ("width", "height"))]
        points = [side and side * POINT for side in asked]
        if any(asked) and not fits(pages[0], (points[0], points[1]), PLAY):
            wish = " x ".join(f"{side}" if side else "any" for side in asked)
            raise Permanent(f"The PDF's page is {_told(pages[0])}, asked for were {wish} pixels. Please report it.")


def _alike(page: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(one - two) <= PLAY for one, two in zip(page, other, strict=True))


def _may_turn(steps: Sequence[Document], render: Render) -> bool:
    """Whether a page may lie on its side because its own style says so: where nobody asked for a paper."""
    asked = render.settings.model_fields_set & {"page_size", "orientation"}
    return not asked and len(steps) > 1 and steps[-2].form == ".html"


def _fits_its_drawing(steps: Sequence[Document], render: Render) -> bool:
    """Whether the page is as large as what it shows; a text always lies on paper."""
    return render.setting("page_size") == "fit" and not (len(steps) > 1 and steps[-2].form == ".html")


def _wanted(steps: Sequence[Document], render: Render) -> tuple[float, float] | None:
    """The size of each page in points; None where only the conversion can know it."""
    if not isinstance(render.settings, PageSettings):
        return None
    if not _fits_its_drawing(steps, render):
        width, height = render.settings.size_mm("a4")
        return width / 25.4 * 72, height / 25.4 * 72
    if len(steps) < 2 or steps[-2].form != ".svg":  # noqa: PLR2004 - a drawing, and the page that shows it
        return None
    own = drawn(steps[-2].path)
    if own is None or max(own) * POINT > LONGEST:
        return None
    return math.ceil(own[0]) * POINT, math.ceil(own[1]) * POINT


def _told(page: tuple[float, float]) -> str:
    return " x ".join(f"{side / 72 * 25.4:.1f}" for side in page) + " mm"
