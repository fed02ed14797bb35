"""Verifications of persons, the claims that they gave, and the webhooks that told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('asked', 'starting', 'pending', 'review', 'approved', 'signed')")


def upgrade() -> None:
    """Creates the tables, empty."""
    _create_verifications()
    verification = sa.ForeignKey("verifications.id", ondelete="CASCADE")
    op.create_table(
        "verification_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("verification_id", sa.Integer, verification, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_index("ix_verification_events_verification_id", "verification_events", ["verification_id"])
    verification = sa.ForeignKey("verifications.id", ondelete="CASCADE")
    op.create_table(
        "verification_claims",
        sa.Column("verification_id", sa.Integer, verification, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(78), primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("check", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verification_id", sa.Integer, nullable=False),
        sa.UniqueConstraint("provider", "digest", name="uq_webhooks_digest"),
    )
    op.create_index("ix_webhooks_state", "webhooks", ["state"])


def downgrade() -> None:
    """Forgets the verifications. Claims that are on chain stay there, and nobody renews them."""
    for table in ("webhooks", "verification_claims", "verification_events", "verifications"):
        op.drop_table(table)


def _create_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("reference", sa.String(32), nullable=False, unique=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("workflow", sa.String(64), nullable=False),
        sa.Column("onchain_id", sa.String(42), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("check", sa.String(64), nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("follows", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try", sa.BigInteger, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
    )
    columns = ["person", "level"]
    op.create_index("ix_verifications_check", "verifications", ["check"])
    op.create_index("ix_verifications_person", "verifications", columns)
    op.create_index("ix_verifications_due", "verifications", ["state", "next_try"])
    op.create_index(
        "uq_verifications_open", "verifications", columns, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
