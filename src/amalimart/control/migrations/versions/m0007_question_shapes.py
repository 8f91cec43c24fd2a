"""Which shapes of questions were answered, by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question_shapes",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("shape_hash", sa.String(32), primary_key=True),
        sa.Column("shape", sa.JSON, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("question_shapes")
