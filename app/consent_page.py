"""`/oauth/callback`: where a provider sends the browser after a consent, and the page that says what happened.

It needs no key: the `state` in its address is the proof, and works once. Nothing of the address is shown or logged.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from app import oauth
from app.oauth import Outcome

blueprint = APIBlueprint("consent", __name__, enable_openapi=False)

LONGEST = 4096
"""Characters of a parameter; providers' codes have some hundred."""
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;color:#1c2733;"
    "background:#fff}h1{font-size:1.5rem}small{color:#5b6b7a}@media(prefers-color-scheme:dark){body{color:#e6edf3;"
    "background:#11161c}small{color:#9aa7b4}}"
)
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} - Longshore</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
NOT_YOU = (
    "It belongs to <b>{owner}</b> on this Longshore server. If you did not start this yourself, remove the app's access"
    " in your account's settings at the provider now."
)


@blueprint.get("/oauth/callback")
def callback() -> Response:
    """Finish what `POST /api/connections/authorize` began."""
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])  # a HEAD must not use the address up
    given = {name: request.args.getlist(name) for name in ("state", "code", "error")}
    if any(len(values) > 1 or any(len(one) > LONGEST for one in values) for values in given.values()):
        return _page(Outcome(ok=False, message="This is no address that a provider sends anybody to."))
    first = {name: values[0] if values else "" for name, values in given.items()}
    return _page(oauth.finish(first["state"], first["code"], first["error"]))


def _page(outcome: Outcome) -> Response:
    connected = bool(outcome.label)
    lines = []
    if connected:
        account = f" as <b>{escape(outcome.account)}</b>" if outcome.account else ""
        lines.append(f"<p>The connection <b>{escape(outcome.name)}</b> reaches {escape(outcome.label)}{account}.</p>")
    lines.append(f"<p>{escape(outcome.message)}</p>")
    if connected:
        lines.append(f"<p><small>{NOT_YOU.format(owner=escape(outcome.owner))}</small></p>")
    lines.append("<p>You can close this page.</p>")
    title = "Connected" if outcome.ok else "Connected, but it does not work yet" if connected else "Not connected"
    answer = Response(
        PAGE.format(title=title, style=STYLE, body="\n".join(lines)),
        200 if connected else 400,
        content_type="text/html; charset=utf-8",
    )
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
