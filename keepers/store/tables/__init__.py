"""Tables, as the newest migration leaves them. Amounts of wei are decimal text: no database has integers so wide."""

from __future__ import annotations

from keepers.store.tables.execution import execution_orders, execution_reveals, execution_slices
from keepers.store.tables.lists import list_lifts, list_parties, list_retirements, list_versions, list_wallets
from keepers.store.tables.people import (
    case_events,
    cases,
    verification_claims,
    verification_events,
    verifications,
    webhooks,
)
from keepers.store.tables.risk import (
    alert_firings,
    alert_notices,
    model_quality,
    risk_daily,
    risk_metrics,
    risk_stress,
    risk_weights,
)
from keepers.store.tables.runtime import (
    attempts,
    blocks,
    cursors,
    decisions,
    leases,
    pauses,
    series,
    served,
    transactions,
)
from keepers.store.tables.schema import HEAD, metadata
from keepers.store.tables.signals import signal_demotions, signal_forecasts
from keepers.store.tables.travel import travel_exchanges, travel_messages, travel_received

__all__ = [
    "HEAD",
    "alert_firings",
    "alert_notices",
    "attempts",
    "blocks",
    "case_events",
    "cases",
    "cursors",
    "decisions",
    "execution_orders",
    "execution_reveals",
    "execution_slices",
    "leases",
    "list_lifts",
    "list_parties",
    "list_retirements",
    "list_versions",
    "list_wallets",
    "metadata",
    "model_quality",
    "pauses",
    "risk_daily",
    "risk_metrics",
    "risk_stress",
    "risk_weights",
    "series",
    "served",
    "signal_demotions",
    "signal_forecasts",
    "transactions",
    "travel_exchanges",
    "travel_messages",
    "travel_received",
    "verification_claims",
    "verification_events",
    "verifications",
    "webhooks",
]
