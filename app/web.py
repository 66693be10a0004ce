"""The Flask application put together."""

from __future__ import annotations

from apiflask import APIBlueprint, APIFlask

from app import api, consent_page, description, docs_page, guard, health, metrics
from app.api import problems
from app.request import Request
from longshore import VERSION, logs
from longshore.settings import settings


class Application(APIFlask):
    """Flask with our way of reading requests."""

    request_class = Request


def build(*, configure_logs: bool) -> APIFlask:
    """A new application."""
    if configure_logs:
        logs.configure()
    app = Application(
        "app",
        title="Longshore",
        version=VERSION,
        json_errors=False,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes it: there is no such folder
    )
    limit = settings().max_body
    app.config.update(MAX_CONTENT_LENGTH=limit, MAX_FORM_MEMORY_SIZE=limit)
    app.url_map.strict_slashes = False
    problems.install(app)
    guard.install(app)
    metrics.install(app)
    description.install(app)
    resources = APIBlueprint("api", __name__, url_prefix="/api")
    for blueprint in api.blueprints():
        resources.register_blueprint(blueprint)
    for blueprint in (resources, health.blueprint, docs_page.blueprint, consent_page.blueprint):
        app.register_blueprint(blueprint)
    return app
