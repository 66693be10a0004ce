"""Take out of HTML what would load something or run; what is missing from the page is shown in its place."""

from __future__ import annotations

import base64
import html
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from workers.renderers._css import picture_bytes, scrub
from workers.renderers._elsewhere import data_url, host_of
from workers.renderers._pixels import header_size
from workers.renderers._svg_clean import clean_svg
from workers.renderers._svg_draw import markup
from workers.renderers._svg_size import SIZELESS, measure, resize
from workers.renderers.base import BadDocument, Render

MAX_BYTES = 20_000_000
MAX_DEPTH = 500
"""Elements inside each other; Chromium flattens what is deeper than 512, and sanitising gets slow at 20,000."""

MAX_TAGS = 500_000

_TAG_NAMES = (
    "a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div "
    "dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd li main mark nav ol "
    "p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody td tfoot th thead "
    "time tr tt u ul var wbr"
)
_BLOCK_NAMES = "p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote"
_GONE_NAMES = "script title noscript template iframe object embed audio video canvas select textarea math frameset"
_ANYWHERE = {"class", "id", "style", "dir", "lang", "title", "role", "aria-hidden", "aria-label", "align", "valign"}
_SPECIFIC = {
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor", "scope"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "tr": {"bgcolor"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "font": {"color", "face", "size"},
    "pre": {"data-language"},
    "details": {"open"},
    "input": {"checked", "disabled"},
    "time": {"datetime"},
}
_OPENS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_UNNESTED_NAMES = (
    "area base br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot option "
    "colgroup caption rp rt html head body"
)
_UNNESTED = frozenset(_UNNESTED_NAMES.split())
_STYLE = re.compile(r"(<style[^>]*>)(.*?)(</style>)", re.DOTALL)
_IMAGE = re.compile(r'<img((?:\s[^\s=>"]+(?:="[^"]*")?)*)\s*/?>')
_TYPED_FIELD = re.compile(r'<input(?![^>]{0,200}type="checkbox")[^>]*>')
_ATTRIBUTE = re.compile(r'\s([^\s=>"]+)="([^"]*)"')
_SVG_EDGE = re.compile(r"<(/?)svg\b", re.IGNORECASE)
_SVG_OPEN = re.compile(r"<svg\b", re.IGNORECASE)
_TOLD = {
    "scripts": re.compile(r"<script\b|\son[a-z]{3,20}\s*=|javascript:", re.IGNORECASE),
    "embedded pages and media": re.compile(r"<(?:iframe|object|embed|audio|video|canvas|frameset)\b", re.IGNORECASE),
    "form fields": re.compile(r"<(?:form|select|textarea|button)\b|<input\b(?!.{0,99}checkbox)", re.IGNORECASE),
    "style sheets in other files": re.compile(r"<link\b[^<>]{0,500}stylesheet", re.IGNORECASE),
    "formulas in MathML": re.compile(r"<math\b", re.IGNORECASE),
}


def check_bounds(text: str) -> None:
    """Raises BadDocument where a page is too large, or nested so deep that reading it would take minutes."""
    if len(text) > MAX_BYTES:
        raise BadDocument(f"The page has {len(text):,} characters; {MAX_BYTES:,} are allowed. Split it.")
    depth, most, count = 0, 0, 0
    inside: Counter[str] = Counter()
    for found in _OPENS.finditer(text):
        count += 1
        name = found[2].lower()
        if name in _UNNESTED:
            continue
        if not found[1]:
            inside[name] += 1
            depth += 1
            most = max(most, depth)
        elif inside[name]:
            inside[name] -= 1
            depth -= 1
    if most > MAX_DEPTH:
        raise BadDocument(
            f"The page nests its elements {most:,} deep; {MAX_DEPTH} are allowed. Close what is left open."
        )
    if count > MAX_TAGS:
        raise BadDocument(f"The page has {count:,} tags; {MAX_TAGS:,} are allowed. Split it.")


