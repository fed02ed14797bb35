"""A backtest of value at risk from the keeper's own records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from keepers.bots.names import bot_name
from keepers.config import Config
from keepers.errors import KeeperError
from keepers.risk.backtests.coverage import LikelihoodRatio, christoffersen, exceedances, kupiec
from keepers.store import Store

LEVEL = 0.99
_DAY = 86_400


class TooLittleRecorded(KeeperError):
    """A portfolio that nobody has looked after for long enough."""


@dataclass(frozen=True)
class Exceeded:
    """A day on which more was lost than value at risk said.

    Attributes:
        at: Unix seconds of the observation that showed it.
        loss, var: Fractions of NAV.
    """

    at: int
    loss: float
    var: float


@dataclass(frozen=True)
class ForecastRecord:
    """Forecasts beside the losses that followed.

    Attributes:
        days: Forecasts that a later observation can be compared with.
        exceeded: Those that were exceeded.
        kupiec: Result of the test that there are as many as promised.
        christoffersen: Result of the test that they come alone.
    """

    days: int
    exceeded: tuple[Exceeded, ...]
    kupiec: LikelihoodRatio
    christoffersen: LikelihoodRatio


def record(config: Config, portfolio: str) -> ForecastRecord:
    """Compares the share price, which deposits do not move, with VaR, which the risk bot records once per model.

    Args:
        config: Config of the keeper, whose store is read.
        portfolio: Name in the deployment.

    Raises:
        TooLittleRecorded: If there are fewer than three observations.
        KeeperError: If the store cannot be read.
    """
    store = Store.open(config.store_url)
    try:
        bot = bot_name(config.model_copy(update={"portfolio": portfolio}), "risk")
        shares = {point.at: point.value for point in store.measured(bot, f"shares:{portfolio}")}
        forecasts = {point.at: point.value for point in store.measured(bot, f"var99:{portfolio}")}
    finally:
        store.close()
    times = _daily(sorted(shares.keys() & forecasts.keys()))
    if len(times) < 3:
        reason = f"{len(times)} observations in the store"
        raise TooLittleRecorded(f"portfolio {portfolio}", reason, "let the risk bot run for three days")
    returns = np.array([shares[later] / shares[earlier] - 1 for earlier, later in pairwise(times)])
    var = np.array([forecasts[earlier] for earlier in times[:-1]])
    exceeded = exceedances(returns, var)
    days = tuple(
        Exceeded(times[index + 1], -float(returns[index]), float(var[index])) for index in np.flatnonzero(exceeded)
    )
    return ForecastRecord(exceeded.size, days, kupiec(len(days), exceeded.size, LEVEL), christoffersen(exceeded))


def _daily(times: list[int]) -> list[int]:
    """The first time of each UTC day: value at risk is one of a day, and the bot may look often."""
    firsts: dict[int, int] = {}
    for time in times:
        firsts.setdefault(time // _DAY, time)
    return list(firsts.values())


def lines(found: ForecastRecord) -> list[str]:
    """Renders a record for a terminal."""
    expected = found.days * (1 - LEVEL)
    return [
        f"VaR {LEVEL:.0%}: exceeded on {len(found.exceeded)} of {found.days} days, {expected:.1f} expected",
        f"Kupiec          p = {found.kupiec.p_value:.3f}: {_said(found.kupiec, 'as often as promised')}",
        f"Christoffersen  p = {found.christoffersen.p_value:.3f}: {_said(found.christoffersen, 'independent')}",
        *(
            f"  {datetime.fromtimestamp(day.at, UTC):%Y-%m-%d}  lost {day.loss:.2%}, VaR {day.var:.2%}"
            for day in found.exceeded
        ),
    ]


def _said(test: LikelihoodRatio, hypothesis: str) -> str:
    return hypothesis if test.p_value > 0.05 else f"not {hypothesis}, at 5%"
