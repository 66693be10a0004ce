"""A server on the loopback that counts whoever calls it, and documents that try to call."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Canary:
    """Counts every TCP connection and every UDP packet on its ports."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self.udp_port = self._udp.getsockname()[1]
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._receive)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.hits.append(connection.recv(200).split(b"\r\n")[0].decode(errors="replace"))
                except OSError:
                    self.hits.append("connected")
                    continue
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\n\r\nhi")

    def _receive(self) -> None:
        while packet := self._udp.recv(2000):
            if packet == b"end":
                return
            self.hits.append("udp")

    def close(self) -> None:
        """Stop listening."""
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()
        self._udp.sendto(b"end", ("127.0.0.1", self.udp_port))
        for thread in self._threads:
            thread.join(timeout=5)
        self._udp.close()

    def page(self) -> str:
        """HTML with every passive way to load something, and the active ones for where scripts run."""
        at = f"http://127.0.0.1:{self.port}"
        mapped, short = f"http://[::ffff:127.0.0.1]:{self.port}", f"http://127.1:{self.port}"
        return f"""<!doctype html><html><head><base href="{at}/base/">
<link rel="stylesheet" href="{at}/css"><link rel="prefetch" href="{at}/prefetch">
<link rel="preconnect" href="{at}"><link rel="dns-prefetch" href="//canary.test"><link rel="icon" href="{at}/icon">
<link rel="preload" as="image" href="{at}/preload"><link rel="manifest" href="{at}/manifest">
<script type="speculationrules">{{"prefetch":[{{"source":"list","urls":["{at}/speculation"]}}]}}</script>
<style>@import url({at}/import); @font-face {{ font-family: c; src: url({at}/font) }}
body {{ font-family: c; background: url({at}/background) }} li {{ list-style-image: url({at}/list) }}</style>
<meta http-equiv="refresh" content="0;url={at}/refresh"></head><body>
<img src="{at}/img"><img src="{short}/short"><img src="{mapped}/mapped"><img srcset="{at}/srcset 2x">
<img src="http://localhost:{self.port}/name"><img src="relative">
<iframe src="{at}/frame"></iframe><object data="{at}/object"></object><embed src="{at}/embed">
<video src="{at}/video" poster="{at}/poster" autoplay></video><audio src="{at}/audio" autoplay></audio>
<svg><image href="{at}/svg-image"/><use href="{at}/use#a"/><style>@import url({at}/svg-import);</style></svg>
<input type="image" src="{at}/input"><table background="{at}/table"></table><ul><li>text</li></ul>
<script>{self.script()}</script></body></html>"""

    def script(self) -> str:
        """JavaScript with every active way."""
        at, ws = f"http://127.0.0.1:{self.port}", f"ws://127.0.0.1:{self.port}"
        return f"""
const tries = [
  () => fetch('{at}/fetch', {{mode: 'no-cors'}}), () => navigator.sendBeacon('{at}/beacon', 'x'),
  () => new WebSocket('{ws}/ws'), () => new EventSource('{at}/sse'), () => {{ new Image().src = '{at}/image'; }},
  () => {{ const x = new XMLHttpRequest(); x.open('GET', '{at}/xhr'); x.send(); }}, () => window.open('{at}/open'),
  () => import('{at}/module.js').catch(() => 0), () => navigator.serviceWorker.register('{at}/sw.js').catch(() => 0),
  () => new Worker(URL.createObjectURL(new Blob(["fetch('{at}/worker')"]))),
  () => new Worker(URL.createObjectURL(new Blob(["new WebSocket('{ws}/worker-ws')"]))),
  () => {{ const p = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{self.udp_port}'}}]}});
           p.createDataChannel('c'); p.createOffer().then((o) => p.setLocalDescription(o)); }},
];
for (const one of tries) {{
  try {{ const made = one(); if (made && made.catch) made.catch(() => 0); }} catch (e) {{}}
}}"""


@contextmanager
def canary() -> Iterator[Canary]:
    """A canary for as long as the block lasts."""
    one = Canary()
    try:
        yield one
    finally:
        one.close()
