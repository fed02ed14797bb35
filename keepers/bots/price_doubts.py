"""A bot that doubts a close says so, once for each doubt, and waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepers.errors import Waiting


class PriceDoubts:
    """The doubts that a bot has told already.

    Args:
        log: structlog logger, which tells each doubt; `quantera_events_total` counts them.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._told: dict[str, str] = {}

    def require_none(self, found: Mapping[str, str]) -> None:
        """Passes where there is no doubt.

        Args:
            found: Reasons by symbol.

        Raises:
            Waiting: If there is a doubt, with the first one: no close is used until a person has looked.
        """
        for symbol, reason in found.items():
            if self._told.get(symbol) != reason:
                self._log.warning("doubt", symbol=symbol, reason=reason)
        self._told = dict(found)
        for symbol, reason in found.items():
            raise Waiting(f"closes of {symbol}", reason, "correct the source in prices, or widen prices.guards")
