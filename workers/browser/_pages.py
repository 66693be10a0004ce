"""What is drawn in a browser: a function in a warm page, a picture of HTML, a PDF of HTML. Blocking, one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from longshore.errors import Refused, Unavailable
from longshore.settings import settings
from workers.browser._network import ORIGIN, closed_context
from workers.needs import BUNDLES, check

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Form = Literal["png", "jpeg", "webp"]

LONGEST_SIDE = 16384
"""Pixels that Chromium can paint in one direction; beyond it the picture repeats or stays empty."""

MAX_CALLS = 200
"""Calls of one warm page: what is left of a few documents goes with the page only."""

FEWER_CALLS = {"excalidraw": 10}
"""Where a page leaves more: cutting the fonts of a drawing costs 1.3 MB outside the heap, which nothing collects.

With 10 calls a mix of twelve kinds grew by 0.08 MB a render over 300, with 40 by 0.13.
"""

TIDY_EVERY = 20
"""Calls of all warm pages between two collections of their garbage.

Left to itself the page of Plotly grows by 0.3 MB a call, since its heap may; with them 150 calls leave nothing. One
takes 0.1 to 0.2 s.
"""

CALL = """async (text) => {
  try {
    const value = await (%s)(JSON.parse(text));
    return JSON.stringify({ value: value === undefined ? null : value });
  } catch (error) {
    return JSON.stringify({ error: String((error && error.message) || error) });
  }
}"""
"""Argument and result cross as text: ten times faster for a large figure than Playwright's own tree of values."""


CONTENT_HEIGHT = """() => {
  const root = document.documentElement;
  const bottom = Math.ceil(root.getBoundingClientRect().bottom);
  return root.scrollHeight > innerHeight ? root.scrollHeight : Math.max(1, bottom);
}"""
"""Height of the whole page in CSS pixels, also where it is lower than the window."""


class ScriptError(Exception):
    """The JavaScript of a call threw; `message` is what it said. The conversion decides what that means."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(slots=True)
class WarmPage:
    """A page with one bundle loaded. `broken`: a call threw, which may have left the page in any state."""

    page: Page
    most: int
    calls: int = 0
    tidied: int = 0
    broken: bool = False


class WarmPages:
    """The pages of one browser, by bundle; each is loaded at its first call and replaced after some hundred."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: dict[str, WarmPage] = {}

    def call(self, bundle: str, script: str, argument: object) -> Any:
        """The result of the function expression `script`.

        Raises ScriptError for what it throws, Unavailable where the bundle has not been built.
        """
        warm = self._pages.get(bundle)
        if warm is None or warm.broken or warm.calls >= warm.most:
            warm = self._load(bundle)
        warm.calls += 1
        answer = json.loads(warm.page.evaluate(CALL % script, json.dumps(argument)))
        if "error" in answer:
            warm.broken = True
            raise ScriptError(answer["error"])
        return answer["value"]

    def tidy(self) -> None:
        """Replace the pages that have done their calls, and collect the garbage of the others where it is time to.

        Raises Playwright's Error, and Unavailable as `call`.
        """
        for bundle, warm in list(self._pages.items()):
            if warm.calls >= warm.most and not warm.broken:
                self._load(bundle)
        used = [warm for warm in self._pages.values() if warm.tidied < warm.calls and not warm.broken]
        if sum(warm.calls - warm.tidied for warm in used) < TIDY_EVERY:
            return
        for warm in used:
            warm.tidied = warm.calls
            warm.page.request_gc()

    def _load(self, bundle: str) -> WarmPage:
        need = check(bundle, settings())
        if not need.available:
            raise Unavailable(f"{BUNDLES[bundle]} has not been built on this machine. Build it with: {need.remedy}")
        old = self._pages.pop(bundle, None)
        if old is not None:
            old.page.context.close()
        page = closed_context(self._browser, scripts=True).new_page()
        page.goto(f"{ORIGIN}/{bundle}/", wait_until="load")
        return self._pages.setdefault(bundle, WarmPage(page, FEWER_CALLS.get(bundle, MAX_CALLS)))


@contextmanager
def _document(browser: Browser, html: str, *, width: int, height: int, scale: float) -> Iterator[Page]:
    """A document of a user in a context of its own, with scripts off, for as long as the block lasts."""
    context = closed_context(browser, scripts=False, width=width, height=height, scale=scale)
    page = context.new_page()
    page.set_content(html, wait_until="load")
    yield page
    context.close()


