"""The forecasts of a store as evidence and drift are judged by them."""

from __future__ import annotations

import numpy as np

from keepers.signals.drift import Followed, Gauge, Reference, gauges
from keepers.signals.errors import SignalError
from keepers.signals.evidence import Trial
from keepers.store import Store
from keepers.store.forecasts import Forecasted, forecasts, last_lifted


def trial_of(store: Store, portfolio: str, champion: str, challenger: str) -> Trial:
    """The trial of a challenger: the days on which both models made a forecast of one label in their roles.

    Args:
        store: Store to read.
        portfolio: Name in the deployment.
        champion, challenger: Names under which the models are registered.

    Raises:
        SignalError: If no day has both.
        StoreError: If the store cannot be read.
    """
    of_day = {found.day: found for found in forecasts(store, portfolio, champion, "champion")}
    shadows = forecasts(store, portfolio, challenger, "challenger")
    pairs = [(of_day[found.day], found) for found in shadows if found.day in of_day]
    pairs = [pair for pair in pairs if _label(pair[0]) == _label(pair[1])]
    if not pairs:
        raise SignalError(
            f"the trial of '{challenger}' beside '{champion}'",
            "has no day with a forecast of both",
            "run the rebalance bot with rebalance.regime.challenger",
        )
    return Trial(
        champion=np.array([one.probability for one, _ in pairs]),
        challenger=np.array([other.probability for _, other in pairs]),
        outcome=np.array([_outcome(one) for one, _ in pairs]),
        horizon=pairs[0][0].horizon_days,
    )


def drift_of(store: Store, portfolio: str, model: str, reference: Reference) -> tuple[Gauge, ...]:
    """The numbers by which the drift of a model is judged, over the days since a person last reinstated it.

    Raises:
        SignalError: If the model read another number of inputs than in training.
        StoreError: If the store cannot be read.
    """
    lifted = last_lifted(store, portfolio, model)
    since = "" if lifted is None else lifted.lifted_day
    rows = [found for found in forecasts(store, portfolio, model) if found.day.isoformat() > since]
    mine = [found for found in rows if found.weights_hash == reference.weights_hash]
    inputs = np.array([found.inputs for found in mine], dtype=np.float64)
    return gauges(
        reference,
        Followed(
            inputs=inputs.reshape(len(mine), -1) if mine else np.empty((0, len(reference.edges))),
            probability=np.array([found.probability for found in mine], dtype=np.float64),
            predicted=np.array([found.predicted for found in mine], dtype=np.bool_),
            outcome=np.array([_outcome(found) for found in mine], dtype=np.float64),
        ),
    )


def _label(found: Forecasted) -> tuple[int, int]:
    return found.horizon_days, found.median_days


def _outcome(found: Forecasted) -> float:
    return np.nan if found.outcome is None else float(found.outcome)
