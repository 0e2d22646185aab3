"""Tokens: who may send telemetry, ask questions or administer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("expires", sa.Text, nullable=True),
        sa.Column("revoked", sa.Text, nullable=True),
        sa.Column("last_used", sa.Text, nullable=True),
    )


def downgrade() -> None:
    op.drop_table("tokens")
