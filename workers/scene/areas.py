"""How much room a node takes, in its own space and on the page."""

from __future__ import annotations

from workers.scene.geometry import IDENTITY, Box, Matrix, Point, around, corners
from workers.scene.nodes import Connector, Figure, Frame, Group, Ink, Node, Picture, Words
from workers.scene.outlines import outline
from workers.scene.wrapping import fit


def area(node: Node) -> tuple[float, float, tuple[Point, ...]] | None:
    """Width, height and outline of a node that connectors may end at; None for lines and groups."""
    if isinstance(node, Figure):
        return node.width, node.height, outline(node.form, node.width, node.height, node.radius).polygon
    if isinstance(node, Frame | Picture):
        return node.width, node.height, corners(node.width, node.height)
    if isinstance(node, Words):
        block = fit(node.label, node.width)
        width = max(block.width, node.width or 0.0)
        return width, block.height, corners(width, block.height)
    return None


def box_of(node: Node, parent: Matrix = IDENTITY) -> Box | None:
    """The box of a node on the page; of a connector only its free ends."""
    matrix = parent.over(node.matrix)
    if isinstance(node, Group):
        found: Box | None = None
        for child in node.children:
            inner = box_of(child, matrix)
            found = inner.union(found) if inner else found
        return found
    if isinstance(node, Ink):
        return around(matrix.apply(point) for points in node.strokes for point in points)
    if isinstance(node, Connector):
        return around(matrix.apply(end.at) for end in (node.start, node.end) if not end.target)
    taken = area(node)
    return around(matrix.apply(point) for point in taken[2]) if taken else None
