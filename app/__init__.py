"""The HTTP API. It checks requests, writes rows and reads them; it never renders and never uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask


def create_app(*, configure_logs: bool = True) -> APIFlask:
    """The application, from the settings of this process. The database must be migrated."""
    from app.web import build

    return build(configure_logs=configure_logs)
