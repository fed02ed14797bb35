"""Accepted versions of sanctions lists, their parties and the accounts that they name."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "list_versions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("list_id", sa.String(64), nullable=False),
        sa.Column("follows", sa.Integer, nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("published", sa.String(32), nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("source_hash", sa.String(64), nullable=False),
        sa.Column("parties", sa.Integer, nullable=False),
        sa.Column("names", sa.Integer, nullable=False),
        sa.Column("weak_names", sa.Integer, nullable=False),
        sa.Column("wallets", sa.Integer, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("doubts", sa.Text, nullable=False),
        sa.UniqueConstraint("list_id", "follows", name="uq_list_versions_follows"),
    )
    version = sa.ForeignKey("list_versions.id", ondelete="CASCADE")
    op.create_table(
        "list_parties",
        sa.Column("version_id", sa.Integer, version, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    version = sa.ForeignKey("list_versions.id", ondelete="CASCADE")
    op.create_table(
        "list_wallets",
        sa.Column("version_id", sa.Integer, version, primary_key=True, autoincrement=False),
        sa.Column("address", sa.String(42), primary_key=True),
        sa.Column("asset", sa.String(32), primary_key=True),
        sa.Column("uid", sa.String(128), primary_key=True),
        sa.Column("doubtful", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Forgets the lists; they are fetched again from their publishers."""
    for table in ("list_wallets", "list_parties", "list_versions"):
        op.drop_table(table)
