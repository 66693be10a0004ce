"""reuse artifacts, delete after download

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('artifacts', sa.Column('fingerprint', sa.String(length=64), server_default='', nullable=False))
    op.create_index('ix_artifacts_fingerprint', 'artifacts', ['owner', 'fingerprint', 'expires_at'])
    op.add_column('exports', sa.Column('delete_after_download', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column('exports', 'delete_after_download')
    op.drop_index('ix_artifacts_fingerprint', 'artifacts')
    op.drop_column('artifacts', 'fingerprint')
