"""Caps on the part of the market that an order takes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns; orders that are stored have no caps."""
    for name in ("cap_volume_bps", "cap_depth_bps"):
        op.add_column("execution_orders", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("execution_slices", sa.Column("most", sa.String(78), nullable=True))


def downgrade() -> None:
    """Forgets the caps; orders with them are cancelled, for what is left of them would be sold without."""
    capped = "cap_volume_bps + cap_depth_bps > 0 AND state IN ('running', 'paused')"
    op.execute(f"UPDATE execution_orders SET state = 'cancelled', reason = 'its caps were forgotten' WHERE {capped}")
    with op.batch_alter_table("execution_slices") as table:
        table.drop_column("most")
    with op.batch_alter_table("execution_orders") as table:
        table.drop_column("cap_volume_bps")
        table.drop_column("cap_depth_bps")
