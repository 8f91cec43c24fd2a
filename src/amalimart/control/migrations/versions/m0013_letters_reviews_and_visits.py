"""Messages that go out together, access reviews that are kept, and how often dashboards were opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notifications", sa.Column("letter_id", sa.String(32), nullable=True))
    op.create_index("ix_notifications_letter_id", "notifications", ["letter_id"])
    op.create_table(
        "access_reviews",
        sa.Column("review_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("report_hash", sa.String(64), nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
    )
    op.create_index("ix_access_reviews_made_at", "access_reviews", ["made_at"])
    op.create_table(
        "page_visits",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("page", sa.String(63), primary_key=True),
        sa.Column("role", sa.String(32), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("page_visits")
    op.drop_table("access_reviews")
    op.drop_index("ix_notifications_letter_id", "notifications")
    op.drop_column("notifications", "letter_id")
