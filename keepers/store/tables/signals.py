"""Tables of forecasts, and of models that drifted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, text

from keepers.store.tables.schema import metadata

_STANDING = text("lifted = 0")

# Forecasts of the model that a portfolio follows and of its challenger, by the day of the last close, and what came.
signal_forecasts = Table(
    "signal_forecasts",
    metadata,
    Column("portfolio", String(64), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("weights_hash", String(66), nullable=False),
    Column("inputs_hash", String(66), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("probability", Float(53), nullable=False),
    Column("predicted", Boolean, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("median_days", Integer, nullable=False),
    Column("bot", String(64), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", Boolean, nullable=True),
)

# Models that drifted, until a person reinstates them; `lifted` is zero until then.
signal_demotions = Table(
    "signal_demotions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("portfolio", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("weights_hash", String(66), nullable=False),
    Column("day", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("lifted", BigInteger, nullable=False),
    Column("lifted_day", String(10), nullable=False),
    Column("lifted_why", Text, nullable=False),
    Index(
        "uq_signal_demotions_standing",
        "portfolio",
        "model",
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    ),
)
