"""names, packing, retention, signed receipts

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import longshore.db

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('connections', schema=None) as batch_op:
        batch_op.add_column(sa.Column('retention', longshore.db.Json, server_default='[]', nullable=False))

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('final_folder', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('final_name', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('packing', longshore.db.Json, server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('packed_key', sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column('packed_size', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('packed_sha256', sa.String(length=64), nullable=True))

    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.add_column(sa.Column('schedule_id', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('schedule', sa.String(length=32), server_default='', nullable=False))
        batch_op.add_column(sa.Column('slot', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('timezone', sa.String(length=50), server_default='UTC', nullable=False))

    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sent_sha256', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('signed', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('removed_at', longshore.db.UTCDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('let_go_at', longshore.db.UTCDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.add_column(sa.Column('packing', longshore.db.Json, server_default='{}', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.drop_column('packing')

    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.drop_column('let_go_at')
        batch_op.drop_column('removed_at')
        batch_op.drop_column('signed')
        batch_op.drop_column('sent_sha256')

    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.drop_column('timezone')
        batch_op.drop_column('slot')
        batch_op.drop_column('schedule')
        batch_op.drop_column('schedule_id')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_column('packed_sha256')
        batch_op.drop_column('packed_size')
        batch_op.drop_column('packed_key')
        batch_op.drop_column('packing')
        batch_op.drop_column('final_name')
        batch_op.drop_column('final_folder')

    with op.batch_alter_table('connections', schema=None) as batch_op:
        batch_op.drop_column('retention')
