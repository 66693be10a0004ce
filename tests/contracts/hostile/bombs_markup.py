"""Drawings, pages and notes that ask for more time, memory or pixels than anybody has."""

# ruff: noqa: E501, Q000 - one bomb a line

from __future__ import annotations

from tests.contracts.hostile.bombs_pictures import as_picture, flat_png, gif
from tests.contracts.hostile.ways import DEEP, SVG, Bombs, as_data


def _doubling(levels: int, element: str) -> str:
    """Each level refers ten times to the one below it."""
    parts = ['<g id="l0"><rect width="9" height="9"/></g>']
    parts += [f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" for level in range(1, levels)]
    return f"<defs>{''.join(parts)}</defs>{element.replace('#l', f'#l{levels - 1}')}"


def _nested(name: str, levels: int) -> str:
    """Patterns (or masks, or filters' pictures) that paint with each other."""
    parts = []
    for level in range(levels):
        paint = f'fill="url(#p{level - 1})"' if level else 'fill="red"'
        use = f'mask="url(#p{level - 1})"' if name == "mask" and level else paint
        rects = f'<rect width="50" height="50" {use}/>' * 8
        parts.append(f'<{name} id="p{level}" width="60" height="60" patternUnits="userSpaceOnUse">{rects}</{name}>')
    last = f'mask="url(#p{levels - 1})"' if name == "mask" else f'fill="url(#p{levels - 1})"'
    return f'<defs>{"".join(parts)}</defs><rect width="200" height="200" {last}/>'


def svg() -> Bombs:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    box = '<rect width="200" height="200" {}/>'
    stop, span = '<stop offset="0.5"/>', '<tspan dx="1">x</tspan>'
    filters = {
        "blur": '<feGaussianBlur stdDeviation="1e6"/>' * 20,
        "morphology": '<feMorphology radius="99999"/>' * 5,
        "turbulence": '<feTurbulence baseFrequency="9" numOctaves="999999"/>' * 20,
        "convolve": f'<feConvolveMatrix order="999" kernelMatrix="{"1 " * 998001}"/>',
        "lighting": "<feSpecularLighting><fePointLight/></feSpecularLighting>" * 50,
        "region": '<feOffset dx="1e9"/><feFlood/><feTile/>',
    }
    whole = {
        "uses": _doubling(12, '<use href="#l"/>'),
        "patterns": _nested("pattern", 12),
        "masks": _nested("mask", 12),
        "clips": "".join(f'<clipPath id="c{n}" clip-path="url(#c{n + 1})"><rect width="99" height="99"/></clipPath>' for n in range(5000))
        + box.format('clip-path="url(#c0)"'),
        "self": '<g id="a"><use href="#a"/><use href="#b"/></g><g id="b"><use href="#a"/></g><use href="#a"/>',
        "path": f'<path d="M0 0{"L1 1 9 9" * 250_000}" stroke="red" stroke-width="3"/>',
        "markers": '<marker id="m"><path d="M0 0L9 9" marker-mid="url(#m)"/></marker>'
        f'<path marker-mid="url(#m)" d="M0 0{"L1 1" * 300_000}"/>',
        "dashes": '<path d="M0 0H1e9" stroke="red" stroke-dasharray="1e-6 1e-6"/>',
        "stops": f'<linearGradient id="g">{stop * 99_000}</linearGradient>' + box.format('fill="url(#g)"'),
        "deep": "<g>" * DEEP + box.format("") + "</g>" * DEEP,
        "wide": "<g/>" * 400_000 + box.format(""),
        "text": f'<text y="20">{"WÜ世 " * 400_000}</text>',
        "spans": f'<text y="20">{span * 60_000}</text>',
        "letters": '<text y="20" font-size="1e9" letter-spacing="1e9" textLength="1e12">xyz</text>',
        "css": f"<style>{' '.join(f'* > * > * ~ *:nth-child({n}n) {{ fill: red }}' for n in range(20_000))}</style>"
        + "<g><rect width='1' height='1'/></g>" * 20_000,
        "picture": f'<image width="200" height="200" href="{as_picture(flat_png(20_000, 20_000))}"/>' * 40,
        "frames": f'<image width="200" height="200" href="{as_picture(gif(1, 1, 20_000), "gif")}"/>',
        "russian-doll": f'<image width="9" height="9" href="{as_data(f"<svg {SVG}/>")}"/>' + box.format(""),
        "endless": '<style>@keyframes a { to { x: 9px } } rect { animation: a 1ms infinite }</style>' + box.format(""),
        "foreign": f"<foreignObject width='200' height='200'><div xmlns='http://www.w3.org/1999/xhtml' style='display:grid;"
        f"grid-template-columns:repeat(99999,1px)'>{'<p>x</p>' * 50_000}</div></foreignObject>",
        **{f"filter-{name}": f'<filter id="f" x="-999" y="-999" width="9999" height="9999">{one}</filter>'
           + box.format('filter="url(#f)"') * 20 for name, one in filters.items()},
    }  # fmt: skip
    documents: dict[str, str | bytes] = {name: f"<svg {SVG}>{part}</svg>" for name, part in whole.items()}
    head = 'xmlns="http://www.w3.org/2000/svg"'
    return documents | {
        "laughs": f'<!DOCTYPE svg [<!ENTITY l0 "lol">{lol}]><svg {SVG}><text>&l11;</text></svg>',
        "quadratic": f'<!DOCTYPE svg [<!ENTITY a "{"a" * 100_000}">]><svg {SVG}><text>{"&a;" * 50_000}</text></svg>',
        "view": f'<svg {head} viewBox="0 0 1e9 1e9" width="1e9" height="1e9"><rect width="1e9" height="1e9"/></svg>',
        "view-small": f'<svg {head} viewBox="0 0 1e-9 1e-9" width="100" height="100"><circle r="1e9"/></svg>',
        "blends": f'<svg {head} width="4000" height="4000"><style>.b {{ mix-blend-mode: multiply }}</style>'
        + '<g class="b"><path d="M0 0H4000V4000z" fill="red" fill-opacity=".1"/></g>' * 20_000
        + "</svg>",
        "masked": f'<svg {head} width="4000" height="4000"><mask id="m"><rect width="4000" height="4000"/></mask>'
        + '<path d="M0 0H4000V4000z" mask="url(#m)"/>' * 20_000
        + "</svg>",
        "thin": f'<svg {head} width="1e9" height="1e-9"><rect width="9" height="9"/></svg>',
        "nan": f'<svg {head} viewBox="nan inf -1 1e999" width="1e999" height="nan"><rect width="9" height="9"/></svg>',
        "attributes": f"<svg {SVG} {' '.join(f'a{n}={chr(34)}{chr(34)}' for n in range(DEEP))}><rect/></svg>",
        "comments": f"<svg {SVG}>{'<!---->' * 999_999}<rect width='9' height='9'/></svg>",
    }


def html() -> Bombs:
    styles = {
        "tall": "<div style='height:1e9px'>x</div>",
        "wide": "<div style='width:1e9px;height:9px;background:red'>x</div>",
        "grid": "<div style='display:grid;grid-template-columns:repeat(100000,1px)'><p>x</p></div>" * 50,
        "columns": "<div style='column-count:99999;height:1px'>" + "<p>x</p>" * 20_000 + "</div>",
        "pages": "<p style='break-before:page'>x</p>" * 10_000,
        "blur": "<div style='filter:blur(9999px) blur(9999px);width:3000px;height:3000px;background:red'>x</div>" * 50,
        "shadow": f"<p style='text-shadow:{','.join(['0 0 99px red'] * 5000)}'>{'x' * 5000}</p>",
        "gradient": "<p style='background:repeating-conic-gradient(red 0 0.0001%,blue 0 0.0002%);height:5000px'>x</p>" * 20,
        "selectors": f"<style>{' '.join(f'* * * * :not(:nth-child({n}n+1)) {{ color: red }}' for n in range(20_000))}</style>"
        + "<p><b>x</b></p>" * 20_000,
        "has": "<style>:has(:has(p ~ p)) { color: red }</style>" + "<p><b>x</b></p>" * 50_000,
        "variables": "<style>p{--a0:xxxxxxxxxx;" + "".join(f"--a{n}:{f'var(--a{n - 1})' * 10};" for n in range(1, 20))
        + "} p::before{content:var(--a19)}</style><p>x</p>",
        "calc": f"<p style='width:{'calc(' * 9999}1px{')' * 9999}'>x</p>",
        "script": "<p>x</p><script>for(;;);</script><img src=x onerror='for(;;);'><body onload='for(;;);'>",
        "refresh": "<meta http-equiv=refresh content='0'><p>x</p>",
        "counter": "<ol style='list-style:symbols(\"x\" \"y\")'>" + "<li>x" * 100_000 + "</ol>",
        "cells": "<table>" + ("<tr>" + "<td colspan=1000 rowspan=65534>x" * 30) * 100 + "</table>",
        "deep": "<div>" * DEEP + "x",
        "deep-inline": "<b>" * 400 + "<p>" * 50_000 + "x",
        "unclosed": "<a " * 300_000 + "x",
        "entities": "<p>" + "&amp" * 500_000,
        "long": "<p>" + "W" * 3_000_000,
        "words": "<p>" + "世界 W " * 500_000,
        "direction": "<p>" + "\u202e\u202dא" * 200_000,
        "combining": "<p>a" + "\u0301" * 500_000,
        "zoom": "<div style='zoom:9999'>" * 40 + "x",
        "float": "<div style='float:left;width:1px;height:1px;margin:-1px'></div>" * 50_000 + "x",
        "animation": "<style>@keyframes a{to{width:9px}} p{animation:a 1ms infinite}</style>" + "<p>x" * 5000,
        "svg": f"<p>x</p><svg {SVG}>{_doubling(12, '<use href=' + chr(34) + '#l' + chr(34) + '/>')}</svg>",
        "picture": f"<img src='{as_picture(flat_png(10_000, 10_000))}'>" * 60,
        "frames": f"<img src='{as_picture(gif(9, 9, 20_000), 'gif')}'>",
    }  # fmt: skip
    return {name: f"<!doctype html><p>x</p>{part}" for name, part in styles.items()}


def markdown() -> Bombs:
    n = 50_000
    return {
        "brackets": "[" * n + "a" + "]" * n,
        "links": "[a](" * n,
        "pictures": "![" * n,
        "emphasis": "*a **a " * n + "b",
        "underscores": "a_b__c" * n,
        "quotes": "> " * n + "a",
        "lists": "".join(" " * level + "- a\n" for level in range(2000)),
        "ticks": "".join("e" + "`" * level for level in range(2500)),
        "definitions": "".join(f"[{level}]: x\n" for level in range(n)) + "[0] " * n,
        "one-definition": "[a]: x" + "y" * 10_000 + "\n\n" + "[a] " * 20_000,
        "footnotes": "".join(f"[^{level}]: [^{level + 1}]\n" for level in range(20_000)) + "x[^0]",
        "table": "|" * 3000 + "\n" + "|-" * 3000 + "|\n" + ("|" * 3000 + "\n") * 300,
        "autolinks": "www." * n + "a@" * n,
        "html": "<div>" * n + "a",
        "comments": "<!--" * n,
        "declarations": "<!A " * n + "<?a" * n + "<![CDATA[" * n,
        "entities": "&" * n + "&#" * n,
        "front": "---\n" + "a: b\n" * n,
        "alerts": "> [!NOTE]\n" * n,
        "shortcodes": ":a" * n + ":smile:" * n,
        "spaces": "a" + " " * 1_000_000 + "b\n" + "\t" * 200_000 + "a",
    }
