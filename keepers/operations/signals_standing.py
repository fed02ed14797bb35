"""The model that a portfolio follows: its challenger, the evidence of the trial, its drift, and a demotion lifted."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from keepers.config import Config
from keepers.signals.errors import SignalError
from keepers.store import Store, forecasts


def reinstate(config: Config, why: str, now: datetime) -> str:
    """Lifts the demotion of the model that a portfolio follows.

    Args:
        config: Config of the keeper.
        why: Reason in the words of the person who does it.
        now: Time of the act.

    Returns:
        A line that says what was done.

    Raises:
        SignalError: If no reason is given, the portfolio follows no model, or the model is not demoted.
        StoreError: If the store cannot be read or written.
    """
    name = followed(config)
    if not why.strip():
        raise SignalError("--reason", "is empty", "say why the model is sound")
    with closing(Store.open(config.store_url)) as store:
        standing = forecasts.demotion(store, config.portfolio, name)
        at = int(now.astimezone(UTC).timestamp())
        if standing is None or not forecasts.reinstate(store, config.portfolio, name, why.strip(), at):
            raise SignalError(f"model '{name}'", "is not demoted", "nothing has to be lifted")
    return f"{name} is followed again; it was demoted on {standing.day}: {standing.reason}"


def followed(config: Config) -> str:
    """Name of the model of the regime that a portfolio follows.

    Raises:
        SignalError: If it follows none.
    """
    if not config.portfolio or not config.rebalance.regime.enabled:
        raise SignalError("rebalance.regime", "is not enabled", "enable it, or name another config")
    return config.rebalance.model
