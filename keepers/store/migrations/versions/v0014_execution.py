"""Orders that are sold slice by slice, and their slices."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "execution_orders",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("trader", sa.String(42), nullable=False),
        sa.Column("token_in", sa.String(42), nullable=False),
        sa.Column("token_out", sa.String(42), nullable=False),
        sa.Column("symbol_in", sa.String(64), nullable=False),
        sa.Column("symbol_out", sa.String(64), nullable=False),
        sa.Column("decimals_in", sa.Integer, nullable=False),
        sa.Column("decimals_out", sa.Integer, nullable=False),
        sa.Column("amount", sa.String(78), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("begins", sa.BigInteger, nullable=False),
        sa.Column("slot_seconds", sa.BigInteger, nullable=False),
        sa.Column("least", sa.String(78), nullable=False),
        sa.Column("limit_out", sa.String(78), nullable=False),
        sa.Column("slippage_bps", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_execution_orders_state", "execution_orders", ["state"])
    op.create_table(
        "execution_slices",
        sa.Column("order_id", sa.Integer, sa.ForeignKey("execution_orders.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("planned", sa.String(78), nullable=False),
        sa.Column("tx_hash", sa.String(66), nullable=True),
        sa.Column("block_number", sa.BigInteger, nullable=True),
        sa.Column("block_hash", sa.String(66), nullable=True),
        sa.Column("amount_in", sa.String(78), nullable=True),
        sa.Column("amount_out", sa.String(78), nullable=True),
    )


def downgrade() -> None:
    """Forgets the orders: nothing more of them is sold."""
    op.drop_table("execution_slices")
    op.drop_index("ix_execution_orders_state", "execution_orders")
    op.drop_table("execution_orders")
