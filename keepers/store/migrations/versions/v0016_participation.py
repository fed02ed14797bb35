"""Caps on the part of the market that an order takes, and swaps that are committed to first."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns and table; orders that are stored have no caps."""
    for name in ("cap_volume_bps", "cap_depth_bps"):
        op.add_column("execution_orders", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("execution_slices", sa.Column("most", sa.String(78), nullable=True))
    op.create_table(
        "execution_reveals",
        sa.Column("order_id", sa.Integer, sa.ForeignKey("execution_orders.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("swap", sa.Text, nullable=False),
        sa.Column("salt", sa.String(66), nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forgets caps and commitments; capped orders are cancelled, for what is left would be sold without caps."""
    op.drop_table("execution_reveals")
    capped = "cap_volume_bps + cap_depth_bps > 0 AND state IN ('running', 'paused')"
    op.execute(f"UPDATE execution_orders SET state = 'cancelled', reason = 'its caps were forgotten' WHERE {capped}")
    with op.batch_alter_table("execution_slices") as table:
        table.drop_column("most")
    with op.batch_alter_table("execution_orders") as table:
        table.drop_column("cap_volume_bps")
        table.drop_column("cap_depth_bps")
