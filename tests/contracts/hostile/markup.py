"""HTML, Markdown and SVG that try every way out."""

from __future__ import annotations

from html import escape

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.sheets import declarations, hidden_in_svg, sheets
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import PROPERTIES, SVG, Documents, as_data

LINKS = ("stylesheet", "prefetch", "preload", "preconnect", "dns-prefetch", "prerender", "modulepreload", "icon",
         "alternate stylesheet", "apple-touch-icon", "manifest", "import", "pingback", "search",
         "compression-dictionary", "amphtml", "next", "subresource")  # fmt: skip
PREVIEWS = ("og:image", "og:video", "og:url", "twitter:image", "msapplication-TileImage", "msapplication-config")


def svg_parts(trap: Trap) -> Documents:
    at, file = trap.at, trap.text.as_uri()
    box = 'width="90" height="90"'
    inner = f'<svg {SVG}><image href="{trap.picture.as_uri()}"/></svg>'
    parts = {f"image-{name}": f'<image href="{escape(url)}" {box}/>' for name, url in trap.pictures.items()}
    parts |= {
        "image-xlink": f'<image xlink:href="{trap.picture.as_uri()}" {box}/>',
        "image-svg": f'<image href="{as_data(inner)}" {box}/>',
        "fe-image": f'<filter id="f"><feImage href="{trap.picture.as_uri()}"/></filter><rect {box} filter="url(#f)"/>'
        f'<filter id="g"><feImage href="{at}/fe"/></filter><rect {box} filter="url(#g)"/>',
        "use": f'<use href="{at}/use.svg#a"/><use xlink:href="{trap.picture.as_uri()}#a"/>',
        "paint": f'<rect {box} fill="url({at}/fill.svg#a)" mask="url({at}/mask.svg#a)" style="filter:url({at}/f#a)"/>',
        "escaped": f'<rect {box} style="fill:\\75 rl({at}/escape)"/><rect {box} style="fill:u\\72l({at}/escape2#a)"/>',
        "style": f'<style>@import "{at}/import"; @import url({file}); @font-face {{ font-family: c; src: url({at}/font)'
        f' }} rect {{ fill: url({at}/css#x); background: image-set("{at}/set" 1x) }} text {{ font-family: c }}</style>'
        f'<text y="20">x</text><rect {box}/>',
        "foreign": f'<foreignObject {box}><div xmlns="http://www.w3.org/1999/xhtml"><img src="{at}/fo"/><iframe '
        f'src="{file}"/><object data="{file}"/><embed src="{at}/e"/><video src="{at}/v" poster="{at}/p"/><link '
        f'rel="stylesheet" href="{at}/l"/><script>fetch("{at}/s")</script></div></foreignObject>',
        "script": f"<script>{escape(trap.bird.script())}</script><script href='{at}/script.js'/><rect {box}"
        f" onload=\"fetch('{at}/onload')\"/><a href=\"javascript:fetch('{at}/a')\"><rect {box}/></a>",
        "animate": f'<image {box}><set attributeName="href" to="{at}/set"/><animate attributeName="href" '
        f'values="{trap.picture.as_uri()};{at}/animate" dur="1s"/></image>',
        "handler": f'<handler xmlns="http://www.w3.org/2001/xml-events" event="load">fetch("{at}/h")</handler>',
        "base": f'<g xml:base="{at}/"><image href="based.png" {box}/><use href="based.svg#a"/></g>',
        "cursor": f'<rect {box} cursor="url({at}/cursor), auto"/><color-profile xlink:href="{at}/icc"/>',
        "text-path": f'<text><textPath href="{at}/path.svg#p">x</textPath></text><mpath href="{at}/m"/>',
    }
    parts |= {f"data-{name}": f'<image href="{url}" {box}/>' for name, url in drawings(trap).items()}
    attributes = " ".join(f'{name}="url({at}/attribute-{name}#a)"' for name in PROPERTIES if name[0] != "-")
    parts |= {
        "attributes": f"<rect {box} {attributes}/><g {attributes}><rect {box}/></g>",
        "declarations": f'<rect {box} style="{declarations(at, "style")}"/>',
        "gradient": f'<linearGradient id="g" href="{at}/gradient#g"/><pattern id="p" xlink:href="{at}/pattern#p"/>'
        f'<rect {box} fill="url(#g)" stroke="url(#p)"/>',
        "prefix": f'<image xmlns:y="http://www.w3.org/1999/xlink" y:href="{at}/prefix" {box}/>',
        "fonts": f'<font-face><font-face-src><font-face-uri xlink:href="{at}/face"/></font-face-src></font-face>'
        f'<font xlink:href="{at}/font-element"/><glyphRef xlink:href="{at}/glyph"/><tref xlink:href="{at}/tref"/>',
        "media": f'<video xmlns="http://www.w3.org/1999/xhtml" src="{at}/video"/><audio href="{at}/audio"/>'
        f'<iframe xmlns="http://www.w3.org/1999/xhtml" src="{at}/frame"/><canvas src="{at}/canvas"/>',
        "link": f'<link xmlns="http://www.w3.org/1999/xhtml" rel="preconnect" href="{at}/link"/><metadata>'
        f'<image href="{at}/metadata"/></metadata><switch><image href="{at}/switch" {box}/></switch>',
        "discard": f'<discard href="{at}/discard"/><animateMotion {box}><mpath href="{at}/motion#a"/></animateMotion>',
    }
    return parts | hidden_in_svg(trap)


