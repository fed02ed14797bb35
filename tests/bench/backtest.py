"""Time of a backtest of thirty years, beside skfolio's walk-forward on the same closes."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import pandas as pd
from skfolio import RiskMeasure
from skfolio.model_selection import WalkForward, cross_val_predict
from skfolio.moments import LedoitWolf
from skfolio.optimization import MeanRisk, ObjectiveFunction
from skfolio.prior import EmpiricalPrior

from keepers.backtest.replay import Participant, Replay, Span
from keepers.backtest.terms import ProtocolTerms
from keepers.market.packaged import sp500
from keepers.market.prices import Prices
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.model_terms import ModelTerms
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel
from tests.bench.framework import Bench, Row

GROUP = "Backtest"
WINDOW = 1_000
"""Returns that each decision is made from."""
METHOD = (
    f"Minimum variance of the packaged twenty stocks, decided anew at every close from the last {WINDOW:,} returns, "
    "CPU seconds, once each. Ours has a risk model with step bounds and tails, the bot's decision, orders with costs, "
    "and every bound of the protocol; the peer is `cross_val_predict` of `MeanRisk` with a Ledoit-Wolf prior over "
    "`WalkForward(test_size=1)`, weights alone."
)


def rows(_: Bench) -> list[Row]:
    """CPU seconds of all days after the first window."""
    return [compared(sp500())]


def compared(prices: Prices) -> Row:
    """CPU seconds of ours and of the peer's over the same days.

    Args:
        prices: Closes; the first window of them is known from the start.
    """
    return Row(
        GROUP,
        f"Backtest of {len(prices.dates) - WINDOW - 1:,} days, a decision a day",
        "s",
        seconds(lambda: ours(prices)),
        seconds(lambda: peer(prices)),
        "skfolio's WalkForward",
        1.0,
        METHOD,
    )


def ours(prices: Prices) -> None:
    """The whole replay."""

    def none() -> RegimeModel:
        raise SignalError("model", "none", "follow no regime")

    settings = RebalanceSettings.model_validate({"strategy": "minimum-variance"})
    span = Span(prices, WINDOW + 1)
    Replay(span, [Participant("least", settings, none)], ProtocolTerms(), ModelTerms(history_days=WINDOW)).run()


def peer(prices: Prices) -> Any:
    """The walk-forward."""
    returns = pd.DataFrame(prices.returns(), index=pd.DatetimeIndex(prices.dates[1:]), columns=prices.symbols)
    model = MeanRisk(
        objective_function=ObjectiveFunction.MINIMIZE_RISK,
        risk_measure=RiskMeasure.VARIANCE,
        prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()),
    )
    return cross_val_predict(model, returns, cv=WalkForward(train_size=WINDOW, test_size=1))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of some work."""
    began = process_time()
    work()
    return round(process_time() - began, 1)
