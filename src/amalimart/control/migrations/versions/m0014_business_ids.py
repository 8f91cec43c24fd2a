"""The businesses that people and keys are bound to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BOUND = ("users", "api_keys")


def upgrade() -> None:
    for table in _BOUND:
        op.add_column(table, sa.Column("business_ids", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    for table in _BOUND:
        op.drop_column(table, "business_ids")
