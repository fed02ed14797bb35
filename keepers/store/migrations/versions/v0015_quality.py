"""Findings of the quality gate about the closes of each model."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table, empty."""
    op.create_table(
        "model_quality",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("model_nonce", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_close", sa.String(10), nullable=False),
        sa.Column("data_hash", sa.String(64), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("symbols", sa.Integer, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forgets the findings; how many there were stays with the rows by block."""
    op.drop_table("model_quality")
