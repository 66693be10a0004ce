"""Style sheets that hide what they load: from whoever reads the text, never from a browser."""

from __future__ import annotations

from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import PROPERTIES, SVG, Documents, as_data


def sheets(trap: Trap) -> Documents:
    """CSS that loads in spite of a spelling, each by its name."""
    at = trap.at
    drawing = f"<svg {SVG}><style>@import url({at}/in-data);</style></svg>"
    paint = "rect, p { cursor: %s, auto; background: %s; list-style-image: %s; fill: %s }"
    ways = {
        "six-digits": f'i\\00006dage-set("{at}/six" 1x)',
        "six-digits-url": f"\\000075rl({at}/six-url)",
        "five-digits": f'i\\0006d age-set("{at}/five" 1x)',
        "capitals": f'IMAGE-S\\45T("{at}/capitals" 1x)',
        "after-control": f"ur\\6\\63 ({at}/control)",
        "letter": f"u\\rl({at}/letter)",
        "newline": f"\\75\nrl({at}/newline)",
        "set-of-url": f"-webkit-image-set(url({at}/of-url) 1x)",
        "fade": f"-webkit-cross-fade(url({at}/fade), url({at}/fade2), 50%)",
        "grown-binding": f"u-moz-binding:rl({at}/grown)",
        "grown-behaviour": f'image-behavior:set("{at}/grown-set" 1x)',
        "data-svg": f"url({as_data(drawing)})",
        "quoted": f"url( '{at}/quoted' )",
        "unclosed": f"url({at}/unclosed",
        "string-end": f'"a\\"b" url({at}/string)',
        "comment": f"/* url( */ url({at}/comment)",
        "image": f'image("{at}/image-function", red)',
        "image-of-url": f"image(ltr url({at}/image-of-url))",
        "source": f'src("{at}/src-function")',
        "modified": f"url({at}/modified crossorigin(anonymous))",
        "paint": f"-webkit-canvas(x), url(//127.0.0.1:{trap.bird.port}/no-scheme)",
    }
    found = {name: paint % ((way,) * 4) for name, way in ways.items()}
    found["properties"] = f"rect, p {{ {declarations(at, 'sheet')} }}"
    return found | {
        "layers": f"@layer a {{ rect, p {{ background: url({at}/layer) }} }} @media screen {{ "
        f"@supports (color: red) {{ @container (width > 1px) {{ rect, p {{ fill: url({at}/media) }} }} }} }}",
        "nested": f"svg, body {{ & rect, & p {{ mask: url({at}/nested) }} }}",
        "selection": f"::selection, ::marker, ::first-line, ::placeholder {{ background: url({at}/selection) }}",
        "frames": f"@keyframes k {{ from, to {{ background: url({at}/keyframe); cursor: url({at}/key), auto }} }} "
        "rect, p { animation: k 1s infinite }",
        "charset": f"@charset 'utf-7'; +AEA-import url({at}/charset);",
        "page": f"@page {{ background: url({at}/page); @top-left {{ content: url({at}/margin) }} }}",
        "import": f"@import/**/url({at}/import);",
        "import-escaped": f"@\\000069mport '{at}/import-escaped';",
        "import-capitals": f"@IMPORT '{at}/import-capitals' layer(x) supports(display: grid) screen;",
        "import-grown": f"@im@import;port '{at}/import-grown';",
        "import-bound": f"@im-moz-binding:port '{at}/import-bound';",
        "import-braces": f"@import '{at}/import{{braces';",
        "namespace": f"@namespace url({at}/namespace); @namespace x '{at}/namespace-x';",
        "font": f"@font-face {{ font-family: canary; unicode-range: U+0-10FFFF; src: local(none), u\\72l({at}/font) "
        "format('woff2') } text, p { font-family: canary }",
        "variable": f"* {{ --a: url({at}/variable); background: var(--a); cursor: var(--a), auto }}",
        "counter": f"@counter-style c {{ system: cyclic; symbols: url({at}/symbol) }} li {{ list-style: c }}",
        "property": f"@property --p {{ syntax: '<image>'; inherits: true; initial-value: url({at}/property) }} "
        "p { background: var(--p) }",
        "document": f"@document url({at}/document) {{ p {{ color: red }} }}",
        "after": f"p::after, text::after {{ content: url({at}/after) }}",
        "mask": f"rect, p {{ mask: url({at}/mask); mask-image: u\\52 L({at}/mask2); shape-outside: url({at}/shape); "
        f"filter: url({at}/filter#f); clip-path: url({at}/clip#c); marker: url({at}/marker#m) }}",
    }


