"""A scene as a Markdown outline: what it says, without how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.scene.areas import box_of
from workers.scene.nodes import Connector, Figure, Frame, Group, Node, Page, Picture, Scene, Words

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")
_MARKER = re.compile(r"^(\s*)([-+]|\d+[.)])(\s)")
_LONGEST = 200


def tell(scene: Scene, title: str) -> str:
    """Title, pages, frames with what stands in them, all other texts, and the connections as "A → B"."""
    parts = [f"# {_line(scene.title or title or 'Untitled canvas')}"]
    pages = [page for page in scene.pages if page.nodes]
    if not pages:
        parts.append("_The canvas is empty._")
    for page in pages:
        if len(pages) > 1:
            parts.append(f"## {_line(page.name or 'Page')}")
        parts.extend(_page(page, 3 if len(pages) > 1 else 2))
    return "\n\n".join(parts) + "\n"


def _page(page: Page, level: int) -> Iterator[str]:
    names: dict[str, str] = {}
    links: list[Connector] = []
    _collect(page.anchors, names, [])
    _collect(page.nodes, names, links)
    held, loose = _sort_out(page.nodes)
    for frame in held:
        yield f"{'#' * min(level, 6)} {_line(frame[0])}"
        yield "\n".join(_items(frame[1], 0)) or "_Nothing with text._"
    items = "\n".join(_items(loose, 0))
    if items:
        if held:
            yield f"{'#' * min(level, 6)} Outside of frames"
        yield items
    told = [line for line in (_link(link, names) for link in links) if line]
    if told:
        yield f"{'#' * min(level, 6)} Connections"
        yield "\n".join(told)


def _collect(nodes: tuple[Node, ...], names: dict[str, str], links: list[Connector]) -> None:
    for node in nodes:
        name = _text(node)
        if node.id and name:
            names[node.id] = name
        if isinstance(node, Connector):
            links.append(node)
        if isinstance(node, Frame | Group):
            _collect(node.children, names, links)


def _sort_out(nodes: tuple[Node, ...]) -> tuple[list[tuple[str, list[Node]]], list[Node]]:
    """The frames, each with what it holds, and the rest. A shape belongs to the smallest frame around its middle."""
    frames = [node for node in nodes if isinstance(node, Frame)]
    held: dict[int, list[Node]] = {index: list(frame.children) for index, frame in enumerate(frames)}
    boxes = [box_of(frame) for frame in frames]
    loose: list[Node] = []
    for node in nodes:
        if isinstance(node, Frame | Connector):
            continue
        box = box_of(node)
        around = [
            (frame_box.width * frame_box.height, index)
            for index, frame_box in enumerate(boxes)
            if frame_box is not None and box is not None and frame_box.holds(box.centre)
        ]
        (held[min(around)[1]] if around else loose).append(node)
    return [(frame.name or "Frame", held[index]) for index, frame in enumerate(frames)], loose


def _items(nodes: list[Node] | tuple[Node, ...], depth: int) -> Iterator[str]:
    for node in nodes:
        name = _text(node)
        if isinstance(node, Frame | Group):
            if name:
                yield f"{'  ' * depth}- **{_line(name)}**"
            yield from _items(node.children, depth + 1 if name else depth)
        elif name and not isinstance(node, Connector):
            yield f"{'  ' * depth}- {_line(name)}"


def _text(node: Node) -> str:
    if isinstance(node, Figure | Connector):
        return node.label.plain if node.label else ""
    if isinstance(node, Words):
        return node.label.plain
    return node.name if isinstance(node, Frame | Group | Picture) else ""


def _link(link: Connector, names: dict[str, str]) -> str:
    one, other = (names.get(end.target, "(shape without text)") if end.target else "" for end in (link.start, link.end))
    label = f": {_line(link.label.plain)}" if link.label and link.label.plain else ""
    if not one and not other and not label:
        return ""
    backwards, forwards = link.start.head != "none", link.end.head != "none"
    sign = "↔" if backwards and forwards else "←" if backwards else "→" if forwards else "—"
    return f"- {_line(one) or '(open end)'} {sign} {_line(other) or '(open end)'}{label}"


def _line(text: str) -> str:
    """Text on one line, with what Markdown would read as marks escaped."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
    return _MARKER.sub(r"\1\\\2\3", _SPECIAL.sub(r"\\\1", flat))
