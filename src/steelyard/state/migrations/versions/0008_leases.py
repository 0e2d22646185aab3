"""Leases: which node does which job; who reads a source is one of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),  # host:process@where numbers mean the same
        sa.Column("until", sa.Double, nullable=False),  # seconds since 1970 by the database's clock
        sa.Column("fence", sa.BigInteger, nullable=False),  # grows with every holder
    )
    with op.batch_alter_table("sources") as sources:
        sources.drop_column("holder")
        sources.drop_column("held_at")


def downgrade() -> None:
    with op.batch_alter_table("sources") as sources:
        sources.add_column(sa.Column("holder", sa.Text, nullable=True))
        sources.add_column(sa.Column("held_at", sa.Text, nullable=True))
    op.drop_table("leases")
