"""Tables of orders that are sold slice by slice."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from keepers.store.tables.schema import metadata

# Orders that are sold slice by slice; `state` is what a person told them to do.
execution_orders = Table(
    "execution_orders",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("trader", String(42), nullable=False),
    Column("token_in", String(42), nullable=False),
    Column("token_out", String(42), nullable=False),
    Column("symbol_in", String(64), nullable=False),
    Column("symbol_out", String(64), nullable=False),
    Column("decimals_in", Integer, nullable=False),
    Column("decimals_out", Integer, nullable=False),
    Column("amount", String(78), nullable=False),
    Column("algorithm", String(16), nullable=False),
    Column("begins", BigInteger, nullable=False),
    Column("slot_seconds", BigInteger, nullable=False),
    Column("least", String(78), nullable=False),
    Column("limit_out", String(78), nullable=False),
    Column("slippage_bps", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cap_volume_bps", Integer, nullable=False, server_default="0"),
    Column("cap_depth_bps", Integer, nullable=False, server_default="0"),
    Index("ix_execution_orders_state", "state"),
)

# One row a slot: what was planned, what the order's caps were expected to allow, if it has any, and the fill as it was
# in the block that `block_hash` names.
execution_slices = Table(
    "execution_slices",
    metadata,
    Column("order_id", Integer, ForeignKey("execution_orders.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("planned", String(78), nullable=False),
    Column("most", String(78), nullable=True),
    Column("tx_hash", String(66), nullable=True),
    Column("block_number", BigInteger, nullable=True),
    Column("block_hash", String(66), nullable=True),
    Column("amount_in", String(78), nullable=True),
    Column("amount_out", String(78), nullable=True),
)

# The swap of a slice that its account commits to before it is seen; kept until it was run, or may not run any more.
execution_reveals = Table(
    "execution_reveals",
    metadata,
    Column("order_id", Integer, ForeignKey("execution_orders.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", Integer, nullable=False),
    Column("swap", Text, nullable=False),
    Column("salt", String(66), nullable=False),
    Column("deadline", BigInteger, nullable=False),
)
