"""Whether a decision was carried out as far as it was wanted, in a column of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PROSE = "%part of the way (%"
"""Text in the reason of older rows whose rebalance stopped short of its targets."""


def upgrade() -> None:
    """Adds the column, and reads it from the reasons of what is recorded."""
    op.add_column("decisions", sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.true()))
    decisions = sa.table("decisions", sa.column("complete", sa.Boolean), sa.column("key"), sa.column("reason"))
    short = decisions.c.key.startswith("rebalance:") & decisions.c.reason.like(_PROSE)
    op.execute(sa.update(decisions).where(short).values(complete=False))


def downgrade() -> None:
    """Drops the column; the reasons still say it."""
    with op.batch_alter_table("decisions") as batch:
        batch.drop_column("complete")
