"""Tables, as the newest migration leaves them. Amounts of wei are decimal text: no database has integers so wide."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from keepers.risk.recorded import LIMITED, METRICS

HEAD = "0014"
"""The newest migration."""

_OPEN_LIFT = text("state IN ('asked', 'approved')")
_OPEN_CASE = text("state IN ('open', 'decided')")
_OPEN_VERIFICATION = text("state IN ('asked', 'starting', 'pending', 'review', 'approved', 'signed')")
_STANDING = text("lifted = 0")
_ACTIVE = text("status IN ('open', 'orphaned', 'mined')")

metadata = MetaData()

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", String(66), nullable=False),
    Column("updated", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("tx_hash", String(66), nullable=True),
    Column("created", BigInteger, nullable=False),
    Column("trace", String(32), nullable=False, server_default=""),
    Column("complete", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("bot", "key", name="uq_decisions_bot_key"),
)

# Hashes of blocks that a bot has seen, to find where a reorganisation begins.
blocks = Table(
    "blocks",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hash", String(66), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

# Events that a trigger dealt with from which newest block: a page of old events may have been read from a new block,
# and a reorganisation of that block takes back what was decided about them.
served = Table(
    "served",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("head", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
)

# One row a nonce: what it is for and what became of it.
transactions = Table(
    "transactions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cost", String(78), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=True),
    Column("block_number", BigInteger, nullable=True),
    Column("block_hash", String(66), nullable=True),
    Column("trace", String(32), nullable=False, server_default=""),
    Index("ix_transactions_account", "chain_id", "sender", "created"),
    Index("uq_transactions_key", "bot", "key", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    Index(
        "uq_transactions_nonce",
        "chain_id",
        "sender",
        "nonce",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
)

# Everything that was signed for a nonce.
attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("transaction_id", Integer, ForeignKey("transactions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tx_hash", String(66), nullable=False, unique=True),
    Column("raw", Text, nullable=False),
    Column("max_fee", String(78), nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("route", String(16), nullable=False),
    Column("cancels", Boolean, nullable=False),
)

# Holders who may act for a bot. The epoch grows with each new holder.
leases = Table(
    "leases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires", Float(53), nullable=False),
)

# Bots that a person told to rest.
pauses = Table(
    "pauses",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)

# Measurements of bots. PostgreSQL partitions it by month; see keepers.store.partitions.
series = Table(
    "series",
    metadata,
    Column("bot", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("block", BigInteger, nullable=False),
    Column("value", Float(53), nullable=False),
    postgresql_partition_by="RANGE (at)",
)

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

# Exchanges of the travel rule. Who they are about is among the evidence, encrypted.
travel_exchanges = Table(
    "travel_exchanges",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("direction", String(8), nullable=False),
    Column("party", String(64), nullable=False),
    Column("request", String(36), nullable=False),
    Column("person", String(64), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("token", String(42), nullable=False),
    Column("sender", String(42), nullable=False),
    Column("receiver", String(42), nullable=False),
    Column("amount", String(96), nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("secret", String(64), nullable=False, unique=True),
    Column("callback", String(2048), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("approved", BigInteger, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("txid", String(66), nullable=False),
    Column("moves", Integer, nullable=False),
    UniqueConstraint("party", "direction", "request", name="uq_travel_exchanges_request"),
)

# Messages to counterparties: each is handed over until the other side's signed receipt is here.
travel_messages = Table(
    "travel_messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("exchange_id", Integer, ForeignKey("travel_exchanges.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("message", String(36), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("fault", String(200), nullable=False),
)

# Messages that had their effect, so that a repetition has none.
travel_received = Table(
    "travel_received",
    metadata,
    Column("party", String(64), primary_key=True),
    Column("message", String(36), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

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

# Orders that are sold slice by slice; `state` is what a person told them to do.
execution_orders = Table(
    "execution_orders",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("trader", String(42), nullable=False),
    Column("token_in", String(42), nullable=False),
    Column("token_out", String(42), nullable=False),
    Column("symbol_in", String(64), nullable=False),
    Column("symbol_out", String(64), nullable=False),
    Column("decimals_in", Integer, nullable=False),
    Column("decimals_out", Integer, nullable=False),
    Column("amount", String(78), nullable=False),
    Column("algorithm", String(16), nullable=False),
    Column("begins", BigInteger, nullable=False),
    Column("slot_seconds", BigInteger, nullable=False),
    Column("least", String(78), nullable=False),
    Column("limit_out", String(78), nullable=False),
    Column("slippage_bps", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_execution_orders_state", "state"),
)

# One row a slot: what was planned, and the fill as it was in the block that `block_hash` names.
execution_slices = Table(
    "execution_slices",
    metadata,
    Column("order_id", Integer, ForeignKey("execution_orders.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("planned", String(78), nullable=False),
    Column("tx_hash", String(66), nullable=True),
    Column("block_number", BigInteger, nullable=True),
    Column("block_hash", String(66), nullable=True),
    Column("amount_in", String(78), nullable=True),
    Column("amount_out", String(78), nullable=True),
)
