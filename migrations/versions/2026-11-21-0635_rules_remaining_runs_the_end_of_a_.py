"""rules, remaining runs, the end of a schedule

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import longshore.db

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rule', longshore.db.Json, server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('remaining_runs', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('ended_reason', sa.Text(), nullable=True))
        batch_op.alter_column('schedule_time',
               existing_type=sa.TIME(),
               nullable=True)



def downgrade() -> None:
    op.execute("UPDATE scheduled_exports SET schedule_time = '00:00:00' WHERE schedule_time IS NULL")
    with op.batch_alter_table('scheduled_exports', schema=None) as batch_op:
        batch_op.alter_column('schedule_time',
               existing_type=sa.TIME(),
               nullable=False)
        batch_op.drop_column('ended_reason')
        batch_op.drop_column('remaining_runs')
        batch_op.drop_column('rule')
