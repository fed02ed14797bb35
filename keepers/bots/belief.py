"""A bot that doubts a close says so, once for each doubt, and waits."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.errors import Waiting
from keepers.runtime.services import PortfolioServices


def require_belief(services: PortfolioServices, found: Mapping[str, str]) -> None:
    """Passes where there is no doubt.

    Args:
        services: PortfolioServices of the bot, whose log tells each doubt; `quantera_events_total` counts them.
        found: Reasons by symbol.

    Raises:
        Waiting: If there is a doubt, with the first one: no close is used until a person has looked.
    """
    for symbol, reason in found.items():
        if services.doubted.get(symbol) != reason:
            services.log.warning("doubt", symbol=symbol, reason=reason)
    services.doubted = dict(found)
    for symbol, reason in found.items():
        raise Waiting(f"closes of {symbol}", reason, "correct prices.path, or widen prices.guards")
