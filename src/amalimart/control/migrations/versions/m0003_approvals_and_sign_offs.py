"""Approved definitions, signed access reviews, and when a person last signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "definition_approvals",
        sa.Column("approval_id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("definition_hash", sa.String(64), nullable=False),
        sa.Column("product_version", sa.String(32), nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("approved_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_definition_approvals_name", "definition_approvals", ["name"])
    op.create_table(
        "access_sign_offs",
        sa.Column("sign_off_id", sa.String(32), primary_key=True),
        sa.Column("report_hash", sa.String(64), nullable=False),
        sa.Column("users", sa.Integer, nullable=False),
        sa.Column("signed_by", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("signed_at", sa.DateTime, nullable=False),
    )
    op.add_column("users", sa.Column("last_signed_in_at", sa.DateTime, nullable=True))


def downgrade() -> None:
    op.drop_column("users", "last_signed_in_at")
    op.drop_table("access_sign_offs")
    op.drop_table("definition_approvals")
