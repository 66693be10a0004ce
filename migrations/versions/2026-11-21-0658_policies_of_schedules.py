"""policies of schedules

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import longshore.db

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.create_index('ix_exports_schedule', ['schedule_id', 'state'], unique=False, sqlite_where=sa.text('schedule_id is not null'), postgresql_where=sa.text('schedule_id is not null'))

    with op.batch_alter_table('schedule_runs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('planned_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('trigger', sa.String(length=16), server_default='slot', nullable=False))
        batch_op.add_column(sa.Column('result', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('queued_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('started_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('look_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('ended_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_schedule_runs_look', ['look_at'], unique=False, sqlite_where=sa.text('look_at is not null'), postgresql_where=sa.text('look_at is not null'))
        batch_op.create_index('ix_schedule_runs_queued', ['schedule_id', 'slot'], unique=False, sqlite_where=sa.text('queued_at is not null'), postgresql_where=sa.text('queued_at is not null'))

    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.add_column(sa.Column('policy', longshore.db.Json, server_default='{"overlap": "allow", "pause_when_blocked": false}', nullable=False))
        batch_op.add_column(sa.Column('fire_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('late_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('paused_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('paused_by', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('paused_reason', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('owed_from', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('resume_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('resumed_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('catchup_once', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('failures', sa.Integer(), server_default='0', nullable=False))
        batch_op.drop_index(batch_op.f('ix_scheduled_exports_due'), sqlite_where=sa.text('is_active'))
        batch_op.create_index('ix_scheduled_exports_due', ['fire_at'], unique=False, sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.create_index('ix_scheduled_exports_blocked', ['connection_id'], unique=False, sqlite_where=sa.text("paused_by = 'connection'"), postgresql_where=sa.text("paused_by = 'connection'"))
        batch_op.create_index('ix_scheduled_exports_connection', ['connection_id'], unique=False)
        batch_op.create_index('ix_scheduled_exports_failing', ['failures'], unique=False, sqlite_where=sa.text('failures > 0'), postgresql_where=sa.text('failures > 0'))
        batch_op.create_index('ix_scheduled_exports_late', ['late_at'], unique=False, sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.create_index('ix_scheduled_exports_paused', ['paused_at'], unique=False, sqlite_where=sa.text('not is_active'), postgresql_where=sa.text('not is_active'))
        batch_op.create_index('ix_scheduled_exports_resume', ['resume_at'], unique=False, sqlite_where=sa.text('resume_at is not null'), postgresql_where=sa.text('resume_at is not null'))

    # A schedule that exists waits for the slot that it waited for, and is late five minutes after it.
    later = (
        "strftime('%Y-%m-%d %H:%M:%f', next_run_at, '+300 seconds') || '000'"
        if op.get_bind().dialect.name == 'sqlite'
        else "next_run_at + interval '300 seconds'"
    )
    op.execute(f"UPDATE scheduled_exports SET fire_at = next_run_at, late_at = {later}")
    op.execute("UPDATE scheduled_exports SET paused_at = updated_at, paused_by = 'user' WHERE NOT is_active")


def downgrade() -> None:
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.drop_index('ix_scheduled_exports_resume', sqlite_where=sa.text('resume_at is not null'), postgresql_where=sa.text('resume_at is not null'))
        batch_op.drop_index('ix_scheduled_exports_paused', sqlite_where=sa.text('not is_active'), postgresql_where=sa.text('not is_active'))
        batch_op.drop_index('ix_scheduled_exports_late', sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.drop_index('ix_scheduled_exports_failing', sqlite_where=sa.text('failures > 0'), postgresql_where=sa.text('failures > 0'))
        batch_op.drop_index('ix_scheduled_exports_connection')
        batch_op.drop_index('ix_scheduled_exports_blocked', sqlite_where=sa.text("paused_by = 'connection'"), postgresql_where=sa.text("paused_by = 'connection'"))
        batch_op.drop_index('ix_scheduled_exports_due', sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.create_index(batch_op.f('ix_scheduled_exports_due'), ['next_run_at'], unique=False, sqlite_where=sa.text('is_active'))
        batch_op.drop_column('failures')
        batch_op.drop_column('catchup_once')
        batch_op.drop_column('resumed_at')
        batch_op.drop_column('resume_at')
        batch_op.drop_column('owed_from')
        batch_op.drop_column('paused_reason')
        batch_op.drop_column('paused_by')
        batch_op.drop_column('paused_at')
        batch_op.drop_column('late_at')
        batch_op.drop_column('fire_at')
        batch_op.drop_column('policy')

    with op.batch_alter_table('schedule_runs', schema=None) as batch_op:
        batch_op.drop_index('ix_schedule_runs_queued', sqlite_where=sa.text('queued_at is not null'), postgresql_where=sa.text('queued_at is not null'))
        batch_op.drop_index('ix_schedule_runs_look', sqlite_where=sa.text('look_at is not null'), postgresql_where=sa.text('look_at is not null'))
        batch_op.drop_column('ended_at')
        batch_op.drop_column('look_at')
        batch_op.drop_column('started_at')
        batch_op.drop_column('queued_at')
        batch_op.drop_column('result')
        batch_op.drop_column('trigger')
        batch_op.drop_column('planned_at')

    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.drop_index('ix_exports_schedule', sqlite_where=sa.text('schedule_id is not null'), postgresql_where=sa.text('schedule_id is not null'))
