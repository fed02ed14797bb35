"""Forecasts of a champion and its challenger with their outcomes, and models that drifted."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STANDING = sa.text("lifted = 0")


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "signal_forecasts",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(128), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("weights_hash", sa.String(66), nullable=False),
        sa.Column("inputs_hash", sa.String(66), nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.Column("predicted", sa.Boolean, nullable=False),
        sa.Column("horizon_days", sa.Integer, nullable=False),
        sa.Column("median_days", sa.Integer, nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Boolean, nullable=True),
    )
    op.create_table(
        "signal_demotions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("portfolio", sa.String(64), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("weights_hash", sa.String(66), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("lifted", sa.BigInteger, nullable=False),
        sa.Column("lifted_day", sa.String(10), nullable=False),
        sa.Column("lifted_why", sa.Text, nullable=False),
    )
    op.create_index(
        "uq_signal_demotions_standing",
        "signal_demotions",
        ["portfolio", "model"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )


def downgrade() -> None:
    """Forgets forecasts and demotions: a trial begins anew, and a model that drifted is followed again."""
    for table in ("signal_demotions", "signal_forecasts"):
        op.drop_table(table)
