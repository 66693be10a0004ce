"""Copy an SVG without anything that loads, runs, never ends or explodes.

The clean drawing is built anew from a list of what SVG may hold, so whatever this file does not know cannot pass.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from workers.renderers._css import is_fragment, picture_bytes, picture_url, scrub
from workers.renderers._missing import MOST, missing
from workers.renderers._pixels import header_size
from workers.renderers._svg_weigh import Scales
from workers.renderers.base import BadDocument, Render

if TYPE_CHECKING:
    from lxml.etree import _Element

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
XHTML = "http://www.w3.org/1999/xhtml"

_NAMESPACES: Any = {None: SVG, "xlink": XLINK}
_HTML_NAMESPACE: Any = {None: XHTML}

ENTITIES = "The SVG's DOCTYPE defines entities, which can hide a bomb. Save it without a DOCTYPE."

MAX_BYTES = 25_000_000
MAX_ELEMENTS = 250_000
MAX_ATTRIBUTES = 1000
"""Attributes of one element: each is compared with all before it."""
MAX_NAMESPACE = 1000
"""Characters of a namespace's address: each attribute that has it repeats it whole in its name."""
KEPT = 100
"""Characters of the longest attribute name whose kind is remembered: longer ones are made up."""
MAX_OCTAVES = 8
"""Layers of noise in one feTurbulence; each costs a pass over all pixels and more than 8 cannot be seen in 8 bits."""

MAX_PICTURE_PIXELS = 100_000_000
"""Pixels of all pictures inside one drawing."""

_DRAWN_NAMES = (
    "svg g defs symbol use switch a title desc style view path rect circle ellipse line polyline polygon text tspan "
    "textPath image linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix "
    "feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow "
    "feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset "
    "fePointLight feSpecularLighting feSpotLight feTile feTurbulence foreignObject"
)
_DRAWN = frozenset(_DRAWN_NAMES.split())
_HTML_NAMES = (
    "div span p br b i u s em strong code pre small sub sup mark hr ul ol li blockquote table thead tbody tfoot tr td "
    "th caption colgroup col h1 h2 h3 h4 h5 h6 font center label section article header footer"
)
_HTML = frozenset(_HTML_NAMES.split())
_MOVING_NAMES = "animate animateMotion animateTransform animateColor set mpath discard"
_MOVING = frozenset(_MOVING_NAMES.split())
_ADDRESSES = frozenset({"base", "src", "srcset", "action", "formaction", "background", "ping"})
"""Attributes that hold an address, and that nothing which may be drawn needs."""
_LOADS_NAMES = "image feImage"
_LOADS = frozenset(_LOADS_NAMES.split())
_WEB = re.compile(r"https?://", re.IGNORECASE)
_LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)
_NOT_SHOWN = "it lies elsewhere, or is broken"
_NOT_SAFE = "it could load, run or never end"
_NUMBERS = {"numOctaves": MAX_OCTAVES}


