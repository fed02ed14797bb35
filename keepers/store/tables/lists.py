"""Tables of sanctions lists, their versions and what is to be lifted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from keepers.store.tables.schema import metadata

_OPEN_LIFT = text("state IN ('asked', 'approved')")

# Accepted versions of sanctions lists. Each follows one other, so that two that were judged against the same version
# cannot both be accepted.
list_versions = Table(
    "list_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("list_id", String(64), nullable=False),
    Column("follows", Integer, nullable=False),
    Column("format", String(32), nullable=False),
    Column("published", String(32), nullable=False),
    Column("files", Text, nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("parties", Integer, nullable=False),
    Column("names", Integer, nullable=False),
    Column("weak_names", Integer, nullable=False),
    Column("wallets", Integer, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("doubts", Text, nullable=False),
    UniqueConstraint("list_id", "follows", name="uq_list_versions_follows"),
)

# Parties of the newest versions of each list.
list_parties = Table(
    "list_parties",
    metadata,
    Column(
        "version_id",
        Integer,
        ForeignKey("list_versions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("uid", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("record", Text, nullable=False),
)

# Accounts that each version names; the older ones say what a publisher removed.
list_wallets = Table(
    "list_wallets",
    metadata,
    Column(
        "version_id",
        Integer,
        ForeignKey("list_versions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("address", String(42), primary_key=True),
    Column("asset", String(32), primary_key=True),
    Column("uid", String(128), primary_key=True),
    Column("doubtful", Boolean, nullable=False),
)

# Versions that were imported by mistake. They keep their rows, and count nowhere.
list_retirements = Table(
    "list_retirements",
    metadata,
    Column(
        "version_id",
        Integer,
        ForeignKey("list_versions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", BigInteger, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("reason", Text, nullable=False),
)

# Accounts that are to leave the chain's sanctions list: who asked, who approved, and the batch that was made for it.
list_lifts = Table(
    "list_lifts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(42), nullable=False),
    Column("list_id", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("approved", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("batch_version", BigInteger, nullable=False),
    Column("batch_source", String(64), nullable=False),
    Column("batch_key", String(160), nullable=False),
    Index("uq_list_lifts_account", "account", unique=True, sqlite_where=_OPEN_LIFT, postgresql_where=_OPEN_LIFT),
)
