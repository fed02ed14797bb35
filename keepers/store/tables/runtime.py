"""Tables of every bot: where it is, what it decided, sent and measured."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from keepers.store.tables.schema import metadata

_ACTIVE = text("status IN ('open', 'orphaned', 'mined')")

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
    Column("trace", String(32), nullable=False, server_default=""),
    Column("complete", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("bot", "key", name="uq_decisions_bot_key"),
)

# Hashes of blocks that a bot has seen, to find where a reorganisation begins.
blocks = Table(
    "blocks",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hash", String(66), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

# Events that a trigger dealt with from which newest block: a page of old events may have been read from a new block,
# and a reorganisation of that block takes back what was decided about them.
served = Table(
    "served",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("head", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
)

# One row a nonce: what it is for and what became of it.
transactions = Table(
    "transactions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cost", String(78), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=True),
    Column("block_number", BigInteger, nullable=True),
    Column("block_hash", String(66), nullable=True),
    Column("trace", String(32), nullable=False, server_default=""),
    Index("ix_transactions_account", "chain_id", "sender", "created"),
    Index("uq_transactions_key", "bot", "key", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    Index(
        "uq_transactions_nonce",
        "chain_id",
        "sender",
        "nonce",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
)

# Everything that was signed for a nonce.
attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("transaction_id", Integer, ForeignKey("transactions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tx_hash", String(66), nullable=False, unique=True),
    Column("raw", Text, nullable=False),
    Column("max_fee", String(78), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("route", String(16), nullable=False),
    Column("cancels", Boolean, nullable=False),
)

# Holders who may act for a bot. The epoch grows with each new holder.
leases = Table(
    "leases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires", Float(53), nullable=False),
)

# Bots that a person told to rest.
pauses = Table(
    "pauses",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)

# Measurements of bots. PostgreSQL partitions it by month; see keepers.store.partitions.
series = Table(
    "series",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("block", BigInteger, nullable=False),
    Column("value", Float(53), nullable=False),
    postgresql_partition_by="RANGE (at)",
)