def draw_picture(
    browser: Browser,
    html: str,
    *,
    width: int,
    height: int | None,
    scale: float,
    form: Form,
    quality: int,
    transparent: bool,
) -> bytes:
    """A picture of the HTML; `height` None: as high as the page. Raises Refused where no browser could paint it."""
    with _document(browser, html, width=width, height=height or 600, scale=scale) as page:
        high = height or int(page.evaluate(CONTENT_HEIGHT))
        if max(width, high) * scale > LONGEST_SIDE:
            raise Refused(
                f"The picture would be {width * scale:.0f} x {high * scale:.0f} pixels, and a browser paints at most "
                f"{LONGEST_SIDE} in one direction. Ask for a smaller scale, or for PDF."
            )
        encoded: dict[str, Any] = {"type": "jpeg", "quality": quality} if form == "jpeg" else {"type": "png"}
        shot = page.screenshot(
            full_page=True,
            clip={"x": 0, "y": 0, "width": width, "height": high},
            omit_background=transparent and form != "jpeg",
            animations="disabled",
            **encoded,
        )
    return webp(shot, quality) if form == "webp" else shot


def webp(png: bytes, quality: int) -> bytes:
    """The same picture as WebP; libvips is a fifth faster at it than Chromium, and keeps the transparency."""
    import pyvips

    content: bytes = pyvips.Image.new_from_buffer(png, "").webpsave_buffer(
        Q=quality, effort=2, keep=pyvips.ForeignKeep.NONE
    )
    return content


def ask(page: Page, html: str, script: str, *, width: int) -> Any:
    """What the function expression `script` answers in a fresh page that shows the HTML, `width` CSS pixels wide."""
    page.set_viewport_size({"width": width, "height": 600})
    page.set_content(html, wait_until="load")
    return page.evaluate(script)


Margins = tuple[float, float, float, float]
"""Top, right, bottom and left, in millimetres."""


def draw_pdf(
    page: Page,
    html: str,
    *,
    width_px: float | None,
    height_px: float | None,
    pages: int | None,
    size_mm: tuple[float, float],
    margins_mm: Margins,
    header: str,
    footer: str,
    outline: bool,
) -> bytes:
    """A PDF of the HTML in a fresh page, with the same bytes for the same input."""
    # Chromium writes bookmarks only together with the tags that screen readers follow.
    options: dict[str, Any] = {"print_background": True, "outline": outline, "tagged": outline}
    if width_px and height_px:
        options |= {"width": f"{width_px}px", "height": f"{height_px}px"}
    else:
        options |= {"width": _inches(size_mm[0]), "height": _inches(size_mm[1])}
    if pages is not None:
        options["page_ranges"] = f"1-{pages}"
    options["margin"] = {
        side: _inches(margin) for side, margin in zip(("top", "right", "bottom", "left"), margins_mm, strict=True)
    }
    if header or footer:
        blank = "<span></span>"
        options |= {
            "display_header_footer": True,
            "header_template": header or blank,
            "footer_template": footer or blank,
        }
    page.set_content(_only_on_paper(html), wait_until="load")
    return renumbered(undated(page.pdf(**options)))


def _only_on_paper(html: str) -> str:
    """The page laid out for paper alone, which takes a quarter off the time of a long one.

    What a style sheet shows by `url()` is loaded when it is first laid out, and printing waits for nothing: there the
    page is laid out for the screen as well.
    """
    if "url(" in html.lower():
        return html
    return html.replace("</head>", "<style>@media screen{html{display:none!important}}</style></head>", 1)


def _inches(millimetres: float) -> str:
    """A length for Playwright, which takes a millimetre for 3.78 pixels and an inch for 96."""
    return f"{millimetres / 25.4:.6f}in"


DATE = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}\+00'00'\)")


def undated(pdf: bytes) -> bytes:
    """The same PDF dated 1 January 2000: of equal length, so no offset in the file moves."""
    return DATE.sub(rb"/\1 (D:20000101000000+00'00')", pdf)


NODE = re.compile(rb"\(node(\d{8})\)")


def renumbered(pdf: bytes) -> bytes:
    """The same PDF with the names of its tagged cells counted from 1, in their order and of equal length.

    Chromium counts on from whatever else took a number in the page, such as a frame that was painted in between.
    """
    names = {name: b"(node%08d)" % number for number, name in enumerate(sorted(set(NODE.findall(pdf))), 1)}
    return NODE.sub(lambda found: names[found[1]], pdf)
