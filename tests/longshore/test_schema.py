from __future__ import annotations

from alembic import command

from longshore import schema
from longshore.db import engine
from tests.rows import artifact_row, delivery_rows, export_row, submitted

OLDEST = "0002"
"""A revision before which there were no columns to lose."""


def test_rows_and_all_that_refers_to_them_survive_a_way_back_and_an_upgrade(database):
    export_id = submitted(deliveries=2)
    before = [one.folder for one in delivery_rows(export_id)]
    command.downgrade(schema.alembic_config(), OLDEST)
    assert not schema.is_current()
    schema.upgrade()
    assert schema.is_current()
    assert [one.folder for one in delivery_rows(export_id)] == before == ["place-0", "place-1"]
    assert export_row(export_id).file_version == 1
    assert artifact_row(export_id) is None


def test_foreign_keys_hold_after_an_upgrade(database):
    schema.upgrade()
    if engine().dialect.name == "sqlite":
        with engine().connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
