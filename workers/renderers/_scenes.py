"""What the conversions of `canvas` and `tldraw` share: reading with warnings, and the settings as a look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workers.renderers.base import BadDocument, Document, Render

if TYPE_CHECKING:
    from workers.scene.drawing import Look
    from workers.scene.nodes import Scene
    from workers.scene.parsing import Source

EMPTY = "The canvas is empty: nothing on it can be drawn."


def look(render: Render) -> Look:
    """The settings of the final format, as far as they concern a drawing."""
    from workers.scene.drawing import Look
    from workers.scene.lenient import number, optional

    return Look(
        theme="dark" if render.setting("theme") == "dark" else "light",
        background=str(render.setting("background", "white")),
        padding=number(render.setting("padding"), 16.0),
        width=optional(render.setting("width")),
        height=optional(render.setting("height")),
    )


def scene(source: Document, render: Render, *, drawn: bool = False) -> tuple[Source, Scene]:
    """The document and its scene; what was left out becomes warnings. Raises BadDocument.

    Pictures that lie elsewhere are got where the scene will be `drawn`.
    """
    from workers.scene.canvas_reader import read
    from workers.scene.parsing import load

    parsed = load(source.read_text())
    fetch = render.picture if drawn and render.fetch else None
    found = read(parsed, "dark" if render.setting("theme") == "dark" else "light", fetch)
    for warning in found.warnings:
        render.warn(warning)
    for one in found.lacking:
        render.lack(one.group, id=one.id, type=one.type, name=one.name, why=one.why)
    if found.empty:
        render.warn(EMPTY)
    render.seconds_left()
    parsed, found = _part(parsed, found, render)
    if drawn:
        render.things = lambda: _things(found, look(render))
    return parsed, found


def _things(found: Scene, wanted: Look) -> int:
    from workers.scene.drawing import background
    from workers.scene.palette import palette
    from workers.scene.seeing import seen

    return seen(found, (background(wanted) or palette(wanted.theme).paper).hex)


def _part(parsed: Source, found: Scene, render: Render) -> tuple[Source, Scene]:
    """The document and its scene, cropped to what was asked for. Raises BadDocument where nothing of that shows."""
    from workers.scene.drawing import extent
    from workers.scene.selecting import select
    from workers.scene.trimming import trimmed

    scope, ids = render.setting("scope", "full"), render.setting("ids", ())
    if scope == "full" or not isinstance(ids, tuple):
        return parsed, found
    part = select(found, ids, frames=scope == "frame")
    if extent(part.scene, "light") is None:
        raise BadDocument("Nothing of what was selected can be seen: it is empty, or has no size. Select other shapes.")
    if part.cut:
        lead = "1 connection leads" if part.cut == 1 else f"{part.cut} connections lead"
        render.warn(f"{lead} out of what was selected, and {'was' if part.cut == 1 else 'were'} left out.")
    return replace(parsed, canvas=trimmed(parsed.canvas, part.shown, part.around)), part.scene


def to_svg(source: Document, render: Render) -> Document:
    """The drawing."""
    from workers.scene.drawing import draw

    _, found = scene(source, render, drawn=True)
    return render.save("svg", draw(found, look(render)))


def to_json(source: Document, render: Render) -> Document:
    """The export document."""
    from workers.renderers._json import whole
    from workers.scene.bundle import bundle
    from workers.scene.drawing import extent
    from workers.scene.parsing import without_nan

    parsed, found = scene(source, render)
    canvas, dropped = without_nan(parsed.canvas)
    if dropped:
        render.warn("NaN and infinite numbers, which JSON does not have, were written as null.")
    title = found.title or source.title
    theme = look(render).theme
    scope, ids = str(render.setting("scope", "full")), render.setting("ids", ())
    content = extent(found, theme)
    written = bundle(
        canvas,
        title=title,
        theme=theme,
        content=content,
        shapes=found.count,
        scope=scope,
        ids=list(ids) if isinstance(ids, tuple) else [],
    )
    return render.save("json", whole(written, render))


def to_markdown(source: Document, render: Render) -> Document:
    """The outline."""
    from workers.scene.telling import tell

    _, found = scene(source, render)
    return render.save("md", tell(found, source.title))


def to_html(source: Document, render: Render) -> Document:
    """The page."""
    from workers.scene.drawing import background, draw
    from workers.scene.palette import palette
    from workers.scene.webpage import page

    _, found = scene(source, render, drawn=True)
    wanted = look(render)
    sheet = background(wanted) or palette(wanted.theme).paper
    return render.save("html", page(draw(found, wanted), found.title or source.title, sheet.hex))