def parse(content: bytes) -> _Element:
    """The root element of SVG text. Entities are not expanded, nothing is loaded.

    Raises BadDocument where it is empty, too large, not XML, not SVG, or defines entities or endless namespaces.
    """
    from lxml import etree

    if not content.strip():
        raise BadDocument("The SVG is empty. Send the text of a drawing that begins with <svg>.")
    if content.startswith(b"\x1f\x8b"):
        raise BadDocument("The SVG is compressed (SVGZ). Unpack it with gunzip and send the .svg file.")
    if len(content) > MAX_BYTES:
        raise BadDocument(f"The SVG has {len(content):,} bytes; {MAX_BYTES:,} are allowed. Simplify the drawing.")
    parser = etree.XMLPullParser(
        events=("start-ns",),
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        parser.feed(content)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        if b"<!ENTITY" in content:
            raise BadDocument(ENTITIES, detail=repr(error)) from error
        raise BadDocument(f"The SVG is not well-formed XML: {error.msg}.", detail=repr(error)) from error
    except ValueError as error:
        raise BadDocument("The SVG's encoding is unknown. Save it as UTF-8.", detail=repr(error)) from error
    kinds: Any = root.getroottree().docinfo.internalDTD
    if kinds is not None and next(kinds.iterentities(), None) is not None:
        raise BadDocument(ENTITIES)
    declared: Any = parser.read_events()
    if any(len(address) > MAX_NAMESPACE for _, (_, address) in declared):
        raise BadDocument(f"A namespace of the SVG has more than {MAX_NAMESPACE:,} characters.")
    name = etree.QName(root)
    if name.localname != "svg" or name.namespace not in {SVG, None}:
        raise BadDocument(f"The document is XML, but not SVG: its first element is <{name.localname}>.")
    return root


@lru_cache(maxsize=1000)
def _kind(name: str) -> Literal["value", "script", "reference", "number", "none"]:
    """What an attribute holds, by its name; `none`: what nothing that may be drawn needs."""
    space, _, local = name.rpartition("}")
    if space not in {"", "{" + XLINK, "{" + XML}:
        return "none"
    if local.lower().startswith("on"):
        return "script"
    if local == "href":
        return "reference"
    if space == "{" + XLINK or local in _ADDRESSES:
        return "none"
    return "number" if local in _NUMBERS else "value"


class _Copy:
    """The copying of one drawing; collects what was left out."""

    def __init__(self, render: Render, *, fetch: bool, ordered: bool) -> None:
        self._render = render
        self._fetch = fetch
        self._ordered = ordered
        self._pixels = 0
        self._boxes = 0
        self.lost: dict[str, None] = {}

    def _css(self, text: str) -> str:
        done = scrub(text)
        self.lost.update(dict.fromkeys(done.removed))
        for picture in done.pictures:
            self._picture(picture)
        return done.css

    def _picture(self, content: bytes) -> bool:
        """Whether a picture may stay; raises BadDocument where all of them together are too large."""
        try:
            width, height = header_size(content)
        except BadDocument:
            self.lost["broken pictures"] = None
            return False
        self._pixels += width * height
        if self._pixels > MAX_PICTURE_PIXELS:
            raise BadDocument(f"The pictures inside the SVG have more than {MAX_PICTURE_PIXELS:,} pixels. Shrink them.")
        return True

    def _href(self, tag: str, value: str) -> str | None:
        if is_fragment(value):
            return value.strip()
        if tag == "a" and _LINK.match(value.strip()):
            return value.strip()
        content = picture_bytes(value) if tag in _LOADS else None
        if content is None and self._fetch and tag in _LOADS and _WEB.match(value.strip()):
            content = self._render.picture(value.strip())
            value = picture_url(content) if content else ""
        if content is None or not value:
            self.lost["links to other files"] = None
            return None
        return "".join(value.split()) if self._picture(content) else None

    def _target(self, element: _Element, tag: str, value: str) -> str | None:
        """Where a reference may lead: to where it does, or to a box for a picture that is missing."""
        target = self._href(tag, value)
        if target is not None or tag not in _LOADS:
            return target
        self._render.lack("pictures", id=str(element.get("id", "")), type=tag, name=value.strip(), why=_NOT_SHOWN)
        if tag != "image" or not value.strip() or self._boxes >= MOST:
            return None
        self._boxes += 1
        return missing()

    def attributes(self, element: _Element, tag: str) -> dict[str, str]:
        """What of an element's attributes may stay."""
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise BadDocument(f"An element <{tag}> of the SVG has more than {MAX_ATTRIBUTES:,} attributes.")
        kept: dict[str, str] = {}
        found: Any = element.attrib
        for name, value in sorted(found.items()) if self._ordered else found.items():
            kind = _kind(name) if len(name) <= KEPT else _kind.__wrapped__(name)
            if kind == "value":
                kept[name] = self._css(value) if "(" in value or name.endswith("style") else value
            elif kind == "script":
                self.lost["scripts"] = None
            elif kind == "reference":
                target = self._target(element, tag, value)
                if target is not None:
                    kept[name] = target
            elif kind == "number":
                most = _NUMBERS[name.rpartition("}")[2]]
                kept[name] = value if value.isdecimal() and int(value[:9]) <= most else str(most)
        return kept

    def tag(self, element: _Element, parent: str) -> str | None:
        """The clean name of an element, None where it goes with all it holds."""
        space, _, local = element.tag.rpartition("}")
        if space in {"{" + SVG, ""}:
            if local in _DRAWN:
                return f"{{{SVG}}}{local}"
            what = "animation" if local in _MOVING else f"<{local[:40]}>"
            self.lost[what] = None
            self._render.lack("parts", id=str(element.get("id", "")), type=what, why=_NOT_SAFE)
        elif space == "{" + XHTML:
            if local in _HTML and (parent.startswith("{" + XHTML) or parent == f"{{{SVG}}}foreignObject"):
                return f"{{{XHTML}}}{local}"
            what = f"<{local[:40]}>"
            self.lost[what] = None
            self._render.lack("parts", id=str(element.get("id", "")), type=what, why=_NOT_SAFE)
        return None

    def sheet(self, style: _Element) -> str:
        """The text of a style sheet as browsers put it together: without the elements inside, with what is between."""
        if any(isinstance(child.tag, str) for child in style):
            self.lost["elements inside a style sheet"] = None
        return "".join([style.text or "", *(child.tail or "" for child in style)])

    def run(self, root: _Element) -> _Element:
        """The clean copy."""
        from lxml import etree

        clean = etree.Element(f"{{{SVG}}}svg", self.attributes(root, "svg"), nsmap=_NAMESPACES)
        clean.text = root.text
        waiting = [(root, clean)]
        count = 0
        while waiting:
            self._render.seconds_left()
            source, target = waiting.pop()
            for child in source:
                if not isinstance(child.tag, str):
                    _keep_tail(child, target)
                    continue
                count += 1
                tag = self.tag(child, target.tag)
                if tag is None:
                    _keep_tail(child, target)
                    continue
                local = tag.rpartition("}")[2]
                nsmap = _HTML_NAMESPACE if tag.startswith("{" + XHTML) else None
                copy = etree.SubElement(target, tag, self.attributes(child, local), nsmap=nsmap)
                if child.tail:
                    copy.tail = child.tail
                if local == "style":
                    copy.text = self._css(self.sheet(child))
                    continue
                if child.text:
                    copy.text = child.text
                waiting.append((child, copy))
            if count > MAX_ELEMENTS:
                raise BadDocument(f"The SVG has more than {MAX_ELEMENTS:,} elements. Simplify the drawing.")
        return clean


def _keep_tail(gone: _Element, target: _Element) -> None:
    """Text behind an element that was left out stays."""
    if len(target):
        target[-1].tail = ((target[-1].tail or "") + (gone.tail or "")) or None
    else:
        target.text = ((target.text or "") + (gone.tail or "")) or None


def clean_svg(content: bytes, render: Render, *, fetch: bool = True, ordered: bool = False) -> _Element:
    """A copy of the drawing that is safe to draw and to hand on; what it lacks is told by `render.warn`.

    Pictures that lie elsewhere are got by `render.picture`, unless `fetch` is False, as for a drawing from elsewhere.
    `ordered`: each element's attributes by their names.

    Raises BadDocument where the drawing is broken, empty, or a bomb.
    """
    copy = _Copy(render, fetch=fetch, ordered=ordered)
    clean = copy.run(parse(content))
    if not any(child.tag.rpartition("}")[2] not in {"title", "desc", "style", "defs"} for child in clean):
        raise BadDocument("The SVG draws nothing: it holds no shape, text or picture.")
    Scales(clean).weigh()
    if copy.lost:
        render.warn("Left out of the SVG, because it could load, run or never end: " + ", ".join(copy.lost) + ".")
    return clean
