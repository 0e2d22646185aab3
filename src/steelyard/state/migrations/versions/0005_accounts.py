"""Accounts, the invitations to them, and who is signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),  # in lower case
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=True),  # Argon2id, with its parameters and salt
        sa.Column("issuer", sa.Text, nullable=True),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("disabled", sa.Text, nullable=True),
        sa.Column("last_seen", sa.Text, nullable=True),  # a day
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "invitations",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False, index=True),
        sa.Column("expires", sa.Text, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False, index=True),  # empty: by token or by link
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("opened", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("sign_ins", "invitations", "accounts"):
        op.drop_table(table)
