"""Pictures that a graph names: those inside it as `data:` URLs, those that could be fetched, else boxes in their place.

Graphviz asks for each by its name and, without files, takes from us how large it is; what shows there is put in later.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from workers.renderers._css import picture_bytes
from workers.renderers._elsewhere import data_url, host_of
from workers.renderers._missing import MOST, missing
from workers.renderers._pixels import header_size
from workers.renderers.base import BadDocument, Render

BOX = (80, 60)
"""CSS pixels of a box where a picture is missing."""

_OPENED = re.compile(r"No such file or directory while opening (.+)", re.DOTALL)
_SHOWN = re.compile(r'(<image xlink:href=")([^"]*)(")')
_LONGEST = 60


def named(said: Iterable[str]) -> list[str]:
    """The pictures that Graphviz looked for in vain, by the names that the graph gives them."""
    found = (_OPENED.fullmatch(one.strip()) for one in said)
    return list(dict.fromkeys(one[1] for one in found if one))[:MOST]


class Pictures:
    """What shows for each name. What is missing is told by `render.warn`."""

    def __init__(self, names: Iterable[str], render: Render) -> None:
        self._shown = {name: _shown(name, render) for name in names}
        absent = [name for name, url in self._shown.items() if not url]
        for name in absent:
            render.lack("pictures", type="image", name=name, why="no file is read and nothing is loaded while drawing")
        if absent:
            listed = ", ".join(name[:_LONGEST] for name in absent[:5]) + (", …" if len(absent) > 5 else "")  # noqa: PLR2004
            render.warn(
                f"{len(absent)} picture(s) that the graph names are shown as boxes, because no file is read and "
                f"nothing is loaded while drawing: {listed}. Put them in as data: URLs."
            )

    def sizes(self) -> list[dict[str, str]]:
        """The names with widths and heights, as viz.js takes them."""
        sizes = {name: _size(url) for name, url in self._shown.items()}
        return [
            {"name": name, "width": f"{width}px", "height": f"{height}px"} for name, (width, height) in sizes.items()
        ]

    def put_in(self, svg: str) -> str:
        """The drawing with the pictures inside."""
        return _SHOWN.sub(lambda found: f"{found[1]}{self._of(html.unescape(found[2]))}{found[3]}", svg)

    def _of(self, name: str) -> str:
        return self._shown.get(name) or missing()


def _shown(name: str, render: Render) -> str:
    """A `data:` URL; empty where there is no picture to show."""
    if name.startswith("data:"):
        content = picture_bytes(name)
        try:
            return name if content and all(header_size(content)) else ""
        except BadDocument:
            return ""
    return data_url(name, render) if host_of(name) and render.fetch is not None else ""


def _size(url: str) -> tuple[int, int]:
    content = picture_bytes(url)
    return header_size(content) if content else BOX
