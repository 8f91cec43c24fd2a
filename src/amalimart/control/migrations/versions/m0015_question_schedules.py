"""Kept questions that are answered by themselves, and each time that they were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question_schedules",
        sa.Column("schedule_id", sa.String(32), primary_key=True),
        sa.Column(
            "question_id",
            sa.String(32),
            sa.ForeignKey("saved_questions.question_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False),
        sa.Column("every", sa.String(16), nullable=False),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("weekdays", sa.JSON, nullable=False),
        sa.Column("day", sa.String(4)),
        sa.Column("form", sa.String(8), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("settled_until", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("question_id", "user_id"),
    )
    op.create_index("ix_question_schedules_user_id", "question_schedules", ["user_id"])
    op.create_table(
        "question_runs",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "schedule_id",
            sa.String(32),
            sa.ForeignKey("question_schedules.schedule_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("form", sa.String(8), nullable=False),
        sa.Column("release_id", sa.Integer),
        sa.Column("rows", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("file", sa.String(80)),
        sa.Column("file_end", sa.String(16)),
        sa.Column("policy", sa.String(64)),
        sa.Column("question", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("told_at", sa.DateTime),
        sa.UniqueConstraint("schedule_id", "due_at"),
    )


def downgrade() -> None:
    op.drop_table("question_runs")
    op.drop_table("question_schedules")
