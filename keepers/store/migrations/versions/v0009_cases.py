"""Cases of the compliance desk, with the steps and notes of officers."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('open', 'decided')")


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("list_id", sa.String(64), nullable=False),
        sa.Column("uid", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("decided", sa.BigInteger, nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=False),
        sa.Column("approved", sa.BigInteger, nullable=False),
        sa.Column("follows", sa.Integer, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
    )
    columns = ["person", "list_id", "uid"]
    op.create_index("uq_cases_open", "cases", columns, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
    case = sa.ForeignKey("cases.id", ondelete="CASCADE")
    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.Integer, case, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_index("ix_case_events_case_id", "case_events", ["case_id"])


def downgrade() -> None:
    """Forgets the cases; screening opens again what is still an alert."""
    for table in ("case_events", "cases"):
        op.drop_table(table)
