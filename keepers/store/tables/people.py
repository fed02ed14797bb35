"""Tables of persons, who are identifiers here: cases, verifications, webhooks."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
)

from keepers.store.tables.schema import metadata

_OPEN_CASE = text("state IN ('open', 'decided')")
_OPEN_VERIFICATION = text("state IN ('asked', 'starting', 'pending', 'review', 'approved', 'signed')")

# Alerts about persons, who are identifiers here, and what two officers decided about them.
cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person", String(64), nullable=False),
    Column("list_id", String(64), nullable=False),
    Column("uid", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("rules", Text, nullable=False),
    Column("salt", String(32), nullable=False),
    Column("mark", String(64), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("decided_by", String(64), nullable=False),
    Column("decided", BigInteger, nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("approved", BigInteger, nullable=False),
    Column("follows", Integer, nullable=False),
    Column("moves", Integer, nullable=False),
    Index(
        "uq_cases_open",
        "person",
        "list_id",
        "uid",
        unique=True,
        sqlite_where=_OPEN_CASE,
        postgresql_where=_OPEN_CASE,
    ),
)

# Steps and notes of cases, in officers' words.
case_events = Table(
    "case_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("case_id", Integer, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("words", Text, nullable=False),
)

# Verifications of persons, who are identifiers here; the provider's answers are in the folder of evidence.
verifications = Table(
    "verifications",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("reference", String(32), nullable=False, unique=True),
    Column("person", String(64), nullable=False),
    Column("level", String(32), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("workflow", String(64), nullable=False),
    Column("onchain_id", String(42), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("account", String(64), nullable=False),
    Column("check", String(64), nullable=False, index=True),
    Column("link", Text, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("completed", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("follows", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try", BigInteger, nullable=False),
    Column("moves", Integer, nullable=False),
    Index("ix_verifications_person", "person", "level"),
    Index("ix_verifications_due", "state", "next_try"),
    Index(
        "uq_verifications_open",
        "person",
        "level",
        unique=True,
        sqlite_where=_OPEN_VERIFICATION,
        postgresql_where=_OPEN_VERIFICATION,
    ),
)

# Steps of verifications, with the officers who took them.
verification_events = Table(
    "verification_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("verification_id", Integer, ForeignKey("verifications.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("words", Text, nullable=False),
)

# Claims as they were signed. A topic is decimal text: no database has integers so wide.
verification_claims = Table(
    "verification_claims",
    metadata,
    Column(
        "verification_id",
        Integer,
        ForeignKey("verifications.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("topic", String(78), primary_key=True),
    Column("expires", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

# Webhooks that were believed, each once; nothing of their bodies but which check they are about.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("provider", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("event", String(64), nullable=False),
    Column("check", String(64), nullable=False),
    Column("reference", String(32), nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("verification_id", Integer, nullable=False),
    UniqueConstraint("provider", "digest", name="uq_webhooks_digest"),
)
