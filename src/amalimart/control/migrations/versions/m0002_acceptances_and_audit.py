"""Checks that may fail by somebody's word, and what people decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "check_acceptances",
        sa.Column("acceptance_id", sa.String(32), primary_key=True),
        sa.Column("check_name", sa.String(500), nullable=False),
        sa.Column("blocked_number", sa.Integer, nullable=False),
        sa.Column("failing_rows", sa.BigInteger, nullable=False),
        sa.Column("accepted_by", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("accepted_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime, nullable=True),
        sa.Column("ended_as", sa.String(16), nullable=True),
    )
    op.create_index("ix_check_acceptances_check_name", "check_acceptances", ["check_name"])
    op.create_table(
        "audit",
        sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("happened_at", sa.DateTime, nullable=False),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_happened_at", "audit", ["happened_at"])


def downgrade() -> None:
    op.drop_table("audit")
    op.drop_table("check_acceptances")
