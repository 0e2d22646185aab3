"""The life of personal data: who was forgotten, which copies there are, who looked at whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.Text, primary_key=True),  # keyed; the key lies in a file of its own
        sa.Column("with_work", sa.Boolean, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
    )
    op.create_table(
        "copies",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),  # backup | export
        sa.Column("made_at", sa.Text, nullable=False),
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Text, nullable=False, index=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("viewer", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False, index=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),  # how many were shown at once
    )


def downgrade() -> None:
    for table in ("looks", "copies", "forgotten"):
        op.drop_table(table)
