"""Areas on a sheet: figures, frames and pictures."""

from __future__ import annotations

from workers.scene.geometry import Box, Matrix, around, corners
from workers.scene.lettering import letter, write
from workers.scene.markup import element, escaped, num, transform
from workers.scene.nodes import Colour, Figure, Frame, Label, Picture, Run
from workers.scene.outlines import outline
from workers.scene.sheet import Sheet, fill, opacity, stroke
from workers.scene.wrapping import fit

_PADDING = 12.0
_SHADOW = ((1.0, 0.10), (3.0, 0.06), (6.0, 0.03))
_NAME_SIZE = 13.0
_NAME_HEIGHT = 24.0


def text_room(figure: Figure) -> Box:
    """Where a figure's text goes, in its own space."""
    room = outline(figure.form, figure.width, figure.height, figure.radius).room
    padding = min(_PADDING, room.width / 6, room.height / 6)
    return Box(room.left + padding, room.top + padding, room.right - padding, room.bottom - padding)


def draw_figure(sheet: Sheet, figure: Figure, matrix: Matrix, share: float) -> None:
    """Outline, fill, hatching, shadow and text of a figure."""
    shape = outline(figure.form, figure.width, figure.height, figure.radius)
    placing = transform(matrix)
    common: dict[str, str | float | None] = {"transform": placing, "opacity": opacity(share)}
    if figure.shadow:
        for offset, strength in _SHADOW:
            dropped = {"d": shape.path, "fill": "#000000", "fill-opacity": num(strength)}
            moved = matrix.over(Matrix(e=0, f=offset))
            sheet.add(element("path", {**dropped, "transform": transform(moved), "opacity": opacity(share)}))
    line = stroke(figure.style)
    if figure.style.hatch is not None:
        sheet.add(element("path", {"d": shape.path, **fill(figure.style.fill), **common}))
        sheet.add(element("path", {"d": shape.path, "fill": sheet.hatch(figure.style.hatch), **line, **common}))
    elif line or figure.style.fill is not None:
        sheet.add(element("path", {"d": shape.path, **fill(figure.style.fill), **line, **common}))
    if shape.detail and line:
        sheet.add(element("path", {"d": shape.detail, "fill": "none", **line, **common}))
    margin = figure.style.width / 2 if line else 0.0
    sheet.cover(corners(figure.width, figure.height), matrix, margin + (4.0 if figure.shadow else 0.0))
    if figure.label is not None:
        letter(sheet, figure.label, text_room(figure), matrix, share)


def draw_picture(sheet: Sheet, picture: Picture, matrix: Matrix, share: float) -> None:
    """An embedded picture, cropped and mirrored as its author wished."""
    left, top, right, bottom = picture.crop
    wide, tall = picture.width / (right - left), picture.height / (bottom - top)
    mirror = Matrix(
        -1.0 if picture.flip_x else 1.0,
        0,
        0,
        -1.0 if picture.flip_y else 1.0,
        picture.width if picture.flip_x else 0.0,
        picture.height if picture.flip_y else 0.0,
    )
    placing = matrix.over(mirror)
    before = None
    clipped = picture.round or picture.crop != (0.0, 0.0, 1.0, 1.0)
    if clipped:
        shape = outline("ellipse" if picture.round else "rectangle", picture.width, picture.height)
        box = around(matrix.apply(corner) for corner in corners(picture.width, picture.height))
        before = sheet.begin_clip(shape.path, transform(matrix), box or Box(0, 0, 0, 0))
    attributes: dict[str, str | float | None] = {
        "x": -left * wide,
        "y": -top * tall,
        "width": wide,
        "height": tall,
        "preserveAspectRatio": "none",
        "href": picture.source,
        "transform": transform(placing),
        "opacity": opacity(share),
    }
    sheet.add(element("image", attributes, _title(picture.name)))
    sheet.cover(corners(picture.width, picture.height), matrix)
    if clipped:
        sheet.end_clip(before)


def _title(name: str) -> str | None:
    return element("title", {}, escaped(name)) if name else None


def begin_frame(sheet: Sheet, frame: Frame, matrix: Matrix, share: float) -> Box | None:
    """The frame's area, border and name, and the clip for its children."""
    path = outline("rectangle", frame.width, frame.height, 2.0).path
    placing = transform(matrix)
    style = {**fill(frame.style.fill), **stroke(frame.style)}
    sheet.add(element("path", {"d": path, **style, "transform": placing, "opacity": opacity(share)}))
    sheet.cover(corners(frame.width, frame.height), matrix, frame.style.width / 2)
    if frame.name:
        _name(sheet, frame.name, frame.name_colour, frame.width, matrix, share=share)
    box = around(matrix.apply(corner) for corner in corners(frame.width, frame.height))
    return sheet.begin_clip(path, placing, box or Box(0, 0, 0, 0))


def _name(sheet: Sheet, name: str, colour: Colour, width: float, matrix: Matrix, *, share: float) -> None:
    """A frame's name stands on its upper edge, on one line."""
    label = Label(
        ((Run(" ".join(name.split()), bold=True),),),
        colour,
        size=_NAME_SIZE,
        align="start",
        vertical="middle",
        shrinks=False,
    )
    write(sheet, label, fit(label), Box(2.0, -_NAME_HEIGHT, width, 0.0), matrix, share=share)
