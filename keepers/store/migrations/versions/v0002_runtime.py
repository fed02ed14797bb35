"""Nonces and attempts, seen blocks, leases, time series."""

import rlp
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("status IN ('open', 'orphaned', 'mined')")
_NEW = "bot, key, chain_id, sender, nonce, source, status, cost, created"


def upgrade() -> None:
    """Creates the tables and carries over what is pending, one transaction a nonce."""
    op.add_column("decisions", sa.Column("trace", sa.String(32), nullable=False, server_default=""))
    _create_transactions()
    _create_attempts()
    op.create_table(
        "blocks",
        sa.Column("bot", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.String(66), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.Float(53), nullable=False),
    )
    op.create_table(
        "series",
        sa.Column("bot", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        postgresql_partition_by="RANGE (at)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE series_default PARTITION OF series DEFAULT")
    _carry_over()
    op.drop_table("pending_transactions")


def downgrade() -> None:
    """Goes back to one row an attempt; what is settled is forgotten, as it was then."""
    op.create_table(
        "pending_transactions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("tx_hash", sa.String(66), nullable=False, unique=True),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("max_fee", sa.String(32), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO pending_transactions (bot, key, sender, nonce, tx_hash, raw, max_fee, block) "
        "SELECT t.bot, t.key, t.sender, t.nonce, a.tx_hash, a.raw, a.max_fee, a.block "
        "FROM attempts a JOIN transactions t ON t.id = a.transaction_id WHERE t.status = 'open' ORDER BY a.id"
    )
    for table in ("attempts", "transactions", "blocks", "leases", "series"):
        op.drop_table(table)
    with op.batch_alter_table("decisions") as batch:
        batch.drop_column("trace")


def _create_transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("source", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cost", sa.String(78), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("tx_hash", sa.String(66), nullable=True),
        sa.Column("block_number", sa.BigInteger, nullable=True),
        sa.Column("block_hash", sa.String(66), nullable=True),
        sa.Column("trace", sa.String(32), nullable=False, server_default=""),
    )
    op.create_index("ix_transactions_account", "transactions", ["chain_id", "sender", "created"])
    for name, columns in (
        ("uq_transactions_key", ["bot", "key"]),
        ("uq_transactions_nonce", ["chain_id", "sender", "nonce"]),
    ):
        op.create_index(name, "transactions", columns, unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "transaction_id",
            sa.Integer,
            sa.ForeignKey("transactions.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("tx_hash", sa.String(66), nullable=False, unique=True),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("max_fee", sa.String(78), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("route", sa.String(16), nullable=False),
        sa.Column("cancels", sa.Boolean, nullable=False),
    )


def _carry_over() -> None:
    """Keeps the older of two keys that had signed for one nonce: the bot decides anew about the other."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT * FROM pending_transactions ORDER BY id")).mappings().all()
    known: dict[tuple[str, int], tuple[int, str]] = {}
    for row in rows:
        slot = row["sender"], row["nonce"]
        if slot not in known:
            values = {**row, "chain_id": _chain_of(row["raw"]), "source": row["block"]}
            insert = f"INSERT INTO transactions ({_NEW}) VALUES (:bot, :key, :chain_id, :sender, :nonce, :source, "
            found = connection.execute(sa.text(f"{insert}'open', '0', 0) RETURNING id"), values).scalar_one()
            known[slot] = found, row["key"]
        identity, key = known[slot]
        if row["key"] == key:
            connection.execute(
                sa.text(
                    "INSERT INTO attempts (transaction_id, tx_hash, raw, max_fee, block, route, cancels) "
                    "VALUES (:identity, :tx_hash, :raw, :max_fee, :block, 'public', :cancels)"
                ),
                {**row, "identity": identity, "cancels": False},
            )


def _chain_of(raw: str) -> int:
    """Chain id of a signed transaction: its first field, or part of a legacy one's `v` (EIP-155)."""
    data = bytes.fromhex(raw.removeprefix("0x"))
    if data[0] <= 0x7F:
        return int.from_bytes(rlp.decode(data[1:])[0], "big")
    return (int.from_bytes(rlp.decode(data)[6], "big") - 35) // 2
