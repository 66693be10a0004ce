"""A part of a scene: some of its shapes with the connections between them, or frames with what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from longshore.errors import BadDocument
from workers.scene.areas import box_of
from workers.scene.geometry import IDENTITY, Box, Matrix
from workers.scene.nodes import Connector, End, Frame, Group, Node, Page, Scene

MOST_FRAMES = 200
"""Frames that are selected at once: each is held against every shape."""

_TOLD = 10
"""Ids that an error lists."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was selected: the scene, the ids of all that it shows, those of what stands around it, and lines cut off.

    `around` are the groups and frames outside, whose places the shown shapes' own places count from.
    """

    scene: Scene
    shown: frozenset[str]
    around: frozenset[str]
    cut: int


@dataclass(slots=True)
class _Entry:
    """A node where it stands: the map of its parent to the page, and its ancestors from the outside in."""

    node: Node
    parent: Matrix
    ancestors: tuple[_Entry, ...]
    chosen: bool = False
    box: Box | None = field(init=False)

    def __post_init__(self) -> None:
        self.box = box_of(self.node, self.parent)

    @property
    def shown(self) -> bool:
        """Whether it is selected, or inside something that is."""
        return self.chosen or any(one.chosen for one in self.ancestors)


def select(scene: Scene, ids: Iterable[str], *, frames: bool) -> Part:
    """The part of a scene that these ids name: shapes, or with `frames` frames, which may be called by name, too.

    A frame brings what it holds. Raises BadDocument where something is not there, naming it.
    """
    pages = [list(_entries(page.nodes, IDENTITY, ())) for page in scene.pages]
    everything = [entry for page in pages for entry in page]
    _choose(everything, list(ids), frames=frames)
    cut = sum(_connect(page) for page in map(_fill, pages))
    shown = [entry for entry in everything if entry.shown]
    around = {one.node.id for entry in shown for one in entry.ancestors if not one.shown}
    found = tuple(
        Page(page.name, tuple(_drawn(entries)), page.nodes) for page, entries in zip(scene.pages, pages, strict=True)
    )
    return Part(replace(scene, pages=found), frozenset(entry.node.id for entry in shown), frozenset(around - {""}), cut)


def _entries(nodes: tuple[Node, ...], parent: Matrix, ancestors: tuple[_Entry, ...]) -> Iterator[_Entry]:
    """Every node, each before what is in it."""
    for node in nodes:
        entry = _Entry(node, parent, ancestors)
        yield entry
        if isinstance(node, Frame | Group):
            yield from _entries(node.children, parent.over(node.matrix), (*ancestors, entry))


def _choose(entries: list[_Entry], ids: list[str], *, frames: bool) -> None:
    named: dict[str, list[_Entry]] = {}
    for entry in entries:
        for name in _names(entry.node, frames=frames) - {""}:
            named.setdefault(name, []).append(entry)
    missing = [name for name in ids if name.strip() not in named]
    if missing:
        what = "frame" if frames else "shape"
        told = ", ".join(missing[:_TOLD]) + (f" and {len(missing) - _TOLD} more" if len(missing) > _TOLD else "")
        raise BadDocument(f"The canvas has no {what}{'s'[: len(missing) - 1]} {told}. {_hint(named, what)}")
    for name in ids:
        for entry in named[name.strip()]:
            entry.chosen = True


def _names(node: Node, *, frames: bool) -> set[str]:
    """What a node may be called: its id, tldraw's without the type, and the name of a frame."""
    if frames and not isinstance(node, Frame):
        return set()
    names = {node.id, node.id.removeprefix("shape:")}
    return names | {node.name.strip()} if frames and isinstance(node, Frame) else names


def _hint(named: dict[str, list[_Entry]], what: str) -> str:
    names = list(named)
    return f"Its {what}s are: {', '.join(names[:_TOLD])}{' …' * (len(names) > _TOLD)}." if names else "It has none."


def _fill(entries: list[_Entry]) -> list[_Entry]:
    """Choose what lies in a chosen frame without being its child: smaller than it, with the middle inside."""
    frames = [entry for entry in entries if entry.chosen and isinstance(entry.node, Frame)]
    if len(frames) > MOST_FRAMES:
        raise BadDocument(f"{len(frames)} frames were selected; {MOST_FRAMES} are possible at once. Select fewer.")
    for frame in frames:
        if frame.box is None:
            continue
        for entry in entries:
            box = entry.box
            if entry.shown or box is None or isinstance(entry.node, Connector) or entry in frame.ancestors:
                continue
            smaller = box.width * box.height < frame.box.width * frame.box.height
            if smaller and frame.box.holds(box.centre):
                entry.chosen = True
    return entries


def _connect(entries: list[_Entry]) -> int:
    """Choose the connectors between what is shown; how many of the others have an end there."""
    shown = {entry.node.id for entry in entries if entry.shown} - {""}
    frames = [entry.box for entry in entries if entry.shown and isinstance(entry.node, Frame) and entry.box is not None]
    cut = 0
    for entry in entries:
        if entry.shown or not isinstance(entry.node, Connector):
            continue
        matrix = entry.parent.over(entry.node.matrix)
        inside = [_inside(end, matrix, shown, frames) for end in (entry.node.start, entry.node.end)]
        entry.chosen = all(inside)
        cut += any(inside) and not all(inside)
    return cut


def _inside(end: End, matrix: Matrix, shown: set[str], frames: list[Box]) -> bool:
    if end.target:
        return end.target in shown
    return any(frame.holds(matrix.apply(end.at)) for frame in frames)


def _drawn(entries: list[_Entry]) -> Iterator[Node]:
    """The chosen nodes in their order, each placed on the page itself."""
    for entry in entries:
        if not entry.chosen or any(one.chosen for one in entry.ancestors):
            continue
        share = entry.node.opacity
        for one in entry.ancestors:
            share *= one.node.opacity
        yield replace(entry.node, matrix=entry.parent.over(entry.node.matrix), opacity=share)
