"""Exchanges of the travel rule, messages to counterparties, and messages that had their effect."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "travel_exchanges",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("request", sa.String(36), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("token", sa.String(42), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("receiver", sa.String(42), nullable=False),
        sa.Column("amount", sa.String(96), nullable=False),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("callback", sa.String(2048), nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("approved", sa.BigInteger, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("txid", sa.String(66), nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.UniqueConstraint("party", "direction", "request", name="uq_travel_exchanges_request"),
    )
    exchange = sa.ForeignKey("travel_exchanges.id", ondelete="CASCADE")
    op.create_table(
        "travel_messages",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("exchange_id", sa.Integer, exchange, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("message", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.String(200), nullable=False),
    )
    op.create_index("ix_travel_messages_exchange_id", "travel_messages", ["exchange_id"])
    op.create_index("ix_travel_messages_state", "travel_messages", ["state"])
    op.create_table(
        "travel_received",
        sa.Column("party", sa.String(64), primary_key=True),
        sa.Column("message", sa.String(36), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forgets the exchanges; the payloads stay among the evidence."""
    for table in ("travel_received", "travel_messages", "travel_exchanges"):
        op.drop_table(table)