@dataclass(slots=True)
class _Cleaning:
    """One page on its way: drawings taken out before the sanitiser and put back after it; what was left out."""

    render: Render
    may_fetch: bool
    drawings: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    elsewhere: dict[int, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    lost: dict[str, None] = field(default_factory=dict)

    def css(self, text: str) -> str:
        done = scrub(text)
        self.lost.update(dict.fromkeys(done.removed))
        return done.css

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """The sanitiser's question for each attribute; `data:,` addresses stand for what is put in afterwards."""
        if name == "style":
            return self.css(value)
        if tag == "img" and name == "src":
            return self.source(value.strip())
        return None if name == "href" and value.strip().lower().startswith("data:") else value

    def source(self, value: str) -> str:
        """Where a picture comes from: its own bytes, or a mark for a drawing or for an absent picture."""
        content = picture_bytes(value)
        if content is not None:
            try:
                header_size(content)
            except BadDocument:
                return self.mark("a broken picture")
            return "".join(value.split())
        if value in self.told:
            return value
        number = value.removeprefix("data:,drawing-")
        if number != value and number.isdecimal() and int(number) < len(self.drawings):
            return value
        host = host_of(value)
        if host:
            self.elsewhere[len(self.absent)] = value
        return self.mark(f"a picture at {host}" if host else "a picture in another file")

    def mark(self, what: str) -> str:
        """A mark for a picture that is not in the document."""
        self.absent.append(what)
        return f"data:,absent-{len(self.absent) - 1}"

    def take_drawings(self, text: str) -> str:
        """The page with every inline SVG drawing replaced by a picture that holds its clean form."""
        parts, at, start, depth = [], 0, 0, 0
        for found in _SVG_EDGE.finditer(text):
            if not found[1]:
                start = found.start() if depth == 0 else start
                depth += 1
            elif depth:
                depth -= 1
                end = text.find(">", found.end()) + 1
                if depth == 0 and end:
                    parts += [text[at:start], self.drawing(text[start:end])]
                    at = end
        return "".join([*parts, text[at:]])

    def drawing(self, text: str) -> str:
        if "xmlns=" not in text.partition(">")[0]:
            text = _SVG_OPEN.sub('<svg xmlns="http://www.w3.org/2000/svg"', text, count=1)
        if "xlink:" in text and "xmlns:xlink" not in text:
            text = _SVG_OPEN.sub('<svg xmlns:xlink="http://www.w3.org/1999/xlink"', text, count=1)
        try:
            root = clean_svg(text.encode(), self.render, fetch=self.may_fetch)
            size = measure(root) or SIZELESS
        except BadDocument as error:
            self.render.warn(f"A drawing inside the page was left out. {error.message}")
            self.told.add(f"data:,absent-{len(self.absent)}")
            return f'<img src="{self.mark("a drawing")}" alt="">'
        resize(root, size)
        self.drawings.append(base64.b64encode(markup(root)).decode())
        where = f'src="data:,drawing-{len(self.drawings) - 1}"'
        look = "".join(f' {name}="{html.escape(root.get(name, ""))}"' for name in ("class", "style") if root.get(name))
        return f'<img {where}{look} width="{size.width:.6g}" height="{size.height:.6g}" alt="">'

    def put_back(self, found: re.Match[str]) -> str:
        """A sanitised `<img>` with its drawing, or the visible note that stands for an absent picture."""
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        source = attributes.get("src", "")
        kind, _, number = source.removeprefix("data:,").partition("-")
        if kind == "drawing" and number.isdecimal():
            data = f"data:image/svg+xml;base64,{self.drawings[int(number)]}"
            return found[0].replace(f'"{source}"', f'"{data}"', 1)
        if source.startswith("data:image/"):
            return found[0]
        if kind == "absent" and number.isdecimal():
            address = self.elsewhere.get(int(number), "") if self.may_fetch else ""
            fetched = data_url(address, self.render) if address else ""
            if fetched:
                return found[0].replace(f'"{source}"', f'"{fetched}"', 1)
            what = self.absent[int(number)]
        else:
            what = "a picture without an address that is allowed"
            self.absent.append(what)
        alt = attributes.get("alt", "")
        name = self.elsewhere.get(int(number), "") if kind == "absent" and number.isdecimal() else ""
        self.render.lack(
            "pictures", id=attributes.get("id", ""), type="img", name=name or alt, why=f"{what}, not included"
        )
        return (
            f'<span class="absent">{alt + " " if alt else ""}({html.escape(what)} is not part of this document)</span>'
        )

    def untold(self) -> list[str]:
        """The absent pictures whose reason nobody has told yet."""
        tried = self.elsewhere if self.may_fetch else {}
        return [
            what
            for number, what in enumerate(self.absent)
            if number not in tried and f"data:,absent-{number}" not in self.told
        ]


def clean_html(text: str, render: Render, *, note: bool = False, shown: bool = True) -> str:
    """The content of a page's body, safe to draw and to hand on.

    In a `note` each block chooses left or right by itself, and style elements go: a note has one style. What will not
    be `shown` gets no pictures from elsewhere.

    What it lacks is told by `render.warn`. Raises BadDocument where the page is too large or too deep.
    """
    import nh3

    check_bounds(text)
    work = _Cleaning(render, may_fetch=shown and render.fetch is not None)
    text = work.take_drawings(text)  # what those lack was told with each
    work.lost.update({name: None for name, trace in _TOLD.items() if trace.search(text)})
    attributes: dict[str, set[str]] = {"*": _ANYWHERE, **_SPECIFIC}
    blocks: Any = {}
    if note:
        blocks = {name: {"dir": "auto"} for name in _BLOCK_NAMES.split()}
    gone = set(_GONE_NAMES.split()) | ({"style"} if note else set())
    clean = nh3.clean(
        text,
        tags=set(_TAG_NAMES.split()) - gone,
        clean_content_tags=gone,
        attributes=attributes,
        attribute_filter=work.attribute,
        tag_attribute_values={"input": {"type": {"checkbox"}}},
        set_tag_attribute_values=blocks,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer",
    )
    clean = _STYLE.sub(lambda found: found[1] + work.css(found[2]).replace("</", "<\\/") + found[3], clean)
    clean = _IMAGE.sub(work.put_back, _TYPED_FIELD.sub("", clean))
    absent = work.untold()
    if absent:
        render.warn(f"{len(absent)} picture(s) were not included, because nothing is loaded from elsewhere: "
                    + ", ".join(dict.fromkeys(absent)) + ". Embed them as data: URLs.")  # fmt: skip
    for part in work.lost:
        render.lack("parts", type=part, why="it could load or run")
    if work.lost:
        render.warn("Left out of the page, because it could load or run: " + ", ".join(work.lost) + ".")
    return clean
