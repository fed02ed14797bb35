"""The signal that a config names; where it cannot decide, the fallback advises and an alert says why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.bots.champion import Contender, Demoted, Moment, WatchedModel
from keepers.bots.price_doubts import PriceDoubts
from keepers.contracts.price_sources import open_prices
from keepers.contracts.registry import registered_model
from keepers.market import PriceSource
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.market.prices import PriceError, Prices
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.advice import advise
from keepers.rebalancing.settings import RebalanceSettings
from keepers.runtime.services import PortfolioServices
from keepers.signals.drift import Reference, reference_path
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
        self._opened: dict[str, tuple[bytes, RegimeModel]] = {}
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
        settings, log = self._services.config.rebalance, self._services.log
        moment = Moment(state.block, timestamp)

        def fell_back(error: SignalError) -> None:
            if isinstance(error, Demoted):
                log.info("signal stays demoted", model=settings.model, to=settings.strategy, reason=str(error))
            else:
                log.error("signal fell back", model=settings.model, to=settings.strategy, reason=str(error))

        return advise(settings, lambda: self._watched(moment), lambda: self._observed(state, timestamp), fell_back)

    def _watched(self, moment: Moment) -> RegimeModel:
        """The model that is followed, with its challenger beside it.

        Raises:
            SignalError: If the followed model cannot be opened, or its reference is broken or another model's.
        """
        settings = self._services.config.rebalance
        champion = Contender(settings.model, self._open(settings.model, settings.regime.file, "live"))
        path = reference_path(self._services.config.at(settings.regime.file))
        reference = read_reference(path, champion.model)
        if reference is None:
            self._services.log.warning("drift unwatched", model=champion.name, reason=f"{path} is missing")
        return WatchedModel(self._services, champion, self._challenger(), reference, moment)

    def _challenger(self) -> Contender | None:
        wanted = self._services.config.rebalance.regime.challenger
        if wanted is None:
            return None
        try:
            return Contender(wanted.model, self._open(wanted.model, wanted.file, "in the shadow"))
        except SignalError as error:
            self._services.log.warning("challenger failed", model=wanted.model, reason=str(error))
            return None

    def _open(self, name: str, file: Path, status: str) -> RegimeModel:
        """A model's file, read anew at each decision: a file that was replaced is refused at once.

        Args:
            name: Name under which it is registered.
            file: Path, relative to the config.
            status: Status that the registry has to give it.

        Raises:
            SignalError: If it cannot be read, is not the registered one, or has another status.
        """
        services = self._services
        registered = registered_model(services.deployment, services.node, name)
        if registered.status != status:
            remedy = "promote it, or name another in rebalance.model" if status == "live" else "name one in the shadow"
            raise SignalError(f"model {name!r}", registered.status, remedy)
        content = read_model(services.config.at(file))
        opened = self._opened.get(name)
        if opened is None or opened[0] != content:
            opened = self._opened[name] = content, open_regime_model(content, registered.weights_hash)
        model = opened[1]
        if model.weights_hash != registered.weights_hash:
            raise SignalError(
                f"model file 0x{model.weights_hash.hex()}",
                f"registered is 0x{registered.weights_hash.hex()}",
                "use that file",
            )
        return model

    def _observed(self, state: PortfolioState, timestamp: int) -> Observed:
        services = self._services
        symbols = [services.deployment.symbol_of(asset) for asset in state.assets[1:]]
        day: date = last_closed_day(timestamp)
        prices = self._source.closes(symbols, day)
        oracle = [price / WAD for price in state.prices[1:]]
        self._doubts.require_none(doubts(prices, day, services.config.prices.guards.as_guards, oracle))
        return observed(self._source, services.config.rebalance, prices)


def observed(source: PriceSource, settings: RebalanceSettings, prices: Prices) -> Observed:
    """Inputs of the signal that settings enable.

    Args:
        source: Source of the market's closes, where the signal reads them.
        settings: Settings of the bot.
        prices: Closes of the portfolio's risky assets.

    Raises:
        SignalError: If the market has no close of one of the days.
    """
    if not settings.regime.enabled:
        return Observed(prices.dates, prices.closes)
    return Observed(prices.dates, prices.closes, _market(source, settings.regime.market, prices))


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


def read_reference(path: Path, model: RegimeModel) -> Reference | None:
    """The reference of a model; None where there is no file.

    Raises:
        SignalError: If it cannot be read, is broken, or is another model's.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SignalError(path, error.strerror or "unreadable", "make it readable to the keeper") from error
    return Reference.open(content, "0x" + model.weights_hash.hex())
