"""The Flask application put together."""

from __future__ import annotations

from apiflask import APIBlueprint, APIFlask

from app import api, guard
from app.api import problems
from app.request import Request
from longshore import VERSION
from longshore.settings import settings


class Application(APIFlask):
    """Flask with our way of reading requests."""

    request_class = Request


def build() -> APIFlask:
    """A new application."""
    app = Application("app", title="Longshore", version=VERSION, json_errors=False, docs_path=None)
    limit = settings().max_body
    app.config.update(MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit)
    app.url_map.strict_slashes = False
    problems.install(app)
    guard.install(app)
    resources = APIBlueprint("api", __name__, url_prefix="/api")
    for blueprint in api.blueprints():
        resources.register_blueprint(blueprint)
    app.register_blueprint(resources)
    return app
