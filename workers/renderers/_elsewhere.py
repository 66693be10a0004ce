"""Pictures that a page refers to by a web address: got by `render.picture`, and put into the page."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from workers.renderers._css import picture_url
from workers.renderers._svg_clean import clean_svg
from workers.renderers._svg_draw import markup
from workers.renderers._svg_size import SIZELESS, measure, resize
from workers.renderers.base import BadDocument, Render


def host_of(value: str) -> str:
    """The host of a web address; empty for anything else."""
    if not value.lower().startswith(("http:", "https:", "//")):
        return ""
    try:
        return urlsplit(value).hostname or ""
    except ValueError:
        return ""


def data_url(address: str, render: Render) -> str:
    """The picture at a web address as a `data:` URL, a drawing as a clean one; empty, and told, where there is none."""
    content = render.picture(f"https:{address}" if address.startswith("//") else address)
    if content is None:
        return ""
    raster = picture_url(content)
    if raster:
        return raster
    try:
        root = clean_svg(content, render, fetch=False)
        resize(root, measure(root) or SIZELESS)
    except BadDocument as error:
        render.warn(f"The drawing at {address.partition('?')[0][:100]} was not included. {error.message}")
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(markup(root)).decode()}"
