"""Pictures that a Plotly figure names by an address: got where that is allowed, else shown as missing."""

from __future__ import annotations

from typing import Any

from workers.renderers._elsewhere import data_url, host_of
from workers.renderers._missing import MOST, missing
from workers.renderers.base import Render


def with_pictures(figure: dict[str, Any], render: Render) -> dict[str, Any]:
    """The figure with all its pictures inside. What is missing is told by `render.warn`."""
    frames = [
        {**one, "layout": _settled(one["layout"], render)}
        if isinstance(one, dict) and isinstance(one.get("layout"), dict)
        else one
        for one in (figure["frames"] if isinstance(figure["frames"], list) else [])
    ]
    return {**figure, "layout": _settled(figure["layout"], render), "frames": frames}


def _settled(layout: dict[str, Any], render: Render) -> dict[str, Any]:
    images = layout.get("images")
    if not isinstance(images, list):
        return layout
    settled = [_inside(one, render) if isinstance(one, dict) else one for one in images]
    boxes = [at for at, one in enumerate(settled) if isinstance(one, dict) and one.get("source") == missing()]
    for at in boxes[MOST:]:
        settled[at] = {"visible": False}
    return {**layout, "images": settled}


def _inside(image: dict[str, Any], render: Render) -> dict[str, Any]:
    source = image.get("source")
    if not isinstance(source, str) or not source.strip() or source.strip().lower().startswith("data:"):
        return image
    address = source.strip()
    host = host_of(address)
    told = {"id": str(image.get("name") or ""), "type": "layout.images", "name": address}
    fetched = data_url(address, render) if host and render.fetch is not None else ""
    if fetched.startswith("data:image/svg"):
        render.lack("pictures", **told, why="a chart cannot hold a drawing (SVG)")
        render.warn(f"The picture at {host} is a drawing (SVG), which a chart cannot hold. Use PNG or JPEG.")
        return {**image, "source": missing()}
    if fetched:
        return {**image, "source": fetched}
    render.lack("pictures", **told, why="could not be fetched" if render.fetch else "nothing is loaded")
    if not host or render.fetch is None:
        where = f"a picture at {host}" if host else "a picture in another file"
        render.warn(f"A box stands for {where}: nothing is loaded from elsewhere. Put it in as a data: URL.")
    return {**image, "source": missing()}
