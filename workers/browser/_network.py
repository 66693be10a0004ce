"""The closed network: nothing a page asks for leaves this machine, in four layers that fail independently.

1. below the browser: a network namespace without interfaces, where the kernel allows it (`_launch`);
2. flags: no name resolves, every address goes to a dead proxy, loopback and WebRTC included;
3. the context is offline, without service workers and downloads;
4. every request is answered here: a known asset under ORIGIN, or an abort.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.settings import settings
from workers.needs import BUNDLES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Route, WebSocketRoute

ORIGIN = "http://render.invalid"
"""Made-up origin of our own pages; `.invalid` never resolves (RFC 6761), and viz.js refuses to run on about:blank."""

FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-sync",
    "--no-pings",
    "--dns-prefetch-disable",
)
"""Measured together against 32 ways out: none left; without the last value of WebRTC's two, UDP still does."""

FONTS = '"Noto Sans", "Noto Sans CJK SC", "Noto Color Emoji", "DejaVu Sans", sans-serif'
"""The font stack of everything drawn: Latin, Cyrillic and Greek, then Chinese, Japanese and Korean, then emoji."""

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; connect-src 'self'"
)
"""Content policy of our own pages. WebGL charts compile their drawing functions and street maps run a worker."""

WITHOUT_EVAL = frozenset({"vega"})
"""Bundles whose page refuses to make functions from text: there, a document's expressions are read, never compiled."""

OWN_FONTS = frozenset({"excalidraw"})
"""Bundles whose page paints with fonts from ASKED_FOR."""

ASKED_FOR = (
    (re.compile(re.escape(ORIGIN) + r"/plotly/(maps/[a-z-]+_\d+m\.json)"), "application/json"),
    (re.compile(re.escape(ORIGIN) + r"/excalidraw/(fonts/[A-Za-z]+/[\w-]+\.woff2)"), "font/woff2"),
)
"""What a bundle loads by itself, where it lies among the assets, and its media type: coastlines and borders under
geographic charts, fonts to cut to the letters that a drawing needs."""

PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{bundle}</title>'
    '<style>body{{margin:0;font-family:{fonts}}}</style><body><div id="stage"></div>'
    '<script src="{origin}/{bundle}/{script}"></script></body></html>'
)


def closed_context(
    browser: Browser, *, scripts: bool, width: int = 1280, height: int = 800, scale: float = 1
) -> BrowserContext:
    """A context that reaches nothing. `scripts` is for our own pages only; sizes are in CSS pixels."""
    context = browser.new_context(
        offline=True,
        service_workers="block",
        accept_downloads=False,
        java_script_enabled=scripts,
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        locale="en-US",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(0)  # the one deadline is the watchdog's
    context.route("**/*", _answer if scripts else _refuse)
    context.route_web_socket("**/*", _hang_up)
    return context


def asset(name: str) -> Path:
    """Where a built asset lies, by its path in the assets folder; it may be missing."""
    return settings().assets / name


def _answer(route: Route) -> None:
    """Our page and its script, by exact address; everything else is aborted."""
    for bundle, script in BUNDLES.items():
        if route.request.url == f"{ORIGIN}/{bundle}/":
            body = PAGE.format(bundle=bundle, fonts=FONTS, origin=ORIGIN, script=script)
            policy = POLICY.replace(" 'unsafe-eval'", "") if bundle in WITHOUT_EVAL else POLICY
            policy = policy.replace("font-src", "font-src 'self'") if bundle in OWN_FONTS else policy
            headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
            route.fulfill(body=body, headers=headers)
            return
        if route.request.url == f"{ORIGIN}/{bundle}/{script}":
            route.fulfill(path=asset(script), content_type="text/javascript; charset=utf-8")
            return
    for pattern, media_type in ASKED_FOR:
        asked = pattern.fullmatch(route.request.url)
        if asked and (path := asset(asked[1])).is_file():
            route.fulfill(path=path, content_type=media_type)
            return
    if route.request.is_navigation_request():
        route.fulfill(status=204)  # stay: an aborted navigation would end the page and the call that runs in it
        return
    route.abort()


def _refuse(route: Route) -> None:
    route.abort()


def _hang_up(socket: WebSocketRoute) -> None:
    socket.close()
