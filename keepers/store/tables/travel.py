"""Tables of the travel rule."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from keepers.store.tables.schema import metadata

# Exchanges of the travel rule. Who they are about is among the evidence, encrypted.
travel_exchanges = Table(
    "travel_exchanges",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("direction", String(8), nullable=False),
    Column("party", String(64), nullable=False),
    Column("request", String(36), nullable=False),
    Column("person", String(64), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("token", String(42), nullable=False),
    Column("sender", String(42), nullable=False),
    Column("receiver", String(42), nullable=False),
    Column("amount", String(96), nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("secret", String(64), nullable=False, unique=True),
    Column("callback", String(2048), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("approved", BigInteger, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("txid", String(66), nullable=False),
    Column("moves", Integer, nullable=False),
    UniqueConstraint("party", "direction", "request", name="uq_travel_exchanges_request"),
)

# Messages to counterparties: each is handed over until the other side's signed receipt is here.
travel_messages = Table(
    "travel_messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("exchange_id", Integer, ForeignKey("travel_exchanges.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("message", String(36), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("fault", String(200), nullable=False),
)

# Messages that had their effect, so that a repetition has none.
travel_received = Table(
    "travel_received",
    metadata,
    Column("party", String(64), primary_key=True),
    Column("message", String(36), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)