def svg(trap: Trap) -> Documents:
    parts = svg_parts(trap)
    rest = '<rect width="9" height="9"/>'
    whole = {name: f"<svg {SVG}>{part}{rest}</svg>" for name, part in parts.items()}
    head = f"<?xml-stylesheet href='{trap.at}/pi.css'?>"
    external = {
        f"entity-{number}": f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "{url}">]><svg {SVG}><text '
        f'y="20">&e;</text></svg>'
        for number, url in enumerate(trap.texts)
    }
    external["dtd"] = f'<!DOCTYPE svg SYSTEM "{trap.at}/x.dtd"><svg {SVG}>{rest}</svg>'
    external["parameter"] = (
        f'<!DOCTYPE svg [<!ENTITY % p SYSTEM "{trap.at}/p.dtd"> %p;]><svg {SVG}><text y="20">&q;</text></svg>'
    )
    external["include"] = (
        f'<svg {SVG} xmlns:xi="http://www.w3.org/2001/XInclude"><text y="20"><xi:include parse="text" '
        f'href="{trap.text.as_uri()}"/></text>{rest}</svg>'
    )
    return {"everything": f"{head}<svg {SVG}>{''.join(parts.values())}{rest}</svg>"} | whole | external


def html_parts(trap: Trap) -> Documents:
    at, file = trap.at, trap.text.as_uri()
    parts = {f"img-{name}": f'<img src="{escape(url)}" width="90" height="90">' for name, url in trap.pictures.items()}
    for number, url in enumerate(trap.texts):
        parts[f"frames-{number}"] = (
            f'<iframe src="{url}"></iframe><object data="{url}"></object><embed src="{url}"><frameset><frame '
            f'src="{url}"></frameset><portal src="{url}"></portal><link rel="import" href="{url}"><input '
            f'type="image" src="{url}">'
        )
    parts |= {
        "srcdoc": f"<iframe srcdoc=\"<img src='{at}/srcdoc'><script>fetch('{at}/s')</script>\"></iframe>",
        "media": f'<video src="{at}/v" poster="{at}/p" autoplay></video><audio src="{at}/a" autoplay></audio><video>'
        f'<source src="{at}/source"><track src="{at}/track"></video><picture><source srcset="{at}/ps"><img '
        f'srcset="{at}/is 1x" src="x"></picture>',
        "links": "".join(f'<link rel="{rel}" href="{at}/{rel.replace(" ", "-")}" as="image">' for rel in LINKS),
        "meta": f'<meta http-equiv="refresh" content="0;url={at}/refresh"><meta http-equiv="refresh" content="0;'
        f'url={file}"><meta http-equiv="Content-Security-Policy" content="report-uri {at}/csp; img-src \'none\'">'
        f'<meta http-equiv="Link" content="<{at}/l>; rel=preload">',
        "base": f'<base href="{at}/base/"><img src="relative"><a href="x" ping="{at}/ping">x</a>',
        "css": f'<style>@import "{at}/i1"; @import url({at}/i2); @font-face {{ font-family: c; src: url({at}/font), '
        f"url({file}) }} body {{ font-family: c; background: url({at}/bg); cursor: url({at}/cursor), auto; content: "
        f"url({at}/content); border-image: url({at}/border) 30; mask: url({at}/mask); shape-outside: url({at}/shape); "
        f'filter: url({at}/filter#x); background: image-set("{at}/set" 1x); background: -webkit-image-set(url({at}/w) '
        f"1x); --x: url({at}/var); background-image: var(--x) }} li {{ list-style: url({at}/list) }} p::after {{ "
        f"content: url({trap.picture.as_uri()}) }}</style><ul><li>x</li></ul>",
        "attributes": f'<body background="{at}/body"><table background="{at}/table"><td background="{at}/td"></table>'
        f'<p style="background:url({at}/style)">x</p><p style="background:\\75\\72\\6c({at}/escaped)">x</p><p '
        f"style=\"background:URL('{at}/upper')\">x</p><img lowsrc={at}/low dynsrc={at}/dyn>",
        "script": f"<script>{trap.bird.script()}</script><script src={at}/s.js></script><script type=module>import "
        f"'{at}/m.js'</script><img src=x onerror=\"fetch('{at}/onerror')\"><svg onload=\"fetch('{at}/svgload')\">"
        f"<a href=\"javascript:fetch('{at}/a')\">x</a><details open ontoggle=\"fetch('{at}/t')\">x</details>",
        "speculation": f'<script type="speculationrules">{{"prefetch":[{{"source":"list","urls":["{at}/spec"]}}]}}'
        "</script>",
        "svg": f"<svg {SVG}>{''.join(svg_parts(trap).values())}<rect width='9' height='9'/></svg>",
        "math": f'<math><mtext><img src="{at}/m"></mtext><annotation-xml encoding="text/html"><img src="{at}/ax">'
        f'</annotation-xml></math><noscript><p title="</noscript><img src={at}/mx>">',
        "mutation": f"<svg></p><style><a id=\"</style><img src='{at}/mutation' onerror=fetch('{at}/m2')>\">",
        "marks": '<img src="data:,drawing-0"><img src="data:,absent-0"><img src="data:,absent-9">',
        "form": f'<form action="{at}/form"><button formaction="{at}/b" autofocus>x</button></form>',
        "declarations": f'<p style="{declarations(at, "style")}">x</p><ul><li style="{declarations(at, "item")}">x',
        "previews": "".join(f'<meta property="{one}" name="{one}" content="{at}/{one}">' for one in PREVIEWS)
        + f'<link rel="image_src" href="{at}/image_src"><html manifest="{at}/manifest">',
        "reports": f'<meta http-equiv="Report-To" content=\'{{"endpoints":[{{"url":"{at}/report"}}]}}\'><meta '
        f'http-equiv="NEL" content="{at}/nel"><meta http-equiv="Content-Security-Policy-Report-Only" content="'
        f"default-src 'none'; report-uri {at}/csp-only\"><img attributionsrc='{at}/attribution' src='x'>",
        "sockets": f"<script>new WebTransport('https://127.0.0.1:{trap.bird.port}/transport'); navigator.serviceWorker"
        f".register('{at}/worker.js'); new SharedWorker('{at}/shared.js'); new EventSource('{at}/events'); "
        f"caches.open('c').then((c) => c.add('{at}/cache')); new Worker('{at}/w.js', {{type: 'module'}})</script>",
        "old": f'<applet code="{at}/code" archive="{at}/archive"></applet><bgsound src="{at}/bgsound"><isindex action="'
        f'{at}/isindex"><xml src="{at}/xml"></xml><layer src="{at}/layer-old"></layer><ilayer src="{at}/ilayer">'
        f'<fencedframe src="{at}/fenced"></fencedframe><menuitem icon="{at}/menu"><frame longdesc="{at}/longdesc">',
        "sets": f'<link rel="preload" as="image" imagesrcset="{at}/imagesrcset 1x"><img srcset="{at}/set1 1x,'
        f'{at}/set2 2x" sizes="1px"><picture><source media="print" srcset="{at}/print"><img src="x"></picture>',
        "objects": f'<object data="x" codebase="{at}/codebase" classid="{at}/classid"><param name="src" '
        f'value="{at}/param"></object><embed src="x" pluginspage="{at}/plugin">'
        f'<map><area href="{at}/area" ping="{at}/area-ping"></map>',
        "quotes": f'<blockquote cite="{at}/cite">x</blockquote><del cite="{at}/del">x</del><q cite="{at}/q">x</q><div '
        f'itemscope itemtype="{at}/type"><link itemprop="url" href="{at}/itemprop"></div>',
        "template": f'<template shadowrootmode="open"><img src="{at}/shadow"><slot></slot></template>',
    }
    parts |= {f"data-{name}": f'<img src="{url}" width="90">' for name, url in drawings(trap).items()}
    parts |= {f"sheet-{name}": f"<style>{css}</style><p>x</p><ul><li>x</ul>" for name, css in sheets(trap).items()}
    return parts


