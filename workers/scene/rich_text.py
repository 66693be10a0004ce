"""Rich text of tldraw (a ProseMirror document) as paragraphs of runs."""

from __future__ import annotations

from typing import Any

from workers.scene.lenient import mapping, sequence, text
from workers.scene.nodes import Run

Paragraphs = tuple[tuple[Run, ...], ...]
_DEEPEST = 40
_LISTS = ("bulletList", "orderedList")
_BLOCKS = ("paragraph", "heading", "codeBlock")


def plain(value: Any) -> Paragraphs:
    """Plain text, one paragraph per line."""
    written = text(value).strip("\n")
    return tuple((Run(line.replace("\t", "    ")),) if line else () for line in written.split("\n"))


def rich(value: Any) -> Paragraphs:
    """The paragraphs of a ProseMirror document; lists get bullets or numbers."""
    found: list[tuple[Run, ...]] = []
    _blocks(mapping(value), found, "", 0)
    while found and not found[-1]:
        found.pop()
    return tuple(found) or ((),)


def _blocks(node: dict[str, Any], found: list[tuple[Run, ...]], bullet: str, depth: int) -> None:
    if depth > _DEEPEST:
        return
    kind = node.get("type")
    if kind in _BLOCKS:
        lines: list[list[Run]] = [[]]
        _inline(node, lines, bold=kind == "heading", mono=kind == "codeBlock")
        for line in lines:
            found.append((Run(bullet), *line) if bullet else tuple(line))
            bullet = " " * len(bullet)
        return
    for number, child in enumerate(sequence(node.get("content")), start=1):
        inner = mapping(child)
        if kind in _LISTS:
            indent = " " * (len(bullet) - len(bullet.lstrip()) + (2 if bullet else 0))
            mark = "• " if kind == "bulletList" else f"{number}. "
            _blocks(inner, found, indent + mark, depth + 1)
        else:
            _blocks(inner, found, bullet, depth + 1)
            bullet = bullet if not found else " " * len(bullet)


def _inline(node: dict[str, Any], lines: list[list[Run]], *, bold: bool, mono: bool) -> None:
    for child in sequence(node.get("content")):
        inner = mapping(child)
        if inner.get("type") == "hardBreak":
            lines.append([])
            continue
        marks = {mapping(mark).get("type") for mark in sequence(inner.get("marks"))
                 if isinstance(mapping(mark).get("type"), str)}  # fmt: skip
        for index, piece in enumerate(text(inner.get("text")).split("\n")):
            if index:
                lines.append([])
            if piece:
                lines[-1].append(
                    Run(
                        piece.replace("\t", "    "),
                        bold=bold or "bold" in marks,
                        italic="italic" in marks,
                        strike="strike" in marks,
                        mono=mono or "code" in marks,
                    )
                )
