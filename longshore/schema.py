"""Bring the database to the newest schema, from any older one. Safe to run by any number of processes at once."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from longshore.db import engine
from longshore.settings import ROOT


def alembic_config() -> Config:
    """Alembic's configuration: the scripts in `migrations/`, named so that they sort by date."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


def upgrade() -> None:
    """Apply every migration that is missing."""
    command.upgrade(alembic_config(), "head")


def is_current() -> bool:
    """Whether the database has the schema of this version."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