def html(trap: Trap) -> Documents:
    parts = html_parts(trap)
    each = {name: f"<!doctype html><p>text</p>{part}" for name, part in parts.items()}
    return {"everything": f"<!doctype html><p>text</p>{''.join(parts.values())}", "canary": trap.bird.page()} | each


def markdown(trap: Trap) -> Documents:
    parts = {f"html-{name}": f"text\n\n{part}\n" for name, part in html_parts(trap).items()}
    parts |= {f"image-{name}": f"text ![alt]({url})" for name, url in trap.pictures.items()}
    parts |= {f"text-{number}": f"x ![a]({url}) [a]({url})" for number, url in enumerate(trap.texts)}
    parts["reference"] = f"x ![a][b]\n\n[b]: {trap.picture.as_uri()}\n[c]: <{trap.at}/c>\n"
    parts["front"] = f"---\ncss: {trap.at}/front.css\nheader-includes: <img src={trap.at}/front>\n---\ntext\n"
    parts["include"] = f"!include {trap.text}\n\n{{{{< include {trap.text} >}}}}\n\n[[!inline {trap.text}]]\n"
    parts["fence"] = f"```html\n<img src={trap.at}/fence>\n```\n\n<{trap.at}/autolink>\n"
    return {"everything": "\n\n".join(parts.values())} | parts
