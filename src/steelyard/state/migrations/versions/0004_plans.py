"""Plans: every version of every planned study, as it was when it was saved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),  # canonical JSON
        sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the body
        sa.Column("starts", sa.Text, nullable=True),  # day of the first start
        sa.Column("saved_at", sa.Text, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("plans")
