"""How a note looks: on a screen in light and dark, and on paper."""

from __future__ import annotations

from workers.renderers._page import CODE_FONTS, FONTS
from workers.renderers._pixels import colour
from workers.renderers.base import Render

BASE = f"body{{font-family:{FONTS}}}img,svg{{max-width:100%}}"
"""Under a page that brings a style of its own: fonts that know every script."""

NOTE = (
    """
:root{--ink:#1f2933;--strong:#0b1220;--soft:#5b6876;--line:#d9dfe6;--wash:#f5f7f9;--paper:#fff;--link:#0b5fb0;
--note:#0b63c4;--tip:#157347;--important:#7a35c9;--warning:#9a5b00;--caution:#bb2528;--mark:#fff2ac;color-scheme:light}
[data-theme=dark]{--ink:#d5dbe3;--strong:#f4f6f9;--soft:#98a4b3;--line:#333d4a;--wash:#1b222c;--paper:#11161d;
--link:#79b8ff;--note:#6cb0ff;--tip:#5fce94;--important:#c39bff;--warning:#eab54f;--caution:#ff8b85;--mark:#5c5115;
color-scheme:dark}
*{box-sizing:border-box}
html{background:var(--paper);-webkit-text-size-adjust:100%}
body{font-family:"""
    + FONTS
    + """;font-size:16px;line-height:1.65;color:var(--ink);margin:0 auto;padding:56px 48px 64px;max-width:860px;
overflow-wrap:break-word;font-variant-numeric:lining-nums;-webkit-print-color-adjust:exact;print-color-adjust:exact}
body>:first-child{margin-top:0}body>:last-child{margin-bottom:0}
p,ul,ol,dl,blockquote,pre,table,figure,details,.markdown-alert{margin:0 0 1.05em}
h1,h2,h3,h4,h5,h6{color:var(--strong);line-height:1.25;font-weight:650;margin:1.9em 0 .6em;text-wrap:balance;
break-after:avoid;break-inside:avoid}
h1{font-size:2.1em;letter-spacing:-.018em;margin-top:1.4em}
h2{font-size:1.45em;letter-spacing:-.01em;padding-bottom:.28em;border-bottom:1px solid var(--line)}
h3{font-size:1.18em}h4{font-size:1em}h5{font-size:.9em}h6{font-size:.9em;color:var(--soft)}
h1+h2,h2+h3,h3+h4{margin-top:.8em}
a{color:var(--link);text-decoration:underline;text-decoration-thickness:.06em;text-underline-offset:.16em}
a.anchor{display:none}
strong,b{font-weight:650;color:var(--strong)}
mark{background:var(--mark);color:inherit;padding:.05em .2em;border-radius:3px}
ul,ol{padding-inline-start:1.6em}li{margin:.22em 0}li>p{margin-bottom:.5em}li::marker{color:var(--soft)}
li>ul,li>ol{margin-bottom:.2em}
li:has(>input[type=checkbox]),li:has(>p>input[type=checkbox]){list-style:none;margin-inline-start:-1.5em}
input[type=checkbox]{appearance:none;width:1em;height:1em;margin:0;margin-inline-end:.5em;vertical-align:-.12em;
border:1.5px solid var(--soft);border-radius:3px;background:var(--paper)}
input[type=checkbox][checked]{border-color:var(--note);background:var(--note)}
input[type=checkbox][checked]::before{content:"";display:block;width:70%;height:70%;margin:15%;background:#fff;
clip-path:polygon(8% 44%,0 56%,38% 92%,100% 22%,90% 10%,37% 69%)}
blockquote{margin-inline:0;padding:.1em 1.1em;border-inline-start:3px solid var(--line);color:var(--soft)}
blockquote>:last-child,.markdown-alert>:last-child,td>:last-child{margin-bottom:0}
code,kbd,samp,pre,tt{font-family:"""
    + CODE_FONTS
    + """;font-size:.875em}
code{background:var(--wash);border:1px solid var(--line);padding:.08em .35em;border-radius:4px}
pre{background:var(--wash);border:1px solid var(--line);border-radius:8px;padding:14px 18px;line-height:1.55;
white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4;text-align:left;direction:ltr}
pre code{background:none;border:0;padding:0;font-size:1em}
kbd{border:1px solid var(--line);border-bottom-width:2px;border-radius:4px;padding:.05em .4em;background:var(--wash)}
table{border-collapse:collapse;width:100%;font-size:.94em;line-height:1.5;break-inside:auto}
thead{display:table-header-group}tr{break-inside:avoid}
th{color:var(--strong);font-weight:650;text-align:start;border-bottom:2px solid var(--soft);vertical-align:bottom}
th,td{padding:.5em .8em}td{border-bottom:1px solid var(--line);vertical-align:top}
[align=right]{text-align:right;font-variant-numeric:tabular-nums lining-nums}[align=center]{text-align:center}
[align=left]{text-align:left}
img{max-width:100%;height:auto;break-inside:avoid;border-radius:4px}
figure{margin-inline:0;break-inside:avoid}figcaption{font-size:.88em;color:var(--soft);margin-top:.5em}
hr{border:0;border-top:1px solid var(--line);margin:2.4em auto}
.absent{display:inline-block;border:1px dashed var(--soft);border-radius:6px;padding:.35em .8em;color:var(--soft);
background:var(--wash);font-size:.88em}
.markdown-alert{--tone:var(--note);padding:.7em 1.1em;border-inline-start:4px solid var(--tone);border-radius:6px;
background:color-mix(in srgb,var(--tone) 7%,var(--paper));break-inside:avoid}
.markdown-alert>p{margin-bottom:.4em}.markdown-alert-title{font-weight:650;color:var(--tone)}
.markdown-alert-tip{--tone:var(--tip)}.markdown-alert-important{--tone:var(--important)}
.markdown-alert-warning{--tone:var(--warning)}.markdown-alert-caution{--tone:var(--caution)}
.footnotes{margin-top:2.6em;padding-top:1em;border-top:1px solid var(--line);font-size:.88em;color:var(--soft)}
.footnote-ref a,.footnote-backref{text-decoration:none}sup,sub{line-height:0;font-size:.72em}
.footnote-backref{font-family:"DejaVu Sans","Noto Sans Math",sans-serif}
summary{font-weight:650;cursor:pointer}
@media print{body{font-size:10.6pt;line-height:1.58;max-width:none;padding:0}p,li{orphans:3;widows:3}
pre{break-inside:avoid;border-radius:4px}
[data-theme=dark]{--paper:#121212}a{color:inherit;text-decoration-color:var(--link)}}
@media screen and (max-width:600px){body{padding:28px 20px 40px}}
"""
)
"""The style sheet of a note, without a picture in it: a page that loads nothing prints faster."""


def note_style(render: Render) -> str:
    """The style sheet of a note; with the background that was asked for, where one was."""
    style = NOTE
    asked = str(render.setting("background", "white"))
    if "background" in render.settings.model_fields_set and colour(asked)[3]:
        red, green, blue, alpha = colour(asked)
        style += f"html{{background:rgba({red},{green},{blue},{alpha / 255:.3f})}}\n"
    return style
