"""Risk of portfolios block by block and by day, weights and stress behind it, and what alert rules tell of it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MONTH_SECONDS = 30 * 86_400
"""Length of a hypertable's chunk, whose time is a number."""

_NUMBERS = (
    "nav", "share_price", "volatility", "var95", "var99", "es975", "component_var", "weight", "concentration",
    "leverage", "drawdown", "realised_volatility", "sharpe", "beta", "days_to_liquidate", "simulated_var95_1d",
    "simulated_var99_1d", "simulated_var999_1d", "simulated_var95_5d", "simulated_var99_5d", "simulated_var999_5d",
    "simulated_var95_10d", "simulated_var99_10d", "simulated_var999_10d", "simulated_es95_1d", "simulated_es99_1d",
    "simulated_es999_1d", "simulated_es95_5d", "simulated_es99_5d", "simulated_es999_5d", "simulated_es95_10d",
    "simulated_es99_10d", "simulated_es999_10d", "stress_loss", "model_age_hours", "close_age_days",
)  # fmt: skip
_COUNTS = (
    "grade", "observations", "close_findings", "close_refusals", "close_doubts", "state", "unavailable",
)  # fmt: skip
_LIMITS = (
    "var95", "var99", "es975", "volatility", "component_var", "weight", "concentration", "leverage", "drawdown",
    "realised_volatility", "beta", "days_to_liquidate", "grade", "sharpe", "halt_drawdown",
)  # fmt: skip


def upgrade() -> None:
    """Creates the tables, empty; the rows by block are partitioned by month, or a hypertable."""
    connection = op.get_bind()
    postgresql = connection.dialect.name == "postgresql"
    # Only where it is in the database already: PostgreSQL ends the connection that creates an extension which the
    # server did not load when it started.
    timescale = postgresql and (
        connection.execute(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")).scalar() is not None
    )
    _create_metrics(partitioned=postgresql and not timescale)
    if timescale:
        chunk = f"chunk_time_interval => {MONTH_SECONDS}::bigint"
        op.execute(f"SELECT create_hypertable('risk_metrics', 'at', {chunk})")
    elif postgresql:
        op.execute("CREATE TABLE risk_metrics_default PARTITION OF risk_metrics DEFAULT")
    _create_derived()
    _create_alerts()


def downgrade() -> None:
    """Forgets what was recorded; the series that older programs read stay."""
    for table in ("alert_notices", "alert_firings", "risk_stress", "risk_weights", "risk_daily", "risk_metrics"):
        op.drop_table(table)


def _create_metrics(*, partitioned: bool) -> None:
    op.create_table(
        "risk_metrics",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("model_nonce", sa.BigInteger, nullable=False),
        sa.Column("report_nonce", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stress_scenario", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Float(53), nullable=True) for name in _NUMBERS),
        *(sa.Column(name, sa.Integer, nullable=True) for name in _COUNTS),
        *(sa.Column(f"limit_{name}", sa.Float(53), nullable=True) for name in _LIMITS),
        postgresql_partition_by="RANGE (at)" if partitioned else None,
    )


def _create_derived() -> None:
    op.create_table(
        "risk_daily",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("metric", sa.String(32), primary_key=True),
        sa.Column("samples", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Float(53), nullable=False) for name in ("minimum", "maximum", "mean", "last")),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "risk_weights",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("asset", sa.String(64), primary_key=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
    )
    op.create_table(
        "risk_stress",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("report_nonce", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("scenario", sa.String(32), primary_key=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("loss", sa.Float(53), nullable=False),
    )


def _create_alerts() -> None:
    op.create_table(
        "alert_firings",
        sa.Column("portfolio", sa.String(64), primary_key=True),
        sa.Column("rule", sa.String(64), primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("waiting_since", "fired_at", "told_at")),
        sa.Column("reminders", sa.Integer, nullable=False),
    )
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.String(200), nullable=False),
    )
    op.create_index("ix_alert_notices_state", "alert_notices", ["state"])
