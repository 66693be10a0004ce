"""`/docs`: the API's description to read and to try, from files of our own; it works without the internet."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, send_file
from werkzeug.exceptions import NotFound

from longshore.settings import settings

blueprint = APIBlueprint("docs", __name__, enable_openapi=False)

FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
"""From the assets folder, by media type."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Longshore API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = """"use strict";
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""
MISSING = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Longshore API</title></head>
<body>
<h1>The page's files are not there yet</h1>
<p>Run <code>make assets</code> and reload. The description itself is at <a href="/openapi.json">/openapi.json</a>.</p>
</body>
</html>
"""
# Swagger UI writes style attributes and inline SVG; scripts come from here alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/docs")
def page() -> Response:
    """The page, or what to do where its files are missing."""
    there = all((settings().assets / name).is_file() for name in FILES)
    answer = Response(PAGE if there else MISSING, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@blueprint.get("/docs/start.js")
def start() -> Response:
    """The page's own script: a separate file, so that no inline script need be allowed."""
    return Response(START, content_type="text/javascript; charset=utf-8")


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """One of the page's files."""
    path = settings().assets / name
    if name not in FILES or not path.is_file():
        raise NotFound
    return send_file(path.resolve(), mimetype=FILES[name], max_age=3600)
