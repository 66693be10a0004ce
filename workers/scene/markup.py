"""SVG markup: numbers, escaping and elements. Everything that goes into a drawing passes through here."""

from __future__ import annotations

from collections.abc import Sequence

from workers.scene.geometry import IDENTITY, Matrix, Point

_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
_CONTENT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def num(value: float) -> str:
    """A number in the shortest form, to a hundredth of a pixel."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def fine(value: float) -> str:
    """A number to a millionth: for the factors of matrices and for opacities."""
    shown = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def at(point: Point) -> str:
    """A point, as path data writes it."""
    return f"{num(point.x)} {num(point.y)}"


def polyline(points: Sequence[Point], *, closed: bool = False) -> str:
    """Path data of straight lines through points."""
    return "M" + " L".join(at(point) for point in points) + (" Z" if closed else "")


def escaped(text: str) -> str:
    """Text content. The caller has already taken out what XML forbids (`lenient.text`)."""
    return text.translate(_CONTENT)


def element(name: str, attributes: dict[str, str | float | None], content: str | None = None) -> str:
    """One element. None leaves an attribute out; numbers are written by `num`; content is markup already."""
    written = "".join(
        f' {key}="{(num(value) if isinstance(value, int | float) else value.translate(_ATTRIBUTE))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


def transform(matrix: Matrix) -> str | None:
    """The `transform` attribute of a map; None for the identity."""
    if matrix == IDENTITY:
        return None
    if matrix[:4] == IDENTITY[:4]:
        return f"translate({num(matrix.e)} {num(matrix.f)})"
    factors = " ".join(fine(factor) for factor in matrix[:4])
    return f"matrix({factors} {num(matrix.e)} {num(matrix.f)})"
