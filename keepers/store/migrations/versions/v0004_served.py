"""Which pages of events were dealt with from which block."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table, empty: what was dealt with before counts as final."""
    op.create_table(
        "served",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("head", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forgets them."""
    op.drop_table("served")
