"""A canvas document, in every form that is in use, as a scene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workers.scene.areas import box_of
from workers.scene.canvas_lines import connection
from workers.scene.canvas_shapes import CanvasShapes
from workers.scene.canvas_styles import CanvasStyles
from workers.scene.geometry import Box, placed
from workers.scene.lenient import Notes, first, identity, mapping, number, sequence, text
from workers.scene.nodes import Connector, Frame, Node, Page, Scene, Style
from workers.scene.palette import Theme, palette
from workers.scene.parsing import Source
from workers.scene.patience import tick
from workers.scene.pictures import Fetch
from workers.scene.tldraw_reader import read_store
from workers.scene.tldraw_store import is_store

Record = dict[str, Any]
_SHAPES = ("shapes", "elements", "nodes", "objects")
_CONNECTIONS = ("connections", "connectors", "edges", "links")
_MEMBERS = ("shapes", "shape_ids", "shapeIds", "children", "members", "elements", "items")
_DEEPEST = 100
_SPREAD = 22.0
_GROUP_PADDING = 18.0
_GROUP_LEVELS = 8


def read(source: Source, theme: Theme, fetch: Fetch | None = None) -> Scene:
    """The scene of a document: a tldraw store in any form, or a plain canvas. `fetch` gets pictures from elsewhere."""
    if is_store(source.canvas):
        return read_store(source.canvas, text(source.title).strip(), theme, fetch)
    return _Canvas(source.canvas, theme, fetch).scene(text(source.title).strip())


class _Canvas:
    def __init__(self, canvas: Record, theme: Theme, fetch: Fetch | None) -> None:
        self._canvas = canvas
        self._notes = Notes()
        self._styles = CanvasStyles(palette(theme), self._notes)
        self._shapes = CanvasShapes(self._styles, self._notes, fetch)
        self._children: dict[str, list[tuple[str, Record]]] = {}
        self._names: dict[str, str] = {}
        self._names_seen: list[str] = []
        self._reached = 0

    def scene(self, title: str) -> Scene:
        records = [shape if isinstance(shape, dict) else {} for shape in sequence(first(self._canvas, *_SHAPES))]
        junk = sum(1 for record in records if not record)
        for _ in range(junk):
            self._notes.add("{n} shape{s} left out: not an object with fields.")
        self._sort_out([record for record in records if record])
        nodes = self._of("", 0)
        self._count_lost(len(self._names_seen))
        frames = self._groups(nodes)
        links = self._connections()
        name = title or text(first(self._canvas, "title", "name")).strip()
        return Scene(name, (Page("", (*frames, *nodes, *links)),), self._notes.sentences(), self._notes.lacking())

    def _sort_out(self, records: list[Record]) -> None:
        """Give every shape an id, and find its parent. Ends of connections may use an id or a place in the list."""
        for place, record in enumerate(records):
            key = identity(record.get("id")) or f"#{place}"
            self._names_seen.append(key)
            self._names.setdefault(key, key)
        for place, key in enumerate(self._names_seen):
            self._names.setdefault(str(place), key)
        known = set(self._names_seen)
        for key, record in zip(self._names_seen, records, strict=True):
            parent = identity(first(record, "parent_id", "parentId"))
            self._children.setdefault(parent if parent in known and parent != key else "", []).append((key, record))

    def _of(self, parent: str, depth: int) -> tuple[Node, ...]:
        siblings = self._children.pop(parent, [])
        ordered = sorted(siblings, key=lambda one: number(first(one[1], "z_index", "zIndex", "z")))
        nodes = [self._node(key, record, depth) for key, record in ordered]
        # A frame is a ground: one that stands later in the list does not hide what it frames.
        return (*(n for n in nodes if isinstance(n, Frame)), *(n for n in nodes if not isinstance(n, Frame)))

    def _node(self, key: str, record: Record, depth: int) -> Node:
        tick()
        self._reached += 1
        inner: tuple[Node, ...] = ()
        if depth < _DEEPEST:
            nested = [child for child in sequence(record.get("children")) if isinstance(child, dict)]
            for place, child in enumerate(nested):
                name = identity(child.get("id")) or f"{key}#{place}"
                self._names.setdefault(name, name)
                self._names_seen.append(name)
                self._children.setdefault(key, []).append((name, child))
            inner = self._of(key, depth + 1)
        return self._shapes.node(record, key, inner)

    def _count_lost(self, count: int) -> None:
        for _ in range(count - self._reached):
            self._notes.add("{n} shape{s} left out: inside a parent that is inside it, or nested too deep.")

    def _groups(self, nodes: tuple[Node, ...]) -> list[Node]:
        """Dashed areas with a name for the named entries of `groups`, the outer ones first."""
        boxes: dict[str, Box | None] = {node.id: box_of(node) for node in nodes}
        found: list[Node] = []
        records = [mapping(group) for group in sequence(self._canvas.get("groups"))]
        for record in _innermost_first(records):
            members = [self._names.get(_member(one), _member(one)) for one in sequence(first(record, *_MEMBERS))]
            around: Box | None = None
            for member in members:
                box = boxes.get(member)
                around = box.union(around) if box is not None else around
            if around is None:
                continue
            area = around.grown(_GROUP_PADDING)
            boxes.setdefault(identity(record.get("id")), Box(area.left, area.top - 14, area.right, area.bottom))
            name = text(first(record, "name", "label", "title", "text")).strip()
            if name:
                found.append(self._area(record, area, name))
        return list(reversed(found))

    def _area(self, record: Record, box: Box, name: str) -> Frame:
        accent = self._styles.accent(record)
        faint = self._styles.palette.faint
        key = identity(record.get("id"))
        self._names.setdefault(key, key)
        return Frame(
            id=key,
            matrix=placed(box.left, box.top),
            width=box.width,
            height=box.height,
            style=Style(stroke=accent[0] if accent else faint, width=1.25, dash="dashed"),
            name=name,
            name_colour=accent[0] if accent else faint,
        )

    def _connections(self) -> list[Node]:
        """The connections, those between the same two shapes bent apart."""
        found: list[Connector] = []
        pairs: dict[frozenset[str], list[int]] = {}
        for record in sequence(first(self._canvas, *_CONNECTIONS)):
            entry = mapping(record)
            label = self._styles.label(entry, 13.0, None)
            link = connection(entry, self._styles.line(entry), label, self._names)
            if link is None:
                self._notes.add(
                    "{n} connection{s} left out: an end is not a shape of this canvas.", entry, "connections"
                )
                continue
            if link.start.target and link.end.target and link.bend == "arc" and not link.bow and not link.via:
                pairs.setdefault(frozenset((link.start.target, link.end.target)), []).append(len(found))
            found.append(link)
        for places in pairs.values():
            for order, place in enumerate(places):
                apart = (order - (len(places) - 1) / 2) * _SPREAD * 2
                forward = found[place].start.target == found[places[0]].start.target
                found[place] = replace(found[place], bow=apart if forward else -apart)
        return list(found)


def _innermost_first(groups: list[Record]) -> list[Record]:
    """Groups ordered by how many levels of groups they hold. Groups that hold each other stop at a few levels."""
    heights: dict[str, int] = {identity(group.get("id")): 0 for group in groups} | {"": 0}
    members = [[_member(one) for one in sequence(first(group, *_MEMBERS))] for group in groups]
    for _ in range(_GROUP_LEVELS):
        for group, inner in zip(groups, members, strict=True):
            key = identity(group.get("id"))
            highest = max((heights[one] + 1 for one in inner if one in heights and one != key), default=0)
            heights[key] = min(highest, _GROUP_LEVELS) if key else 0
    return sorted(groups, key=lambda group: heights[identity(group.get("id"))])


def _member(value: Any) -> str:
    inner = mapping(value)
    return identity(first(inner, "id", "shapeId", "shape_id")) if inner else identity(value)
