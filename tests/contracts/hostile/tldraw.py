"""Stores of tldraw that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents

Record = dict[str, Any]
LOOKS = ("color", "labelColor", "fill", "dash", "font", "size", "align", "verticalAlign")
KINDS = ("geo", "text", "note", "arrow", "draw", "line", "highlight", "frame", "group")
ELSEWHERE = ("embed", "bookmark", "video", "iframe", "html", "web", "audio")
ASSET = ("src", "image", "favicon", "url", "fileUrl", "poster")


def rich(*content: Record) -> Record:
    """A document of rich text."""
    return {"type": "doc", "content": [{"type": "paragraph", "content": list(content)}]}


def tldraw(trap: Trap) -> Documents:
    at = trap.at
    page = {"id": "page:p", "typeName": "page", "name": f"<img src={at}/page>", "index": "a1"}
    page |= {"meta": {"background": f"url({at}/page-meta)"}}
    groups: dict[str, list[Record]] = {}

    def shape(name: str, kind: str, *others: Record, **props: Any) -> None:
        one = {"id": f"shape:{name}", "typeName": "shape", "type": kind, "parentId": "page:p", "index": "a1"}
        one |= {"x": 0, "y": 0, "rotation": 0, "opacity": 1, "props": {"w": 90, "h": 90} | props}
        groups[name] = [*others, one]

    def asset(name: str, kind: str, **props: Any) -> Record:
        return {"id": f"asset:{name}", "typeName": "asset", "type": kind, "props": {"w": 90, "h": 90} | props}

    for name, url in (trap.pictures | drawings(trap)).items():
        shape(name, "image", asset(name, "image", src=url, mimeType="image/png"), assetId=f"asset:{name}")
    for name, url in trap.pictures.items():
        shape(f"{name}-direct", "image", url=url)
    for kind in ("image", "video", "bookmark"):
        found = {one: f"{at}/{kind}-{one}" for one in ASSET}
        name = f"asset-{kind}"
        shape(name, kind, asset(name, kind, **found), assetId=f"asset:{name}", url=f"{at}/{kind}-direct")
    for kind in ELSEWHERE:
        shape(kind, kind, url=f"{at}/{kind}", src=f"{at}/{kind}-src", html=f"<img src={at}/{kind}-html>")
    for kind in KINDS:
        shape(f"url-{kind}", kind, url=f"javascript:fetch('{at}/url-{kind}')", text=f"<image href='{at}/text-{kind}'/>")
    for look in LOOKS:
        shape(f"look-{look}", "geo", text="x", **{look: f"url({at}/look-{look})"})
    link = {"type": "link", "attrs": {"href": f"{at}/mark"}}
    shape(
        "rich",
        "text",
        richText=rich(
            {"type": "text", "text": f"<img src={at}/rich>", "marks": [link]},
            {"type": "image", "attrs": {"src": f"{at}/rich-image"}},
            {"type": "textStyle", "attrs": {"style": f"background:url({at}/rich-style)"}},
        ),
    )
    shape("film", "video", url=trap.text.as_uri())
    shape("alt", "image", altText=f"<img src={at}/alt>", crop={"url": f"{at}/crop"}, url="")
    shape("form", "geo", geo=f"url({at}/form)")

    def store(records: list[Record]) -> str:
        listed = {one["id"]: one for one in (page, *records)}
        return json.dumps({"store": listed, "schema": {"schemaVersion": 2, "sequences": {}}})

    everything = [record for records in groups.values() for record in records]
    file = {"tldrawFileFormatVersion": 1, "records": [page, *everything], "schema": {"schemaVersion": 2}}
    each = {name: store(records) for name, records in groups.items()}
    return {"everything": store(everything), "file": json.dumps(file)} | each
