"""Questions that people keep, and their boards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_questions",
        sa.Column("question_id", sa.String(32), primary_key=True),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sharing", sa.String(16), nullable=False),
        sa.Column("question", sa.JSON, nullable=False),
        sa.Column("saved_as", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_saved_questions_owner_id", "saved_questions", ["owner_id"])
    op.create_index("ix_saved_questions_sharing", "saved_questions", ["sharing"])
    op.create_table(
        "board_tiles",
        sa.Column(
            "user_id", sa.Integer, sa.ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column(
            "question_id",
            sa.String(32),
            sa.ForeignKey("saved_questions.question_id", ondelete="CASCADE"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_table("board_tiles")
    op.drop_table("saved_questions")
