"""A file that shows nothing: the export fails where the source has something to show, else the user is told.

What the source has is told by another look at it, by its words, and by the conversion that read it (`Render.things`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longshore.errors import BadDocument, Permanent
from workers.gate.pdf import Seen
from workers.gate.size import PIXELS, dimensions
from workers.gate.words import handful
from workers.renderers._pixels import Pixels, colour, open_picture
from workers.renderers.base import Document, Render

SUSPICIOUS, HEAD = 0.02, 1000
"""Bytes a pixel, and of headers: one colour takes up to 0.018 as PNG, 0.012 as JPEG; a sparse chart 0.029."""
PROBE = 800
"""Pixels of the longer side of a drawing that is looked at a second time."""
FEW = 2
"""Rectangles that may be nothing but the ground: a library's own and ours."""
DARK = 64
"""Largest of red, green and blue in the grounds of our dark themes."""
OPAQUE = 255

_DRAWN = re.compile(rb"<(?:\w+:)?(path|rect|circle|ellipse|line|polyline|polygon|text|image|use|foreignObject)\b")
_SEEN = re.compile(r"<(?:img|svg|canvas|hr|input|table|video|script)\b", re.IGNORECASE)
_PAINTED = re.compile(r"colou?r|fill|background|opacity|visibility|position|margin|transform", re.IGNORECASE)
_UNSEEN = re.compile(r"(?is)<!--.*?-->|<(head|style|title)\b.*?</\1\s*>|<[^<>]*>")

Colour = tuple[float, ...]


def check(source: Document, content: str, steps: Sequence[Document], seen: Seen | None, render: Render) -> None:
    """Look at the last of `steps`, in which `seen` was seen if it is a PDF.

    Raises Permanent where it is blank and the source is not.
    """
    made = steps[-1]
    form = made.form.removeprefix(".")
    if not _is_blank(made, form, seen, render):
        return
    if _has_something(source, content, steps[:-1], form, render):
        if form in PIXELS and _is_doubtful(source, content, steps[:-1]):
            render.warn(
                f"The {form.upper()} shows nothing but its ground, although the document has text: "
                "it may have the colour of the ground, or be set out of sight."
            )
            return
        raise Permanent(f"The {form.upper()} came out blank, although the document shows something. Please report it.")
    if form in PIXELS | {"svg", "pdf"} and render.things is not None and (count := render.things()):
        what = "1 thing" if count == 1 else f"{count:,} things"
        raise Permanent(
            f"The {form.upper()} came out blank, although the document has {what} to show. Please report it."
        )
    render.warn(f"The {form.upper()} is blank: nothing in the document can be seen.")


def _is_blank(made: Document, form: str, seen: Seen | None, render: Render) -> bool:
    if form in PIXELS:
        ground = _one_colour(made, form)
        return ground is not None and _is_ground(ground, render)
    if form == "svg":
        drawn = made.read_bytes()
        few = [found for found, _ in zip(_DRAWN.finditer(drawn), range(FEW + 1), strict=False)]
        return not few or (len(few) <= FEW and {one[1] for one in few} == {b"rect"} and not _shows(made, render))
    if form == "html":
        page = made.read_text()
        return _SEEN.search(page) is None and not _UNSEEN.sub("", page).strip()
    if seen:
        if not seen.pages:
            raise Permanent("The PDF has no pages. Please report it.")
        return seen.pages == 1 and seen.blank
    return False


def _has_something(source: Document, content: str, between: Sequence[Document], form: str, render: Render) -> bool:
    """Whether another look at what was drawn finds something: librsvg's, or the words in the source."""
    if source.form == "image":
        own = _colour_of(source)
        return own is None or not _is_ground(own, render)
    drawing = next((one for one in reversed(between) if one.form == ".svg"), None)
    if drawing is None and source.form == "svg":
        drawing = source
    if drawing is not None:
        return _shows(drawing, render)
    return form in PIXELS | {"pdf", "html", "svg"} and bool(handful(content, source.form))


def _is_doubtful(source: Document, content: str, between: Sequence[Document]) -> bool:
    """Whether only the words of a document that paints or places them itself say that there is something to see."""
    drawn = source.form in {"image", "svg"} or any(one.form == ".svg" for one in between)
    return not drawn and _PAINTED.search(content) is not None


def _one_colour(made: Document, form: str) -> Colour | None:
    """The colour of a picture that has only one. A file with more bytes than that needs is not decoded."""
    width, height = dimensions(made.path, form)
    if made.path.stat().st_size > SUSPICIOUS * width * height + HEAD:
        return None
    return _colour_of(made)


def _colour_of(picture: Document) -> Colour | None:
    try:
        return _only(open_picture(picture.read_bytes()))
    except BadDocument:
        return None  # a source that another library reads is taken to show something


def _only(picture: object) -> Colour | None:
    """The one colour of a picture; None where it has several."""
    found = picture.stats()  # type: ignore[attr-defined]
    spans = [(found(0, band)[0], found(1, band)[0]) for band in range(1, found.height)]
    if len(spans) in {2, 4} and spans[-1][1] == 0:
        return (0.0, 0.0, 0.0, 0.0)
    return tuple(low for low, _ in spans) if all(high - low <= 1 for low, high in spans) else None


def _is_ground(found: Colour, render: Render) -> bool:
    """Whether it is the colour behind everything."""
    grey = len(found) <= 2  # noqa: PLR2004 - grey, or grey and alpha
    rgb = (found[0],) * 3 if grey else found[:3]
    if len(found) in {2, 4} and found[-1] == 0:
        return True
    red, green, blue, alpha = colour(str(render.setting("background", "white")))
    if render.setting("theme") == "dark" and "background" not in render.settings.model_fields_set:
        return max(rgb) <= DARK
    wished = (red, green, blue) if alpha == OPAQUE else (255, 255, 255)
    return all(abs(one - other) <= 2 for one, other in zip(rgb, wished, strict=True))  # noqa: PLR2004 - lossy formats


def _shows(drawing: Document, render: Render) -> bool:
    """Whether librsvg draws more than the ground, at a size that bounds its work."""
    import pyvips

    from workers.renderers._svg_draw import markup, root_of, weight
    from workers.renderers._svg_size import SIZELESS, measure, resize

    try:
        root = root_of(drawing)
        size = (measure(root) or SIZELESS).fitted(PROBE, PROBE)
        resize(root, size)
        drawn = markup(root)
        if weight(root, drawn, Pixels(round(size.width), round(size.height))) > 1:
            return True
        picture = pyvips.Image.svgload_buffer(drawn)
    except (BadDocument, pyvips.Error):
        return True  # not for us to judge: a browser may draw it
    ground = colour(str(render.setting("background", "white")))
    flat = picture.flatten(background=list(ground[:3]) if ground[3] else [255, 255, 255])
    only = _only(flat)
    return only is None or not _is_ground(only, render)