def declarations(at: str, name: str) -> str:
    """Every property with an address of its own."""
    return "; ".join(f"{one}: url({at}/{name}-{one})" for one in PROPERTIES)


def hidden_in_svg(trap: Trap) -> Documents:
    """Elements of a drawing in which a sheet, or an address, escapes whoever looks at one text of it alone."""
    at = trap.at
    box = 'width="90" height="90"'
    found = {
        f"sheet-{name}": f"<style><![CDATA[{sheet}]]></style><text y='20'>x</text><rect {box}/>"
        for name, sheet in sheets(trap).items()
    }
    css = f"@import url({at}/%s);"
    styled = f"<svg {SVG}><style>{css % 'data'}</style></svg>"
    pictured = f"<svg {SVG}><image id='a' href='{at}/data-use'/></svg>"
    return found | {
        "tail-of-script": f"<style><script/>{css % 'tail-script'}</style>",
        "tail-of-group": f"<style><g/>{css % 'tail-group'}</style>",
        "tails": f"<style>@im<g/>po<script/>rt url({at}/tails);</style>",
        "inner-style": f"<style><style>{css % 'inner'}</style>{css % 'inner-tail'}</style>",
        "comment": f"<style>@im<!-- x -->port url({at}/between);</style>",
        "instruction": f"<style>@im<?x y?>port url({at}/instruction);</style><?xml-stylesheet href='{at}/pi.css'?>",
        "cdata": f"<style>@im<![CDATA[port url({at}/cdata);]]></style>",
        "entity": f"<style>&#x40;import url({at}/entity);</style>",
        "prefixed": f"<s:style xmlns:s='http://www.w3.org/2000/svg'>{css % 'prefixed'}</s:style>",
        "html-style": f"<h:style xmlns:h='http://www.w3.org/1999/xhtml'>{css % 'html-style'}</h:style>",
        "html-link": f"<h:link xmlns:h='http://www.w3.org/1999/xhtml' rel='stylesheet' href='{at}/html-link'/>",
        "html-image": f"<h:img xmlns:h='http://www.w3.org/1999/xhtml' src='{at}/html-image'/>",
        "foreign-style": f"<foreignObject {box}><style xmlns='http://www.w3.org/1999/xhtml'>{css % 'foreign'}</style>"
        f"<p xmlns='http://www.w3.org/1999/xhtml' style='background:url({at}/foreign-p)' background='{at}/bg'>x</p>"
        f"<svg {SVG}><style><g/>{css % 'foreign-svg'}</style></svg></foreignObject>",
        "described": f"<desc><style>{css % 'described'}</style><image href='{at}/described'/></desc>",
        "values": f"<image id='v' {box}/><set href='#v' attributeName='href' to='{at}/to'/><animate href='#v' "
        f"attributeName='href' from='{at}/from' by='{at}/by' values='{at}/values' dur='1s'/><animate href='#v' "
        f"attributeName='xlink:href' to='{at}/xlink-to' dur='1s'/>",
        "animated-style": f"<rect {box}><set attributeName='fill' to='url({at}/set-fill#x)'/><animate dur='1s' "
        f"attributeName='style' values='cursor:url({at}/animated)'/></rect>",
        "presentation": f"<rect {box} fill='u\\72l({at}/attr#f)' mask='\\000075rl({at}/attr-mask#m)' cursor='i\\00006d"
        f"age-set(\"{at}/attr-set\" 1x), auto' filter='url(&quot;{at}/attr-filter#f&quot;)'/>",
        "data-image": f"<image {box} href='{as_data(styled)}'/><use href='{as_data(pictured)}#a'/>",
        "sources": f"<image src='{at}/src' srcset='{at}/srcset 1x' {box}/><script src='{at}/script-src'/>"
        f"<a href='#x' ping='{at}/ping'><rect {box}/></a>",
    }
