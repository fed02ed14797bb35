"""The signal that a config names; where it cannot decide, the fallback advises and an alert says why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.bots.price_doubts import PriceDoubts
from keepers.contracts.price_sources import open_prices
from keepers.contracts.registry import registered_model
from keepers.market import PriceSource
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.market.prices import PriceError, Prices
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.advice import advise
from keepers.runtime.services import PortfolioServices
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.signals.regimes.serving import ServedModel
from keepers.signals.signal import Advice, Observed


class Signals:
    """Advice for a portfolio.

    Args:
        services: Services of the bot.
        price_doubts: What tells doubts about closes.
    """

    def __init__(self, services: PortfolioServices, price_doubts: PriceDoubts) -> None:
        self._services = services
        self._doubts = price_doubts
        self._opened: tuple[bytes, RegimeModel] | None = None
        self._source = open_prices(services.config, services.node, services.deployment, services.log.warning)

    def advice(self, state: PortfolioState, timestamp: int) -> Advice:
        """Advice of the configured signal, or of the fallback where it cannot decide.

        Args:
            state: Portfolio at one block.
            timestamp: Unix seconds of that block.

        Raises:
            Waiting: If a close is in doubt: no signal decides then.
            KeeperError: If a source of closes or the node cannot be read.
        """
        settings = self._services.config.rebalance

        def fell_back(error: SignalError) -> None:
            self._services.log.error("signal fell back", model=settings.model, to=settings.strategy, reason=str(error))

        return advise(settings, self._regime_model, lambda: self._observed(state, timestamp), fell_back)

    def _regime_model(self) -> RegimeModel:
        """The model's file, read anew at each decision: a file that was replaced is refused at once.

        Raises:
            SignalError: If it cannot be read, is not the registered one, or the registered one is not live.
        """
        services = self._services
        name = services.config.rebalance.model
        registered = registered_model(services.deployment, services.node, name)
        if registered.status != "live":
            raise SignalError(f"model {name!r}", registered.status, "promote it, or name another in rebalance.model")
        content = read_model(services.config.at(services.config.rebalance.regime.file))
        if self._opened is None or self._opened[0] != content:
            self._opened = content, open_regime_model(content, registered.weights_hash)
        model = self._opened[1]
        if model.weights_hash != registered.weights_hash:
            raise SignalError(
                f"model file 0x{model.weights_hash.hex()}",
                f"registered is 0x{registered.weights_hash.hex()}",
                "use that file",
            )
        return model

    def _observed(self, state: PortfolioState, timestamp: int) -> Observed:
        services = self._services
        settings = services.config.rebalance
        symbols = [services.deployment.symbol_of(asset) for asset in state.assets[1:]]
        day: date = last_closed_day(timestamp)
        prices = self._source.closes(symbols, day)
        oracle = [price / WAD for price in state.prices[1:]]
        self._doubts.require_none(doubts(prices, day, services.config.prices.guards.as_guards, oracle))
        if not settings.regime.enabled:
            return Observed(prices.dates, prices.closes)
        return Observed(prices.dates, prices.closes, _market(self._source, settings.regime.market, prices))


def _market(source: PriceSource, symbol: str, prices: Prices) -> NDArray[np.float64]:
    """Closes of the market on the days of the assets."""
    try:
        market = source.closes([symbol], prices.dates[-1])
    except PriceError as error:
        raise SignalError(f"closes of the market {symbol}", str(error), "correct rebalance.regime.market") from error
    of_day = dict(zip(market.dates, market.closes[:, 0], strict=True))
    missing = [day for day in prices.dates if day not in of_day]
    if missing:
        raise SignalError(f"{market.symbols[0]} of {missing[0]}", "not among its closes", "add its close")
    return np.array([of_day[day] for day in prices.dates])


def read_model(path: Path) -> bytes:
    """Bytes of a model file.

    Raises:
        SignalError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignalError(path, error.strerror or "unreadable", "name the model's file in rebalance.regime") from error


def open_regime_model(content: bytes, registered: bytes | None) -> RegimeModel:
    """A rule's file, which is JSON, or a network's.

    Raises:
        SignalError: As they do.
    """
    if content.lstrip().startswith(b"{"):
        return EwmaRule.open(content, registered)
    return ServedModel(content, registered)
