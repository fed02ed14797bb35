"""Versions of sanctions lists that were imported by mistake and were taken out of use."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table, empty."""
    version = sa.ForeignKey("list_versions.id", ondelete="CASCADE")
    op.create_table(
        "list_retirements",
        sa.Column("version_id", sa.Integer, version, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Deletes the versions that count no more: an older program would take them for good ones."""
    retired = "(SELECT version_id FROM list_retirements)"
    op.execute(f"DELETE FROM list_wallets WHERE version_id IN {retired}")
    op.execute(f"DELETE FROM list_parties WHERE version_id IN {retired}")
    op.execute(f"DELETE FROM list_versions WHERE id IN {retired}")
    op.drop_table("list_retirements")
