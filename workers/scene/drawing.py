"""From a scene to an SVG document."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workers.scene.areas import area
from workers.scene.colours import colour
from workers.scene.connecting import Placed
from workers.scene.figures import begin_frame, draw_figure, draw_picture
from workers.scene.geometry import IDENTITY, Box, Matrix
from workers.scene.lettering import write
from workers.scene.lines import draw_connector, draw_ink
from workers.scene.markup import element, escaped, num, transform
from workers.scene.nodes import (
    Colour,
    Connector,
    Figure,
    Frame,
    Group,
    Ink,
    Label,
    Node,
    Page,
    Picture,
    Run,
    Scene,
    Words,
)
from workers.scene.palette import Theme, palette
from workers.scene.patience import tick
from workers.scene.sheet import Sheet, fill
from workers.scene.wrapping import fit

_BLANK = Box(0, 0, 320, 180)
_LARGEST = 16384.0
"""Natural width and height stop here, as the settings do: rasterising more would exhaust memory."""
_PAGE_GAP = 72.0
_PAGE_NAME_SIZE = 20.0


@dataclass(frozen=True, slots=True)
class Look:
    """What the user asked of the drawing. Width and height are CSS pixels; None leaves the natural size."""

    theme: Theme = "light"
    background: str = "white"
    padding: float = 16.0
    width: float | None = None
    height: float | None = None


def draw(scene: Scene, look: Look) -> str:
    """The scene as one SVG document, the same for the same scene and look.

    Several pages stand below each other, each under its name. A width or height keeps the proportions; both together
    make a sheet of that shape with the drawing in its middle.
    """
    sheet = _sheet(scene, look.theme)
    content = (sheet.extent or _BLANK).grown(look.padding)
    return _document(scene.title, "".join(sheet.parts), content, look)


def extent(scene: Scene, theme: Theme) -> Box | None:
    """The box around everything that is drawn; None for an empty scene."""
    return _sheet(scene, theme).extent


def _sheet(scene: Scene, theme: Theme) -> Sheet:
    sheet = Sheet(palette(theme))
    pages = [page for page in scene.pages if page.nodes]
    below = 0.0
    for page in pages:
        markup = Sheet(sheet.palette, f"p{len(sheet.parts)}")
        _draw_page(markup, page, headed=len(pages) > 1)
        if markup.extent is None:
            continue
        down = 0.0 if len(pages) == 1 else below - markup.extent.top
        sheet.add(element("g", {"transform": transform(Matrix(f=down))}, markup.definitions() + "".join(markup.parts)))
        moved = Box(markup.extent.left, markup.extent.top + down, markup.extent.right, markup.extent.bottom + down)
        sheet.extent = moved.union(sheet.extent)
        below = moved.bottom + _PAGE_GAP
    return sheet


def _document(title: str, body: str, content: Box, look: Look) -> str:
    # Whole pixels: a fraction would leave a pale line along the edges of a picture made from the drawing.
    left, top = math.floor(content.left), math.floor(content.top)
    content = Box(left, top, max(math.ceil(content.right), left + 1), max(math.ceil(content.bottom), top + 1))
    view, width, height = _frame(content, look.width, look.height)
    attributes: dict[str, str | float | None] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": width,
        "height": height,
        "viewBox": f"{num(view.left)} {num(view.top)} {num(view.width)} {num(view.height)}",
        "role": "img",
        "aria-label": title or None,
    }
    paper = background(look)
    ground = ""
    if paper is not None:
        corner: dict[str, str | float | None] = {"x": view.left, "y": view.top}
        ground = element("rect", {**corner, "width": view.width, "height": view.height, **fill(paper)})
    heading = element("title", {}, escaped(title)) if title else ""
    return element("svg", attributes, f"\n{heading}{ground}\n{body}\n") + "\n"


def background(look: Look) -> Colour | None:
    """The colour of the sheet; None where it is transparent. White means paper: in the dark theme that is dark."""
    asked = colour(look.background)
    paper = palette(look.theme).paper
    if asked is None:
        return paper
    if asked.alpha <= 0:
        return None
    return paper if asked.hex == "#ffffff" and look.theme == "dark" else asked


def _frame(content: Box, width: float | None, height: float | None) -> tuple[Box, float, float]:
    """The part of the plane that is shown, and its size on screen."""
    ratio = content.width / content.height
    if width is not None and height is not None:
        if width / height > ratio:
            more = content.height * width / height - content.width
            view = Box(content.left - more / 2, content.top, content.right + more / 2, content.bottom)
        else:
            more = content.width * height / width - content.height
            view = Box(content.left, content.top - more / 2, content.right, content.bottom + more / 2)
        return view, width, height
    if width is not None:
        return content, width, max(float(round(width / ratio)), 1.0)
    if height is not None:
        return content, max(float(round(height * ratio)), 1.0), height
    shrink = min(1.0, _LARGEST / content.width, _LARGEST / content.height)
    return content, max(round(content.width * shrink), 1), max(round(content.height * shrink), 1)


def _draw_page(sheet: Sheet, page: Page, *, headed: bool) -> None:
    placed: dict[str, Placed] = {}
    _index(page.anchors, IDENTITY, placed)
    _index(page.nodes, IDENTITY, placed)
    for node in page.nodes:
        _draw_node(sheet, node, IDENTITY, 1.0, placed)
    if headed and page.name and sheet.extent is not None:
        top = sheet.extent
        label = Label(((Run(page.name, bold=True),),), sheet.palette.ink, size=_PAGE_NAME_SIZE, align="start")
        room = Box(top.left, top.top - _PAGE_NAME_SIZE * 2.2, top.right, top.top - _PAGE_NAME_SIZE * 0.8)
        write(sheet, label, fit(label), room, IDENTITY)


def _index(nodes: tuple[Node, ...], parent: Matrix, placed: dict[str, Placed]) -> None:
    """Note where everything is that a connector may end at."""
    for node in nodes:
        tick()
        matrix = parent.over(node.matrix)
        if isinstance(node, Frame | Group):
            _index(node.children, matrix, placed)
        taken = area(node)
        if taken is None or not node.id:
            continue
        width, height, polygon = taken
        placed[node.id] = Placed(matrix, width, height, tuple(polygon))


def _draw_node(sheet: Sheet, node: Node, parent: Matrix, share: float, placed: dict[str, Placed]) -> None:
    tick()
    matrix = parent.over(node.matrix)
    share *= node.opacity
    match node:
        case Figure():
            draw_figure(sheet, node, matrix, share)
        case Words():
            block = fit(node.label, node.width)
            room = Box(0, 0, node.width if node.width is not None else block.width, block.height)
            write(sheet, node.label, block, room, matrix, share=share)
        case Ink():
            draw_ink(sheet, node, matrix, share)
        case Picture():
            draw_picture(sheet, node, matrix, share)
        case Connector():
            draw_connector(sheet, node, matrix, share, placed)
        case Group():
            for child in node.children:
                _draw_node(sheet, child, matrix, share, placed)
        case Frame():
            before = begin_frame(sheet, node, matrix, share)
            for child in node.children:
                _draw_node(sheet, child, matrix, share, placed)
            sheet.end_clip(before)
