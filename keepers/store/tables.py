"""Tables, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, UniqueConstraint

HEAD = "0001"
"""The newest migration."""

metadata = MetaData()

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", String(66), nullable=False),
    Column("updated", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("tx_hash", String(66), nullable=True),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("bot", "key", name="uq_decisions_bot_key"),
)

pending = Table(
    "pending_transactions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=False, unique=True),
    Column("raw", Text, nullable=False),
    Column("max_fee", String(32), nullable=False),
    Column("block", BigInteger, nullable=False),
)
