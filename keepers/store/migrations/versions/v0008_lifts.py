"""Accounts that are to leave the chain's sanctions list, with the officers who asked and approved."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('asked', 'approved')")


def upgrade() -> None:
    """Creates the table, empty."""
    op.create_table(
        "list_lifts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("list_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=False),
        sa.Column("approved", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("batch_version", sa.BigInteger, nullable=False),
        sa.Column("batch_source", sa.String(64), nullable=False),
        sa.Column("batch_key", sa.String(160), nullable=False),
    )
    op.create_index(
        "uq_list_lifts_account",
        "list_lifts",
        ["account"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Forgets the liftings: nothing is lifted that was not lifted yet."""
    op.drop_index("uq_list_lifts_account", "list_lifts")
    op.drop_table("list_lifts")
