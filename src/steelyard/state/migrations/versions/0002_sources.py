"""Sources: what is read, how far, and how it went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),  # JSON; secrets as references only
        sa.Column("every_seconds", sa.Integer, nullable=False),
        sa.Column("added", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=True),  # the process that reads it now
        sa.Column("held_at", sa.Text, nullable=True),
    )
    op.create_table(
        "streams",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=True),
        sa.Column("pass_began", sa.Text, nullable=True),  # of a pass that is under way
        sa.Column("started", sa.Text, nullable=True),
        sa.Column("succeeded", sa.Text, nullable=True),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.Text, nullable=True),  # latest time on a record
        sa.Column("error", sa.Text, nullable=True),  # JSON: code, message, hint, at
        sa.Column("notes", sa.Text, nullable=False),  # JSON list of sentences
    )


def downgrade() -> None:
    op.drop_table("streams")
    op.drop_table("sources")
