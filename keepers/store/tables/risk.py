"""Tables of risk: rows by block and day, what is behind them, and alerts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from keepers.risk.recorded import LIMITED, METRICS
from keepers.store.tables.schema import metadata

_INTEGERS = ("grade", "observations", "state", "close_findings", "close_refusals", "close_doubts", "unavailable")

# Risk of portfolios, a row for each block that a bot looked at. Numbers that are not known, and limits that are off,
# are null. PostgreSQL partitions it by month; see keepers.store.partitions.
risk_metrics = Table(
    "risk_metrics",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("bot", String(64), nullable=False),
    Column("model_nonce", BigInteger, nullable=False),
    Column("report_nonce", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stress_scenario", String(32), nullable=False),
    *(Column(name, Integer if name in _INTEGERS else Float(53), nullable=True) for name in METRICS),
    *(Column(f"limit_{name}", Float(53), nullable=True) for name in (*LIMITED, "halt_drawdown")),
    postgresql_partition_by="RANGE (at)",
)

# Summaries of each recorded number by UTC day. They stay when the rows of the day are dropped.
risk_daily = Table(
    "risk_daily",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("metric", String(32), primary_key=True),
    Column("samples", BigInteger, nullable=False),
    Column("minimum", Float(53), nullable=False),
    Column("maximum", Float(53), nullable=False),
    Column("mean", Float(53), nullable=False),
    Column("last", Float(53), nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# Weights of a portfolio's assets whenever its model or its signed report is a new one, for reports about it.
risk_weights = Table(
    "risk_weights",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("asset", String(64), primary_key=True),
    Column("bot", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("weight", Float(53), nullable=False),
)

# Findings of the quality gate about the closes of each model, as a JSON list.
model_quality = Table(
    "model_quality",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("model_nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("last_close", String(10), nullable=False),
    Column("data_hash", String(64), nullable=False),
    Column("days", Integer, nullable=False),
    Column("symbols", Integer, nullable=False),
    Column("findings", Text, nullable=False),
    Column("bot", String(64), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Losses of every stress scenario of each signed report.
risk_stress = Table(
    "risk_stress",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("report_nonce", BigInteger, primary_key=True, autoincrement=False),
    Column("scenario", String(32), primary_key=True),
    Column("bot", String(64), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("loss", Float(53), nullable=False),
)

# State of every alert rule that is not at rest.
alert_firings = Table(
    "alert_firings",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("rule", String(64), primary_key=True),
    Column("waiting_since", BigInteger, nullable=False),
    Column("fired_at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Column("reminders", Integer, nullable=False),
)

# Notices of alert rules, by channel. A row waits until the channel has taken it.
alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("channel", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("fault", String(200), nullable=False),
)
