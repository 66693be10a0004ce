"""first tables

Revision ID: 0001
Revises: 
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import longshore.db
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('api_keys',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('prefix', sa.String(length=16), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('scopes', longshore.db.Json, nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('digest')
    )
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_keys_owner'), ['owner'], unique=False)

    op.create_table('connections',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('destination', sa.String(length=32), nullable=False),
    sa.Column('options', longshore.db.Json, nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('one_off', sa.Boolean(), nullable=False),
    sa.Column('health', sa.String(length=16), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('last_tested_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('connections', schema=None) as batch_op:
        batch_op.create_index('ix_connections_owner', ['owner', 'name'], unique=False)

    op.create_table('files',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('listed', sa.Boolean(), nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.create_index('ix_files_owner_created', ['owner', 'created_at'], unique=False)

    op.create_table('pulses',
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('exports',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.Column('file_version', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('format', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('settings', longshore.db.Json, nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('phase', sa.String(length=32), nullable=False),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.Column('deadline', sa.Double(), nullable=False),
    sa.Column('report', longshore.db.Json, nullable=False),
    sa.Column('expires_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('max_attempts', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(length=255), nullable=True),
    sa.Column('lease_until', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('not_before', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('sent_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('started_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.create_index('ix_exports_expiry', ['state', 'expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_exports_file_id'), ['file_id'], unique=False)
        batch_op.create_index('ix_exports_open', ['state', 'lease_until'], unique=False, postgresql_where=sa.text("state in ('initiated', 'processing')"))
        batch_op.create_index('ix_exports_owner_created', ['owner', 'created_at'], unique=False)

    op.create_table('file_versions',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('file_id', 'version')
    )
    op.create_table('scheduled_exports',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.Column('user_id', sa.String(length=200), nullable=False),
    sa.Column('schedule_type', sa.String(length=16), nullable=False),
    sa.Column('schedule_time', sa.Time(), nullable=False),
    sa.Column('schedule_day_of_week', sa.Integer(), nullable=True),
    sa.Column('schedule_day_of_month', sa.Integer(), nullable=True),
    sa.Column('timezone', sa.String(length=50), nullable=False),
    sa.Column('export_format', sa.String(length=32), nullable=False),
    sa.Column('export_settings', longshore.db.Json, nullable=False),
    sa.Column('destination_type', sa.String(length=32), nullable=False),
    sa.Column('destination_config', longshore.db.Json, nullable=False),
    sa.Column('connection_id', sa.String(length=36), nullable=False),
    sa.Column('folder', sa.String(length=1024), nullable=False),
    sa.Column('file_name', sa.String(length=255), nullable=False),
    sa.Column('conflict', sa.String(length=16), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('last_run_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('next_run_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('run_count', sa.Integer(), nullable=False),
    sa.Column('error_count', sa.Integer(), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connections.id'], ),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.create_index('ix_scheduled_exports_due', ['next_run_at'], unique=False, sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.create_index(batch_op.f('ix_scheduled_exports_file_id'), ['file_id'], unique=False)
        batch_op.create_index('ix_scheduled_exports_owner', ['owner', 'created_at'], unique=False)

    op.create_table('artifacts',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('filename', sa.String(length=255), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('export_id')
    )
    op.create_table('deliveries',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=False),
    sa.Column('connection_id', sa.String(length=36), nullable=False),
    sa.Column('destination', sa.String(length=32), nullable=False),
    sa.Column('folder', sa.String(length=1024), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('conflict', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('bytes_sent', sa.BigInteger(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('checkpoint', sa.LargeBinary(), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('max_attempts', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(length=255), nullable=True),
    sa.Column('lease_until', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('not_before', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('sent_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('started_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connections.id'], ),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deliveries_connection_id'), ['connection_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deliveries_export_id'), ['export_id'], unique=False)
        batch_op.create_index('ix_deliveries_open', ['state', 'lease_until'], unique=False)
        batch_op.create_index('ix_deliveries_owner_created', ['owner', 'created_at'], unique=False)

    op.create_table('events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=False),
    sa.Column('delivery_id', sa.String(length=36), nullable=True),
    sa.Column('kind', sa.String(length=64), nullable=False),
    sa.Column('data', longshore.db.Json, nullable=False),
    sa.Column('at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.create_index('ix_events_export', ['export_id', 'id'], unique=False)

    op.create_table('idempotency_keys',
    sa.Column('owner', sa.String(length=200), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('owner', 'key')
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_keys_created_at'), ['created_at'], unique=False)

    op.create_table('schedule_runs',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('schedule_id', sa.String(length=36), nullable=False),
    sa.Column('slot', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=True),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['schedule_id'], ['scheduled_exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('schedule_id', 'slot')
    )
    op.create_table('attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('export_id', sa.String(length=36), nullable=False),
    sa.Column('delivery_id', sa.String(length=36), nullable=True),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('worker', sa.String(length=255), nullable=False),
    sa.Column('started_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', longshore.db.UTCDateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(length=32), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['export_id'], ['exports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index('ix_attempts_export', ['export_id', 'started_at'], unique=False)

    op.create_table('receipts',
    sa.Column('delivery_id', sa.String(length=36), nullable=False),
    sa.Column('provider_id', sa.Text(), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('checksum', sa.String(length=200), nullable=False),
    sa.Column('verified', sa.String(length=16), nullable=False),
    sa.Column('skipped', sa.Boolean(), nullable=False),
    sa.Column('extra', longshore.db.Json, nullable=False),
    sa.Column('created_at', longshore.db.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('delivery_id')
    )


def downgrade() -> None:
    op.drop_table('receipts')
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index('ix_attempts_export')

    op.drop_table('attempts')
    op.drop_table('schedule_runs')
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_created_at'))

    op.drop_table('idempotency_keys')
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_index('ix_events_export')

    op.drop_table('events')
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_owner_created')
        batch_op.drop_index('ix_deliveries_open')
        batch_op.drop_index(batch_op.f('ix_deliveries_export_id'))
        batch_op.drop_index(batch_op.f('ix_deliveries_connection_id'))

    op.drop_table('deliveries')
    op.drop_table('artifacts')
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.drop_index('ix_scheduled_exports_owner')
        batch_op.drop_index(batch_op.f('ix_scheduled_exports_file_id'))
        batch_op.drop_index('ix_scheduled_exports_due', sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))

    op.drop_table('scheduled_exports')
    op.drop_table('file_versions')
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.drop_index('ix_exports_owner_created')
        batch_op.drop_index('ix_exports_open', postgresql_where=sa.text("state in ('initiated', 'processing')"))
        batch_op.drop_index(batch_op.f('ix_exports_file_id'))
        batch_op.drop_index('ix_exports_expiry')

    op.drop_table('exports')
    op.drop_table('pulses')
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.drop_index('ix_files_owner_created')

    op.drop_table('files')
    with op.batch_alter_table('connections', schema=None) as batch_op:
        batch_op.drop_index('ix_connections_owner')

    op.drop_table('connections')
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_keys_owner'))

    op.drop_table('api_keys')
