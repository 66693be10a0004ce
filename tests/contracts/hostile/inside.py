"""Drawings that a document holds as `data:` URLs, each with one way out of its own."""

from __future__ import annotations

from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import SVG, Documents, as_data

BOX = 'width="90" height="90"'


def drawings(trap: Trap) -> Documents:
    """The `data:` URL of each, by the name of its way out."""
    at = trap.at
    html = 'xmlns="http://www.w3.org/1999/xhtml"'
    inner = as_data(f"<svg {SVG}><image href='{at}/in-drawing'/></svg>")
    parts = {
        "in-image": f'<image href="{at}/in-image" {BOX}/>',
        "in-xlink": f'<image xlink:href="{at}/in-xlink" {BOX}/>',
        "in-use": f'<use href="{at}/in-use#a"/>',
        "in-filter": f'<filter id="f"><feImage href="{at}/in-filter"/></filter><rect {BOX} filter="url(#f)"/>',
        "in-import": f"<style>@import url({at}/in-import);</style><rect {BOX}/>",
        "in-font": f"<style>@font-face {{ font-family: c; src: url({at}/in-font) }} text {{ font-family: c }}</style>"
        '<text y="20">x</text>',
        "in-fill": f'<rect {BOX} fill="url({at}/in-fill#a)"/>',
        "in-style": f'<rect {BOX} style="mask:url({at}/in-style#a)"/>',
        "in-foreign": f'<foreignObject {BOX}><img {html} src="{at}/in-foreign"/></foreignObject>',
        "in-frame": f'<foreignObject {BOX}><iframe {html} src="{at}/in-frame"/></foreignObject>',
        "in-script": f'<script>fetch("{at}/in-script")</script><rect {BOX} onload="fetch(\'{at}/in-load\')"/>',
        "in-source": f'<script href="{at}/in-source"/><rect {BOX}/>',
        "in-animate": f'<image {BOX}><set attributeName="href" to="{at}/in-animate"/></image>',
        "in-drawing": f'<image {BOX} href="{inner}"/>',
    }
    whole = {name: as_data(f"<svg {SVG}>{part}</svg>") for name, part in parts.items()}
    sheet = f"<?xml-stylesheet href='{at}/in-instruction'?><svg {SVG}><rect {BOX}/></svg>"
    entity = f"<!DOCTYPE svg [<!ENTITY e SYSTEM '{at}/in-entity'>]><svg {SVG}><text y='20'>&e;</text></svg>"
    return whole | {"in-instruction": as_data(sheet), "in-entity": as_data(entity)}
