"""What monitored checks found, what was acknowledged of it, and the shapes of sources that are known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_results",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("check_name", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("period", sa.String(32), nullable=True),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("expected", sa.String(2000), nullable=False),
        sa.Column("actual", sa.String(2000), nullable=False),
        sa.Column("message", sa.String(4000), nullable=False),
        sa.Column("checked_at", sa.DateTime, nullable=False),
        sa.Column("release_id", sa.Integer, nullable=True),
        sa.Column("low", sa.Float, nullable=True),
        sa.Column("high", sa.Float, nullable=True),
        sa.Column("value", sa.Float, nullable=True),
        sa.Column("unit", sa.String(32), nullable=True),
        sa.Column("samples", sa.JSON, nullable=True),
    )
    op.create_index("ix_quality_results_check_name_number", "quality_results", ["check_name", "number"])
    op.create_index("ix_quality_results_run_id", "quality_results", ["run_id"])
    op.create_index("ix_quality_results_checked_at", "quality_results", ["checked_at"])
    op.create_table(
        "quality_acknowledgements",
        sa.Column("acknowledgement_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("check_name", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("period", sa.String(32), nullable=True),
        sa.Column("acknowledged_by", sa.String(200), nullable=False),
        sa.Column("principal", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime, nullable=True),
    )
    op.create_index("ix_quality_acknowledgements_check_name", "quality_acknowledgements", ["check_name"])
    op.create_table(
        "source_shapes",
        sa.Column("source", sa.String(63), primary_key=True),
        sa.Column("known", sa.JSON, nullable=False),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("source_shapes")
    op.drop_table("quality_acknowledgements")
    op.drop_table("quality_results")
